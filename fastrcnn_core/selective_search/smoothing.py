"""A picture without the noise of its pixels.

Shape letters: C channels; H, W picture.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastrcnn_core.selective_search.colour_spaces import Planes
from fastrcnn_core.selective_search.compiled import kernel

Floats = npt.NDArray[np.float32]


def blur(rgb: npt.NDArray[np.uint8], sigma: float) -> Planes:
    """The picture smoothed by a Gaussian: (H, W, 3) uint8 → (3, H, W) float32; at the edge the last pixel repeats.

    Source: Felzenszwalb & Huttenlocher, section 4: sigma 0.8 takes away digitisation artefacts only.
    """
    planes = np.ascontiguousarray(rgb.transpose(2, 0, 1), dtype=np.float32)
    return _blur(planes, _gaussian(sigma)) if sigma > 0 else planes


def _gaussian(sigma: float) -> Floats:
    """Half of a Gaussian that is cut off at 4 sigma, its center first; the whole sums to 1."""
    half = np.exp(-0.5 * (np.arange(int(np.ceil(4 * sigma)) + 1) / sigma) ** 2)
    return (half / (2 * half.sum() - half[0])).astype(np.float32)


@kernel
def _blur(planes: Planes, half: Floats) -> Planes:
    channels, height, width = planes.shape
    reach = len(half) - 1
    blurred = np.empty_like(planes)
    column = np.empty(width + 2 * reach, np.float32)  # a row blurred downwards, its ends repeated
    for channel in range(channels):
        plane = planes[channel]
        for y in range(height):
            middle = column[reach : reach + width]
            for x in range(width):
                middle[x] = half[0] * plane[y, x]
            for step in range(1, reach + 1):
                above, below = plane[max(y - step, 0)], plane[min(y + step, height - 1)]
                for x in range(width):
                    middle[x] += half[step] * (above[x] + below[x])
            column[:reach], column[reach + width :] = middle[0], middle[width - 1]
            out = blurred[channel, y]
            for x in range(width):
                out[x] = half[0] * middle[x]
            for step in range(1, reach + 1):
                left, right = column[reach - step :], column[reach + step :]
                for x in range(width):
                    out[x] += half[step] * (left[x] + right[x])
    return blurred
