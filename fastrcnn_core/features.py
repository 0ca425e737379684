"""What a backbone's frozen stages make of each picture: computed once, then remembered in memory and on disk."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from fastrcnn_core.backbones import Backbone
from fastrcnn_core.devices import autocast, autocast_type
from fastrcnn_core.files import cache_folder, write_tensors
from fastrcnn_core.model import FastRCNN, Features, image_tensor
from fastrcnn_core.structures import Image

MEMORY_BYTES = 2**30
DISK_BYTES = 8 * 2**30
_PRUNINGS = 16  # while a store fills the disk's share once


class FeatureStore:
    """What the frozen stages of a model's backbone make of pictures; all of its features if every stage is frozen.

    A map's identity is the frozen stages' weights, the precision that they compute in, how large they see the picture,
    the picture's content, and whether it is mirrored; no caller can pass a wrong one. Maps are kept as float16, the
    least recently used leave memory first and are read back from disk; what finds no room there is computed again.

    Args:
        model: its backbone's frozen stages must not change while the store lives.
        folder: where maps are kept on disk; the user's cache if None.
        memory_bytes: as much is kept in memory at most.
        disk_bytes: as much, or a sixteenth more, is kept in the folder at most.
        mixed: computed in mixed precision where the device gains by it; False computes in float32.
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
        self.memory_bytes = memory_bytes
        self.mixed = mixed
        narrow = autocast_type(model.device, training=False) if mixed else None
        precision = "" if narrow is None else f" {narrow}"  # float32 needs no word
        self._identity = f"{_weights_hash(model.backbone)} {model.image_config}{precision}"
        self._kept: OrderedDict[Path, dict[str, Tensor]] = OrderedDict()
        self.disk_bytes = disk_bytes
        self._own: set[Path] = set()  # on disk, read or written by this store
        self._own_bytes = self._unpruned = 0

    def of(self, image: Image, *, flipped: bool = False) -> Features:
        """The frozen part of the picture's features, or its mirror image's, on the model's device, without gradient.

        A picture that was met before is not looked at again.
        """
        path = self._path(image, flipped)
        kept = self._kept.get(path)
        if kept is None:
            kept = self._read(path) or self._compute(image, flipped, path)
            self._keep(path, kept)
        self._kept.move_to_end(path)
        return _unpack(kept, self.model.device)

    def knows(self, image: Image, *, flipped: bool = False) -> bool:
        """Whether the picture, or its mirror image, was met before and is still remembered."""
        path = self._path(image, flipped)
        return path in self._kept or path.exists()

    def bytes_in_memory(self) -> int:
        """How much the maps take that are kept in memory now."""
        return sum(map(_bytes, self._kept.values()))

    def _compute(self, image: Image, flipped: bool, path: Path) -> dict[str, Tensor]:
        device = self.model.device
        with torch.no_grad(), autocast(device, mixed=self.mixed):
            features = self.model.frozen_features(image_tensor(image, flipped=flipped).to(device))
        packed = _pack(features)
        self._write(path, packed)
        return packed

    def _write(self, path: Path, packed: dict[str, Tensor]) -> None:
        """To disk, in the place of what nobody uses any more; but no map takes the place of another of this store."""
        size = _bytes(packed)
        if self._own_bytes + size > self.disk_bytes:
            return
        write_tensors(path, packed)
        self._call_own(path, size)
        self._unpruned += size
        if self._unpruned > self.disk_bytes / _PRUNINGS:
            prune(self.folder, most_bytes=self.disk_bytes)
            self._unpruned = 0

    def _read(self, path: Path) -> dict[str, Tensor] | None:
        packed = _read(path)
        if packed is not None:
            self._call_own(path, _bytes(packed))
        return packed

    def _call_own(self, path: Path, size: int) -> None:
        if path not in self._own:
            self._own.add(path)
            self._own_bytes += size

    def _keep(self, path: Path, packed: dict[str, Tensor]) -> None:
        self._kept[path] = packed
        while len(self._kept) > 1 and self.bytes_in_memory() > self.memory_bytes:
            self._kept.popitem(last=False)

    def _path(self, image: Image, flipped: bool) -> Path:
        identity = f"{self._identity} {image.key} {flipped}"
        return self.folder / f"{hashlib.sha256(identity.encode()).hexdigest()}.safetensors"


def _pack(features: Features) -> dict[str, Tensor]:
    """The map as float16 on the CPU, and the scales."""
    scale = torch.tensor([features.scale_x, features.scale_y], dtype=torch.float64)
    return {"map": features.map.to("cpu", torch.float16).contiguous(), "scale": scale}


def _bytes(packed: dict[str, Tensor]) -> int:
    return sum(value.nbytes for value in packed.values())


def _unpack(packed: dict[str, Tensor], device: torch.device) -> Features:
    scale_x, scale_y = packed["scale"].tolist()
    return Features(packed["map"].to(device).float(), scale_x, scale_y)


def _read(path: Path) -> dict[str, Tensor] | None:
    """What is on disk; None if it is not there, or damaged: then it is computed again."""
    try:
        packed = safetensors.torch.load_file(path)
    except (FileNotFoundError, SafetensorError):
        return None
    # It may be gone by now, or somebody else's, and theirs to keep.
    with suppress(FileNotFoundError, PermissionError):
        path.touch()  # `prune` sees that it is used
    return packed


def prune(folder: Path, *, most_bytes: int = DISK_BYTES) -> None:
    """Delete the maps that were not used for the longest time until the folder is small enough."""
    files = _files(folder)
    excess = sum(size for _, size, _ in files) - most_bytes
    for path, size, _ in sorted(files, key=lambda file: file[2]):
        if excess <= 0:
            return
        with suppress(PermissionError):  # somebody else's
            path.unlink(missing_ok=True)
            excess -= size


def _files(folder: Path) -> list[tuple[Path, int, float]]:
    """Each map in the folder, its bytes, and when it was used last; another process may write and delete meanwhile."""
    found = []
    for path in folder.glob("[!.]*.safetensors"):
        with suppress(FileNotFoundError):
            stat = path.stat()
            found.append((path, stat.st_size, stat.st_mtime))
    return found


def _weights_hash(backbone: Backbone) -> str:
    """32 hexadecimal digits of how many stages are frozen, and of their weights and names."""
    digest = hashlib.blake2b(str(backbone.frozen_stages).encode(), digest_size=16)
    for name, value in sorted(backbone.stages[: backbone.frozen_stages].state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
