"""Proposal store: a folder of files, each named by a hash of everything that its proposals depend on."""

from __future__ import annotations

import hashlib
import json
import logging
import zlib
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

# Raise it whenever the search or the funnel gives other boxes for the same picture and config. Part of every file's
# name, and kept here because a reader of stored proposals does not wait for the search to be imported.
METHOD_VERSION = "4"

_ONLY_FOR_PACKAGE = ("scale", "min_size")
_NOT_FOR_PACKAGE = ("search_side",)

# NumPy's error for an array that was written in part has neither an error number nor a plain message.
_WRITTEN_IN_PART = "only a part was written: the disk is full"


def default_folder() -> Path:
    """Return the folder of stored proposals in the cache."""
    return cache_folder() / "proposals"


@dataclass(frozen=True)
class ProposalStore:
    """Proposals on disk, keyed by the picture's content and the config: no caller can give a wrong key."""

    folder: Path = field(default_factory=default_folder)

    def get(self, image: Image, config: ProposalConfig) -> FloatArray:
        """Return the picture's proposals, (P, 4) float32, best first: computed once, then read.

        Raises:
            StorageError: they were computed and cannot be written.
        """
        stored = self.look_up(image, config)
        if stored is not None:
            return stored
        boxes = propose(image, config)
        self.put(image, config, boxes)
        return boxes

    def look_up(self, image: Image, config: ProposalConfig) -> FloatArray | None:
        """Read the picture's proposals; None if they are missing or damaged."""
        path = self._path(image, config)
        if not path.exists():
            return None
        try:
            with path.open("rb") as file:
                boxes = np.lib.format.read_array(file, allow_pickle=False)
                checksum = file.read()
            if checksum not in (b"", _checksum(boxes)):  # files of former versions have none
                raise ValueError("the checksum differs")
            if not np.isfinite(boxes).all():
                raise ValueError("NaN or infinite coordinates")
            if boxes.dtype != np.float32 or boxes.ndim != 2 or boxes.shape[1] != 4:
                raise ValueError(f"{boxes.dtype} {boxes.shape} are no boxes")
        except Exception as error:  # NumPy raises half a dozen types, depending on the damage
            logger.warning("%s is damaged and is computed again: %s", path, error)
            return None
        return boxes

    def put(self, image: Image, config: ProposalConfig, boxes: FloatArray) -> None:
        """Write proposals that `propose` or a funnel computed for this picture and config.

        Raises:
            StorageError: they cannot be written.
        """
        try:
            with atomic_write(self._path(image, config)) as partial:
                np.save(partial, boxes)
                with partial.open("ab") as file:
                    file.write(_checksum(boxes))
        except OSError as error:
            raise StorageError(
                f"Proposals cannot be kept in {self.folder} ({error.strerror or _WRITTEN_IN_PART}).",
                hint="Free some space there, or name another folder with FASTRCNN_CACHE; what is kept stays.",
            ) from error

    def size(self) -> int:
        """Add up the bytes on disk."""
        return sum(path.stat().st_size for path in self.folder.glob("[!.]*.npy"))

    def clear(self) -> None:
        """Delete all stored proposals."""
        for path in self.folder.glob("[!.]*.npy"):
            path.unlink(missing_ok=True)

    def _path(self, image: Image, config: ProposalConfig) -> Path:
        identity = json.dumps([METHOD_VERSION, _effective(config), image.key], sort_keys=True)
        digest = hashlib.blake2b(identity.encode(), digest_size=20).hexdigest()
        return self.folder / f"{digest}.npy"


def _checksum(boxes: FloatArray) -> bytes:
    return zlib.crc32(np.ascontiguousarray(boxes).tobytes()).to_bytes(4, "big")


def _effective(config: ProposalConfig) -> dict[str, object]:
    """Select the knobs that this method's proposals depend on."""
    idle = _NOT_FOR_PACKAGE if config.method == "package" else _ONLY_FOR_PACKAGE
    return {name: value for name, value in to_dict(config).items() if name not in idle}
