"""Feature maps of a backbone's frozen stages: computed once per image, then cached in memory (LRU) and on disk."""

from __future__ import annotations

import hashlib
import logging
import zlib
from contextlib import suppress
from pathlib import Path

import safetensors.torch
import torch
from cachetools import LRUCache
from safetensors import SafetensorError
from torch import Tensor

from fastrcnn_core.backbones import Backbone
from fastrcnn_core.devices import autocast, autocast_type
from fastrcnn_core.files import cache_folder, remove_partial_files, write_tensors
from fastrcnn_core.model import FastRCNN, Features, image_tensor
from fastrcnn_core.structures import Image

logger = logging.getLogger(__name__)

MEMORY_BYTES = 2**30
DISK_BYTES = 8 * 2**30
_SECONDS_OF_A_WRITER = 600.0  # a half-written file that is older was left by a killed process
_EVICTIONS = 16  # while a store writes `disk_bytes` once


class FeatureStore:
    """Cache of the feature maps of a model's frozen stages; of the whole backbone's if every stage is frozen.

    A map's key is computed here, from the frozen stages' weights, their precision, the image's size for the network,
    its content, and whether it is flipped; no caller can pass a wrong one. Maps are stored as float16. The least
    recently used are evicted from memory first and read back from disk; a map that finds no room there is recomputed.

    Args:
        model: its backbone's frozen stages must not change while the store lives.
        folder: where maps are stored on disk; the user's cache if None.
        memory_bytes: size limit of the cache in memory.
        disk_bytes: size limit of the folder, exceeded by at most a sixteenth.
        mixed: compute in mixed precision where the device gains by it; False computes in float32.
    """

    def __init__(
        self,
        model: FastRCNN,
        *,
        folder: Path | None = None,
        memory_bytes: int = MEMORY_BYTES,
        disk_bytes: int = DISK_BYTES,
        mixed: bool = True,
    ) -> None:
        self.model = model
        self.folder = folder or cache_folder() / "features"
        self.mixed = mixed
        narrow = autocast_type(model.device, training=False) if mixed else None
        precision = "" if narrow is None else f" {narrow}"
        self._identity = f"{_weights_hash(model.backbone)} {model.image_config}{precision}"
        self._memory: LRUCache[Path, dict[str, Tensor]] = LRUCache(memory_bytes, getsizeof=_bytes)
        self.disk_bytes = disk_bytes
        remove_partial_files(self.folder, older_than=_SECONDS_OF_A_WRITER)
        self._own: set[Path] = set()  # on disk, read or written by this store
        self._own_bytes = self._bytes_since_eviction = 0

    def get(self, image: Image, *, flipped: bool = False) -> Features:
        """Get the frozen stages' feature map of the image, or of its flipped copy: on the model's device, no gradient.

        It is read from memory or disk, or else computed and stored.
        """
        path = self._path(image, flipped)
        packed = self._memory.get(path)
        if packed is None:
            packed = self._read(path) or self._compute(image, flipped, path)
            with suppress(ValueError):  # larger than the whole cache
                self._memory[path] = packed
        return _unpack(packed, self.model.device)

    def contains(self, image: Image, *, flipped: bool = False) -> bool:
        """Look up whether the cache has the feature map of the image, or of its flipped copy."""
        path = self._path(image, flipped)
        return path in self._memory or path.exists()

    def bytes_in_memory(self) -> int:
        """Measure the size of the maps cached in memory."""
        return int(self._memory.currsize)

    def _compute(self, image: Image, flipped: bool, path: Path) -> dict[str, Tensor]:
        device = self.model.device
        with torch.no_grad(), autocast(device, mixed=self.mixed):
            features = self.model.frozen_features(image_tensor(image, flipped=flipped).to(device))
        packed = _pack(features)
        self._write(path, packed)
        return packed

    def _write(self, path: Path, packed: dict[str, Tensor]) -> None:
        """Write a feature map to disk, evicting the least recently used of other stores, never one of this store."""
        size = _bytes(packed)
        if self._own_bytes + size > self.disk_bytes:
            return
        write_tensors(path, packed | {"checksum": torch.tensor(_checksum(packed))})
        self._mark_own(path, size)
        self._bytes_since_eviction += size
        if self._bytes_since_eviction > self.disk_bytes / _EVICTIONS:
            prune(self.folder, max_bytes=self.disk_bytes)
            self._bytes_since_eviction = 0

    def _read(self, path: Path) -> dict[str, Tensor] | None:
        packed = _read(path)
        if packed is not None:
            self._mark_own(path, _bytes(packed))
        return packed

    def _mark_own(self, path: Path, size: int) -> None:
        if path not in self._own:
            self._own.add(path)
            self._own_bytes += size

    def _path(self, image: Image, flipped: bool) -> Path:
        key = f"{self._identity} {image.key} {flipped}"
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()}.safetensors"


def _pack(features: Features) -> dict[str, Tensor]:
    """Pack the feature map as float16 on the CPU, and its scales."""
    scale = torch.tensor([features.scale_x, features.scale_y], dtype=torch.float64)
    return {"map": features.map.to("cpu", torch.float16).contiguous(), "scale": scale}


def _bytes(packed: dict[str, Tensor]) -> int:
    return sum(value.nbytes for value in packed.values())


def _checksum(packed: dict[str, Tensor]) -> int:
    return zlib.crc32(packed["scale"].numpy().tobytes(), zlib.crc32(packed["map"].numpy().data))


def _unpack(packed: dict[str, Tensor], device: torch.device) -> Features:
    scale_x, scale_y = packed["scale"].tolist()
    return Features(packed["map"].to(device).float(), scale_x, scale_y)


def _read(path: Path) -> dict[str, Tensor] | None:
    """Read a feature map from disk; None if it is missing or damaged, to be recomputed."""
    try:
        packed = safetensors.torch.load_file(path)
        checksum = packed.pop("checksum", None)  # files of former versions have none
        if packed.keys() != {"map", "scale"} or checksum not in (None, _checksum(packed)):
            raise SafetensorError("the checksum differs")
    except FileNotFoundError:
        return None
    except SafetensorError as error:
        logger.warning("%s is damaged and is computed again: %s", path, error)
        return None
    # It may have been evicted by now, or belong to another user.
    with suppress(FileNotFoundError, PermissionError):
        path.touch()  # the time of its last use, for `prune`
    return packed


def prune(folder: Path, *, max_bytes: int = DISK_BYTES) -> None:
    """Evict the least recently used feature maps from disk until the folder is within its size limit."""
    remove_partial_files(folder, older_than=_SECONDS_OF_A_WRITER)
    files = _files(folder)
    excess = sum(size for _, size, _ in files) - max_bytes
    for path, size, _ in sorted(files, key=lambda file: file[2]):
        if excess <= 0:
            return
        with suppress(PermissionError):  # another user's
            path.unlink(missing_ok=True)
            excess -= size


def _files(folder: Path) -> list[tuple[Path, int, float]]:
    """List the folder's maps with size and time of last use; other processes may write and delete meanwhile."""
    found = []
    for path in folder.glob("[!.]*.safetensors"):
        with suppress(FileNotFoundError):
            stat = path.stat()
            found.append((path, stat.st_size, stat.st_mtime))
    return found


def _weights_hash(backbone: Backbone) -> str:
    """Hash the frozen stages, their number, names and weights: 32 hexadecimal digits."""
    digest = hashlib.blake2b(str(backbone.frozen_stages).encode(), digest_size=16)
    for name, value in sorted(backbone.stages[: backbone.frozen_stages].state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
