"""Regions as colours over a picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastrcnn_core.structures import Pixels

# The golden ratio of the circle: consecutive regions get hues that are far apart.
_GOLDEN = 0.61803398875
_OPACITY = 0.55


def regions(pixels: Pixels, labels: npt.NDArray[np.int32], count: int) -> Pixels:
    """Paint regions as translucent colours over the picture, with white boundaries: (h, w, 3) as the label map.

    Args:
        pixels: (H, W, 3), as large as the label map or larger.
        labels: (h, w) in 0..count - 1.
    """
    from skimage.segmentation import (
        mark_boundaries,
    )  # takes a second, which the start of the app does not

    rows = np.arange(labels.shape[0]) * pixels.shape[0] // labels.shape[0]
    columns = np.arange(labels.shape[1]) * pixels.shape[1] // labels.shape[1]
    picture = pixels[rows][:, columns].astype(np.float32)
    mixed = (1 - _OPACITY) * picture + _OPACITY * _colours(count)[labels]
    marked = mark_boundaries(mixed / 255, labels + 1, color=(1, 1, 1), mode="inner")
    return (marked * 255).astype(np.uint8)


def _colours(count: int) -> npt.NDArray[np.float32]:
    """Choose a bright colour for each region, (count, 3) in [0, 255], the same for the same count."""
    from matplotlib import colormaps

    hues = np.arange(count) * _GOLDEN % 1
    return (40 + 215 * colormaps["hsv"](hues)[:, :3]).astype(np.float32)
