"""Pixel features for region histograms: colour bins, and gradients in eight orientations as texture.

Source: Uijlings et al., IJCV 2013, section 3.2: colour histograms of 25 bins a channel; texture histograms of Gaussian
derivatives (sigma = 1) in 8 orientations, 10 bins each, a channel.
Sobel's smoothing adds a variance of 1/2 to that of the blur before it, 0.64: together sigma is 1.07.

Shape letters: C channels; H, W picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastrcnn_core.selective_search.colour_spaces import Planes
from fastrcnn_core.selective_search.compiled import kernel

COLOUR_BINS = 25
ORIENTATIONS = 8
TEXTURE_BINS = 10

Codes = npt.NDArray[np.uint16]

_LEVELS = 12  # a gradient is quantised to two integers in -12..12
_GRID = 2 * _LEVELS + 1
FLAT = _LEVELS * _GRID + _LEVELS  # the code of a gradient of 0
# Grey levels a pixel of the last bin. Chosen here: few edges of a smoothed photo are steeper.
_STEEPEST = 50.0


@dataclass(frozen=True, eq=False)
class PixelFeatures:
    """Bins and codes that every pixel adds to its region's histograms.

    Args:
        colour: (C, H, W) uint8, the bin of each channel.
        texture: (C, H, W) uint16, the code of each channel's gradient.
    """

    colour: npt.NDArray[np.uint8]
    texture: Codes


def pixel_features(planes: Planes) -> PixelFeatures:
    """Quantise a smoothed picture, (C, H, W) in [0, 255], into colour bins and gradient codes."""
    return PixelFeatures(
        _colour_bins(planes, np.float32(COLOUR_BINS / 255)), gradient_codes(planes)
    )


def gradient_codes(planes: Planes) -> Codes:
    """Encode each pixel's gradient as a row of `TEXTURE_TABLE`: (C, H, W) → (C, H, W) uint16."""
    return _gradient_codes(planes, np.float32(_LEVELS / _STEEPEST / 8))


def _texture_table() -> npt.NDArray[np.int16]:
    """Tabulate the bins, orientation * 10 + bin, to which a gradient code contributes: (codes, 4); -1 is none.

    A derivative counts in its own direction and not in the opposite one, so at most four of the eight are positive.
    The first bin of an orientation is not listed: most derivatives are there.
    """
    table = np.full((_GRID * _GRID, 4), -1, np.int16)
    angles = np.arange(ORIENTATIONS) * (2 * np.pi / ORIENTATIONS)
    directions = np.stack([np.cos(angles), np.sin(angles)])
    for code in range(_GRID * _GRID):
        gradient = np.array([code % _GRID - _LEVELS, code // _GRID - _LEVELS])
        steepness = np.round(gradient @ directions, 6) * (TEXTURE_BINS / _LEVELS)
        bins = np.minimum(steepness, TEXTURE_BINS - 1).astype(int)
        steep = np.flatnonzero(bins > 0)
        table[code, : len(steep)] = steep * TEXTURE_BINS + bins[steep]
    return table


TEXTURE_TABLE = _texture_table()


@kernel
def _gradient_codes(planes: Planes, scale: np.float32) -> Codes:
    channels, height, width = planes.shape
    codes = np.empty((channels, height, width), np.uint16)
    smooth, slope = np.empty(width + 2, np.float32), np.empty(width + 2, np.float32)
    most, center = np.float32(_LEVELS), np.float32(_LEVELS + 0.5)
    for channel in range(channels):
        for y in range(height):
            above, below = planes[channel, max(y - 1, 0)], planes[channel, min(y + 1, height - 1)]
            row, out = planes[channel, y], codes[channel, y]
            for x in range(width):
                smooth[x + 1] = (above[x] + row[x] + row[x] + below[x]) * scale
                slope[x + 1] = (below[x] - above[x]) * scale
            smooth[0], smooth[width + 1] = smooth[1], smooth[width]
            slope[0], slope[width + 1] = slope[1], slope[width]
            for x in range(width):
                along = min(max(smooth[x + 2] - smooth[x], -most), most)
                down = min(max(slope[x] + slope[x + 1] + slope[x + 1] + slope[x + 2], -most), most)
                out[x] = np.uint16(down + center) * np.uint16(_GRID) + np.uint16(along + center)
    return codes


@kernel
def _colour_bins(planes: Planes, scale: np.float32) -> npt.NDArray[np.uint8]:
    bins = np.empty(planes.shape, np.uint8)
    last = np.float32(COLOUR_BINS - 1)
    for channel in range(planes.shape[0]):
        for y in range(planes.shape[1]):
            row, out = planes[channel, y], bins[channel, y]
            for x in range(len(row)):
                out[x] = np.uint8(min(row[x] * scale, last))
    return bins
