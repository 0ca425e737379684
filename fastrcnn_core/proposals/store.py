"""Proposals are computed once: a folder of files, each named by everything that its proposals depend on."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.errors import StorageError
from fastrcnn_core.files import atomic_write, cache_folder
from fastrcnn_core.knobs import to_dict
from fastrcnn_core.proposals.funnel import propose
from fastrcnn_core.structures import FloatArray, Image

logger = logging.getLogger(__name__)

# Changes whenever the same picture and config give other boxes: in the search, or in the funnel. Part of every file's
# name, and written here because a reader of kept proposals does not wait for the search to be imported.
METHOD_VERSION = "4"

_ONLY_FOR_PACKAGE = ("scale", "min_size")
_NOT_FOR_PACKAGE = ("search_side",)

# NumPy notices itself when only a part of an array was written; its error has no number and no words for people.
_WRITTEN_IN_PART = "only a part was written: the disk is full"


def default_folder() -> Path:
    """Where proposals are kept unless somebody names another place."""
    return cache_folder() / "proposals"


@dataclass(frozen=True)
class ProposalStore:
    """Proposals by what they are made of: the picture's content and the config. No caller can give a wrong key."""

    folder: Path = field(default_factory=default_folder)

    def get(self, image: Image, config: ProposalConfig) -> FloatArray:
        """The picture's proposals, (P, 4) float32, best first: computed at the first call, then read.

        Raises:
            StorageError: they were computed and cannot be kept.
        """
        kept = self.look_up(image, config)
        return self._compute(image, config) if kept is None else kept

    def look_up(self, image: Image, config: ProposalConfig) -> FloatArray | None:
        """The picture's proposals if they are there and whole."""
        path = self._path(image, config)
        if not path.exists():
            return None
        try:
            with path.open("rb") as file:
                boxes = np.lib.format.read_array(file, allow_pickle=False)
            if boxes.dtype != np.float32 or boxes.ndim != 2 or boxes.shape[1] != 4:
                raise ValueError(f"{boxes.dtype} {boxes.shape} are no boxes")
        except Exception as error:  # NumPy raises half a dozen types, depending on the damage
            logger.warning("%s is damaged and is computed again: %s", path, error)
            return None
        return boxes

    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self.folder.glob("[!.]*.npy"))

    def clear(self) -> None:
        """Forget everything."""
        for path in self.folder.glob("[!.]*.npy"):
            path.unlink(missing_ok=True)

    def _compute(self, image: Image, config: ProposalConfig) -> FloatArray:
        boxes = propose(image, config)
        try:
            with atomic_write(self._path(image, config)) as partial:
                np.save(partial, boxes)
        except OSError as error:
            raise StorageError(
                f"Proposals cannot be kept in {self.folder} ({error.strerror or _WRITTEN_IN_PART}).",
                hint="Free some space there, or name another folder with FASTRCNN_CACHE; what is kept stays.",
            ) from error
        return boxes

    def _path(self, image: Image, config: ProposalConfig) -> Path:
        identity = json.dumps([METHOD_VERSION, _what_matters(config), image.key], sort_keys=True)
        digest = hashlib.blake2b(identity.encode(), digest_size=20).hexdigest()
        return self.folder / f"{digest}.npy"


def _what_matters(config: ProposalConfig) -> dict[str, object]:
    """The knobs on which this method's proposals depend."""
    idle = _NOT_FOR_PACKAGE if config.method == "package" else _ONLY_FOR_PACKAGE
    return {name: value for name, value in to_dict(config).items() if name not in idle}
