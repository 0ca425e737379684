"""Data sets: annotated images from Penn-Fudan, from made-up street scenes, or from any COCO-format folder."""

from __future__ import annotations

import re
from pathlib import Path

from fastrcnn_core.datasets.coco import find_coco, open_coco
from fastrcnn_core.datasets.dataset import Annotation, Dataset, Split, split_by_name
from fastrcnn_core.datasets.pennfudan import (
    downloaded_folder,
    find_pennfudan,
    is_downloaded,
    open_pennfudan,
)
from fastrcnn_core.datasets.union import SEPARATOR, together
from fastrcnn_core.errors import DataError
from fastrcnn_core.files import data_setting

__all__ = [
    "Annotation",
    "Dataset",
    "Split",
    "default_dataset_setting",
    "downloaded_folder",
    "is_downloaded",
    "is_synthetic",
    "open_dataset",
    "split_by_name",
]

SYNTHETIC = "synthetic"
_SYNTHETIC_SETTING = re.compile(r"synthetic(?::(\d{1,9}))?(?::(\d{1,9}))?", re.ASCII)
DEFAULT_COUNT, DEFAULT_SEED = 60, 0  # chosen here: made in a few seconds, and enough to train on
MAX_COUNT = 100_000  # chosen here: scenes are made when asked for, but their names are all kept


def default_dataset_setting() -> str:
    """What to open when nobody chose: `FASTRCNN_DATA`, else the downloaded Penn-Fudan, else synthetic scenes.

    What `FASTRCNN_DATA` names need not exist: then `open_dataset` says so, rather than another data set being shown.
    """
    return data_setting() or (str(downloaded_folder()) if is_downloaded() else SYNTHETIC)


def is_synthetic(setting: str) -> bool:
    """Whether a setting names scenes that are drawn, and so no path."""
    return _SYNTHETIC_SETTING.fullmatch(setting) is not None


def open_dataset(setting: str | Path) -> Dataset:
    """The data set that a setting names.

    Args:
        setting: "synthetic", "synthetic:COUNT" or "synthetic:COUNT:SEED"; a folder in Penn-Fudan's layout, or one
            that contains it; a folder in COCO's format; or a COCO annotation file. Several of these with " + "
            between them are one data set.

    Raises:
        DataError: nothing there, nothing that is known here, or something that contradicts itself.
    """
    try:
        return _open(str(setting))
    except (OSError, RuntimeError, ValueError) as error:  # no permission; ~nobody; no path at all
        raise DataError(
            f"{setting} cannot be read ({error}).",
            hint="Check the path and who may read it, or choose another data set.",
        ) from error


def _open(setting: str) -> Dataset:
    parts = setting.split(SEPARATOR)
    if len(parts) > 1 and not Path(setting).exists():
        return together([open_dataset(part) for part in parts])
    if setting.split(":")[0] == SYNTHETIC:
        return _open_synthetic(setting)
    return _open_path(Path(setting).expanduser().absolute())


def _open_path(path: Path) -> Dataset:
    if not path.exists():
        raise _absent(path)
    if find_pennfudan(path) is not None:
        return open_pennfudan(path)
    if path.suffix == ".json" or find_coco(path):
        return open_coco(path)
    raise _unknown_layout(path)


def _open_synthetic(setting: str) -> Dataset:
    from fastrcnn_core.datasets.synthetic import synthetic_dataset

    fits = _SYNTHETIC_SETTING.fullmatch(setting)
    count = int((fits and fits[1]) or DEFAULT_COUNT)
    if not fits or not 1 <= count <= MAX_COUNT:
        raise DataError(
            f"{setting!r} does not say how many scenes to make.",
            hint=f"Write synthetic:COUNT:SEED, for example synthetic:60:0; COUNT is 1 to {MAX_COUNT}.",
        )
    return synthetic_dataset(count=count, seed=int(fits[2] or DEFAULT_SEED))


def _absent(path: Path) -> DataError:
    return DataError(
        f"There is no data set at {path}: nothing is there.",
        hint="Check the path (and FASTRCNN_DATA, if it names it), or choose another data set.",
    )


def _unknown_layout(path: Path) -> DataError:
    return DataError(
        f"{path} is in no layout that is known here. Looked for Penn-Fudan's (a folder PNGImages with a folder "
        "PedMasks beside it, here or in PennFudanPed) and COCO's (one JSON file, here or in a folder annotations).",
        hint="Name the folder that contains one of these, or the COCO file itself.",
    )
