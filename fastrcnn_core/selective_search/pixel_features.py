"""What every pixel says of texture: how steep its grey levels are, in eight directions.

Source: Uijlings et al., IJCV 2013, section 3.2: Gaussian derivatives (sigma = 1) in 8 orientations, 10 bins each.
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

_LEVELS = 12  # a gradient is kept as two whole numbers in -12..12
_GRID = 2 * _LEVELS + 1
FLAT = _LEVELS * _GRID + _LEVELS  # the code of a gradient of 0
# The gradient, in grey levels a pixel, that fills the last bin. Chosen here: few edges of a blurred photo are steeper.
_STEEPEST = 50.0


@dataclass(frozen=True, eq=False)
class PixelFeatures:
    """What every pixel contributes to its region's histograms.

    Args:
        colour: (C, H, W) uint8, the bin of each channel.
        texture: (C, H, W) uint16, the code of each channel's gradient.
    """

    colour: npt.NDArray[np.uint8]
    texture: Codes


def pixel_features(planes: Planes) -> PixelFeatures:
    """Bins of colour and codes of texture of a smoothed picture: (C, H, W) in [0, 255]."""
    return PixelFeatures(
        _colour_bins(planes, np.float32(COLOUR_BINS / 255)), gradient_codes(planes)
    )


def gradient_codes(planes: Planes) -> Codes:
    """Each pixel's gradient as one number, to be looked up in `TEXTURE_TABLE`: (C, H, W) → (C, H, W) uint16."""
    return _gradient_codes(planes, np.float32(_LEVELS / _STEEPEST / 8))


def _texture_table() -> npt.NDArray[np.int16]:
    """(codes, 4): to which bins, orientation * 10 + bin, a gradient contributes; -1 is none.

    A derivative counts in its own direction and not in the opposite one, so at most four of the eight see a gradient;
    a derivative in the first bin is not listed, for most are there.
    """
    table = np.full((_GRID * _GRID, 4), -1, np.int16)
    angles = np.arange(ORIENTATIONS) * (2 * np.pi / ORIENTATIONS)
    directions = np.stack([np.cos(angles), np.sin(angles)])
    for code in range(_GRID * _GRID):
        gradient = np.array([code % _GRID - _LEVELS, code // _GRID - _LEVELS])
        steepness = np.round(gradient @ directions, 6) * (TEXTURE_BINS / _LEVELS)
        bins = np.minimum(steepness, TEXTURE_BINS - 1).astype(int)
        seen = np.flatnonzero(bins > 0)
        table[code, : len(seen)] = seen * TEXTURE_BINS + bins[seen]
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
            here, out = planes[channel, y], codes[channel, y]
            for x in range(width):
                smooth[x + 1] = (above[x] + here[x] + here[x] + below[x]) * scale
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
