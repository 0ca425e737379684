"""Regions as colours over a picture."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastrcnn_core.structures import Pixels

# The golden ratio of the circle: consecutive regions get hues that are far apart.
_GOLDEN = 0.61803398875
_OPACITY = 0.55


def regions(pixels: Pixels, labels: npt.NDArray[np.int32], count: int) -> Pixels:
    """The picture under translucent colours, one a region, white where regions touch: (h, w, 3) as the label map.

    Args:
        pixels: (H, W, 3), as large as the label map or larger.
        labels: (h, w) in 0..count - 1.
    """
    rows = np.arange(labels.shape[0]) * pixels.shape[0] // labels.shape[0]
    columns = np.arange(labels.shape[1]) * pixels.shape[1] // labels.shape[1]
    picture = pixels[rows][:, columns].astype(np.float32)
    mixed = (1 - _OPACITY) * picture + _OPACITY * _colours(count)[labels]
    mixed[_borders(labels)] = 255
    return mixed.astype(np.uint8)


def _colours(count: int) -> npt.NDArray[np.float32]:
    """(count, 3) bright colours in [0, 255], the same for the same count."""
    hue = np.arange(count) * _GOLDEN % 1 * 6
    distance = np.abs((hue[:, None] + np.array([0, 4, 2])) % 6 - 3) - 1
    return (40 + 215 * np.clip(distance, 0, 1)).astype(np.float32)


def _borders(labels: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """(h, w) pixels whose neighbour to the right or below is of another region."""
    border = np.zeros(labels.shape, np.bool_)
    border[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    border[:-1] |= labels[:-1] != labels[1:]
    return border
