"""The synthetic street scenes that are shipped with the program, in Penn-Fudan's layout.

`assets/street_scenes/render.py` rendered them; nothing is rendered here.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import shutil
from pathlib import Path

from fastrcnn_core.datasets.pennfudan import IMAGES, MASKS, PennFudanDataset
from fastrcnn_core.errors import DataError
from fastrcnn_core.files import asset_folder

SYNTHETIC = "synthetic"
COUNT = 60  # shipped scenes
_SETTING = re.compile(r"synthetic(?::(\d{1,9}))?(?::(\d{1,9}))?", re.ASCII)
_ANNOTATIONS = "Annotation"


class StreetScenes(PennFudanDataset):
    """The first `count` of the shipped scenes: scene-0001, scene-0002, …"""

    def __init__(self, count: int = COUNT) -> None:
        folder = asset_folder() / "street_scenes"
        setting = f"{SYNTHETIC}:{count}"
        super().__init__(folder, title="Synthetic street scenes", setting=setting, count=count)

    @property
    def former_hashes(self) -> tuple[str, ...]:
        """The hash of version 0.1, which rendered the same pixels with the libraries named in it."""
        makers = [f"{name} {_version(name)}" for name in ("numpy", "scipy", "pillow")]
        identity = f"scenes 3 {len(self)} 0 {makers}"
        return (hashlib.blake2b(identity.encode(), digest_size=16).hexdigest(),)


def is_synthetic(setting: str) -> bool:
    """Tell whether a setting names the shipped scenes rather than a path."""
    return _SETTING.fullmatch(setting) is not None


def open_street_scenes(setting: str) -> StreetScenes:
    """Open "synthetic" (all), "synthetic:COUNT", or "synthetic:COUNT:0" as version 0.1 wrote it.

    Raises:
        DataError: not in this form, more scenes than are shipped, or a seed other than 0.
    """
    parts = _SETTING.fullmatch(setting)
    count, seed = int((parts and parts[1]) or COUNT), int((parts and parts[2]) or 0)
    if not parts or count < 1:
        raise DataError(
            f"{setting!r} does not say how many scenes to open.",
            hint=f"Write synthetic:COUNT, for example synthetic:20; COUNT is 1 to {COUNT}.",
        )
    if count > COUNT or seed:
        raise DataError(
            f"{setting!r} is not shipped: there are {COUNT} synthetic scenes, all of seed 0.",
            hint=f"Render others with `python assets/street_scenes/render.py --count {count} --seed {seed} "
            "--out FOLDER`, then open FOLDER.",
        )
    return StreetScenes(count)


def copy_street_scenes(folder: Path, *, count: int, seed: int = 0) -> Path:
    """Copy the first `count` scenes, with their masks and annotation files, to a new folder; return it.

    Raises:
        DataError: the folder is not empty or cannot be written to, or these scenes are not shipped.
    """
    scenes = open_street_scenes(f"{SYNTHETIC}:{count}:{seed}")
    try:
        if folder.exists() and any(folder.iterdir()):
            raise DataError(
                f"The folder {folder} is not empty.", hint="Name a new folder, or empty this one."
            )
        for kind in (IMAGES, MASKS, _ANNOTATIONS):
            (folder / kind).mkdir(parents=True)
        for name in scenes.names:
            text = scenes.folder / _ANNOTATIONS / f"{name}.txt"
            for path in (scenes.image_path(name), scenes.mask_path(name), text):
                shutil.copyfile(path, folder / path.relative_to(scenes.folder))
    except OSError as error:
        raise DataError(
            f"{folder} cannot be written to ({error.strerror or error}).",
            hint="Free some space, or choose another folder.",
        ) from error
    return folder


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "absent"
