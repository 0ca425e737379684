"""What a backbone's frozen stages make of each picture: computed once, then remembered in memory and on disk."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from fastrcnn_core.backbones import Backbone
from fastrcnn_core.devices import autocast
from fastrcnn_core.files import appearing_whole, cache_folder
from fastrcnn_core.model import FastRCNN, Features
from fastrcnn_core.structures import Image

MEMORY_BYTES = 2**30
DISK_BYTES = 8 * 2**30


class FeatureStore:
    """What the frozen stages of a model's backbone make of pictures; all of its features if every stage is frozen.

    A map's identity is the frozen stages' weights, how large they see the picture, the picture's content, and whether
    it is mirrored; no caller can pass a wrong one. Maps are kept as float16, the least recently used leave memory first
    and are read back from disk.

    Args:
        model: its backbone's frozen stages must not change while the store lives.
        folder: where maps are kept on disk; the user's cache if None.
        memory_bytes: as much is kept in memory at most.
        mixed: computed in mixed precision where the device gains by it; False computes in float32.
    """

    def __init__(
        self,
        model: FastRCNN,
        *,
        folder: Path | None = None,
        memory_bytes: int = MEMORY_BYTES,
        mixed: bool = True,
    ) -> None:
        self.model = model
        self.folder = folder or cache_folder() / "features"
        self.memory_bytes = memory_bytes
        self.mixed = mixed
        self._identity = f"{_weights_hash(model.backbone)} {model.image_config}" + (
            "" if mixed or model.device.type == "cpu" else " float32"  # as it always is on a CPU
        )
        self._kept: OrderedDict[Path, dict[str, Tensor]] = OrderedDict()

    def of(self, image: Image, *, flipped: bool = False) -> Features:
        """The frozen part of the picture's features, or its mirror image's, on the model's device, without gradient.

        A picture that was met before is not looked at again.
        """
        path = self._path(image, flipped)
        kept = self._kept.get(path)
        if kept is None:
            kept = _read(path) or self._compute(image, flipped, path)
            self._keep(path, kept)
        self._kept.move_to_end(path)
        return _unpack(kept, self.model.device)

    def knows(self, image: Image, *, flipped: bool = False) -> bool:
        """Whether the picture, or its mirror image, was met before and is still remembered."""
        path = self._path(image, flipped)
        return path in self._kept or path.exists()

    def bytes_in_memory(self) -> int:
        """How much the maps take that are kept in memory now."""
        return sum(value.nbytes for packed in self._kept.values() for value in packed.values())

    def _compute(self, image: Image, flipped: bool, path: Path) -> dict[str, Tensor]:
        device = self.model.device
        with torch.no_grad(), autocast(device, mixed=self.mixed):
            features = self.model.frozen_features(pixels_of(image, flipped=flipped).to(device))
        packed = _pack(features)
        with appearing_whole(path) as partial:
            safetensors.torch.save_file(packed, partial)
        return packed

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


def _unpack(packed: dict[str, Tensor], device: torch.device) -> Features:
    scale_x, scale_y = packed["scale"].tolist()
    return Features(packed["map"].to(device).float(), scale_x, scale_y)


def _read(path: Path) -> dict[str, Tensor] | None:
    """What is on disk; None if it is not there, or damaged: then it is computed again."""
    try:
        packed = safetensors.torch.load_file(path)
        path.touch()  # `prune` sees that it is used
    except (FileNotFoundError, SafetensorError):
        return None
    return packed


def pixels_of(image: Image, *, flipped: bool = False) -> Tensor:
    """The picture, or its mirror image, as the network takes it: (3, H, W) uint8 on the CPU."""
    pixels = torch.tensor(image.pixels).permute(2, 0, 1)
    return pixels.flip(2) if flipped else pixels


def prune(folder: Path, *, most_bytes: int = DISK_BYTES) -> None:
    """Delete the maps that were not used for the longest time until the folder is small enough."""
    files = [(path, path.stat()) for path in folder.glob("*.safetensors")]
    excess = sum(stat.st_size for _, stat in files) - most_bytes
    for path, stat in sorted(files, key=lambda file: file[1].st_mtime):
        if excess <= 0:
            return
        path.unlink(missing_ok=True)
        excess -= stat.st_size


def _weights_hash(backbone: Backbone) -> str:
    """32 hexadecimal digits of how many stages are frozen, and of their weights and names."""
    digest = hashlib.blake2b(str(backbone.frozen_stages).encode(), digest_size=16)
    for name, value in sorted(backbone.stages[: backbone.frozen_stages].state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
