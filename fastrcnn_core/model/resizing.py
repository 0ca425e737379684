"""How large the network sees a picture."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from fastrcnn_core.config import ImageConfig


def input_size(
    height: int, width: int, config: ImageConfig, *, zoom: float = 1.0
) -> tuple[int, int]:
    """(height, width) at which the network sees a picture; at least 1 × 1.

    Args:
        zoom: times as large as the config says, its bound on the longer side included.
    """
    scale = 1.0 if config.shorter_side is None else config.shorter_side / min(height, width)
    if config.longer_side is not None:
        scale = min(scale, config.longer_side / max(height, width))
    return max(1, round(height * scale * zoom)), max(1, round(width * scale * zoom))


def resize(pixels: Tensor, size: tuple[int, int]) -> Tensor:
    """The picture at another (height, width), in [0, 1]: (3, H, W) uint8 → (3, *size) float32, without aliasing."""
    picture = pixels.float() / 255
    if tuple(pixels.shape[1:]) == size:
        return picture
    return F.interpolate(picture[None], size, mode="bilinear", antialias=True)[0]
