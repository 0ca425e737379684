"""What is remembered of each region: size, box, colours, textures and neighbours; pixels are not needed again.

Source: Uijlings et al., IJCV 2013, section 3.2: colour histograms of 25 bins a channel, texture histograms of 10 bins
in 8 orientations a channel from Gaussian derivatives (sigma = 1).

Shape letters: C channels; H, W picture; R regions; Q pairs of touching regions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastrcnn_core.selective_search.colour_spaces import Planes
from fastrcnn_core.selective_search.compiled import kernel
from fastrcnn_core.selective_search.segmentation import Labels, Segmentation

COLOUR_BINS = 25
ORIENTATIONS = 8
TEXTURE_BINS = 10

_LEVELS = 12  # a gradient is kept as two whole numbers in -12..12
_GRID = 2 * _LEVELS + 1
# The gradient, in grey levels a pixel, that fills the last texture bin.
_STEEPEST = 50.0


@dataclass(frozen=True, eq=False)
class PixelFeatures:
    """What every pixel contributes to its region's histograms.

    Args:
        colour: (C, H, W) uint8, the bin of each channel.
        texture: (C, H, W) uint16, the code of each channel's gradient; see `_texture_table`.
    """

    colour: npt.NDArray[np.uint8]
    texture: npt.NDArray[np.uint16]


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions of one segmentation.

    Args:
        sizes: (R,) int32, pixels.
        boxes: (R, 4) int32, x1, y1, x2, y2 in pixels of the searched picture; x2, y2 exclusive.
        colour: (R, C * 25) float32, sums to 1 in each row.
        texture: (R, C * 80) float32, sums to 1 in each row.
        pairs: (Q, 2) int32, touching regions, the smaller number first, each pair once.
    """

    sizes: npt.NDArray[np.int32]
    boxes: npt.NDArray[np.int32]
    colour: npt.NDArray[np.float32]
    texture: npt.NDArray[np.float32]
    pairs: npt.NDArray[np.int32]


def pixel_features(planes: Planes) -> PixelFeatures:
    """Bins of colour and texture: (C, H, W) in [0, 255], smoothed by sigma 0.8.

    Sobel's smoothing adds a variance of 1/2 to that of the blur, 0.64: together the paper's Gaussian of sigma 1.
    """
    colour = np.minimum(planes * np.float32(COLOUR_BINS / 255), COLOUR_BINS - 1).astype(np.uint8)
    return PixelFeatures(colour, _gradient_codes(planes, np.float32(_LEVELS / _STEEPEST)))


def describe(segmentation: Segmentation, features: PixelFeatures) -> Regions:
    """Size, box, histograms and neighbours of every region."""
    labels, count = segmentation.labels, segmentation.count
    sizes, boxes = _extents(labels, count)
    colour, texture = _histograms(labels, count, features.colour, features.texture, _TEXTURE_TABLE)
    channels = len(features.colour)
    share = 1 / sizes[:, None].astype(np.float32) / channels
    texture = _fill_first_bins(texture, sizes)
    return Regions(
        sizes,
        boxes,
        (colour * share).astype(np.float32),
        (texture * (share / ORIENTATIONS)).astype(np.float32),
        _touching(labels, count, segmentation.borders),
    )


def _texture_table() -> npt.NDArray[np.int16]:
    """(codes, 4): to which bins (orientation * 10 + bin) a gradient contributes; -1 is none.

    A derivative counts in its own direction only, so at most four of eight orientations see a gradient; a
    derivative in the first bin is not listed, for most are.
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


_TEXTURE_TABLE = _texture_table()


def _fill_first_bins(
    texture: npt.NDArray[np.int32], sizes: npt.NDArray[np.int32]
) -> npt.NDArray[np.int32]:
    """Whatever is in no other bin of an orientation is in its first."""
    filled = texture.reshape(len(sizes), -1, TEXTURE_BINS)
    filled[:, :, 0] = sizes[:, None] - filled.sum(axis=2)
    return filled.reshape(len(sizes), -1)


@kernel
def _gradient_codes(planes: Planes, scale: np.float32) -> npt.NDArray[np.uint16]:
    channels, height, width = planes.shape
    codes = np.empty((channels, height, width), np.uint16)
    scale = scale / np.float32(8)
    most = np.float32(_LEVELS)
    for channel in range(channels):
        plane = planes[channel]
        for y in range(height):
            above, here, below = plane[max(y - 1, 0)], plane[y], plane[min(y + 1, height - 1)]
            for x in range(width):
                left, right = max(x - 1, 0), min(x + 1, width - 1)
                along = (
                    above[right] - above[left] + 2 * (here[right] - here[left])
                    + below[right] - below[left]
                ) * scale  # fmt: skip
                down = (
                    below[left] - above[left] + 2 * (below[x] - above[x])
                    + below[right] - above[right]
                ) * scale  # fmt: skip
                column = np.int32(np.rint(min(max(along, -most), most))) + _LEVELS
                row = np.int32(np.rint(min(max(down, -most), most))) + _LEVELS
                codes[channel, y, x] = row * _GRID + column
    return codes


@kernel
def _extents(labels: Labels, count: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    height, width = labels.shape
    sizes = np.zeros(count, np.int32)
    boxes = np.zeros((count, 4), np.int32)
    boxes[:, 0], boxes[:, 1] = width, height
    for y in range(height):
        for x in range(width):
            label = labels[y, x]
            sizes[label] += 1
            box = boxes[label]
            box[0] = min(box[0], x)
            box[1] = min(box[1], y)
            box[2] = max(box[2], x + 1)
            box[3] = y + 1
    return sizes, boxes


@kernel
def _histograms(
    labels: Labels,
    count: int,
    colour_bins: npt.NDArray[np.uint8],
    texture_codes: npt.NDArray[np.uint16],
    table: npt.NDArray[np.int16],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    channels, height, width = colour_bins.shape
    colour = np.zeros((count, channels * COLOUR_BINS), np.int32)
    texture = np.zeros((count, channels * ORIENTATIONS * TEXTURE_BINS), np.int32)
    flat = _LEVELS * _GRID + _LEVELS
    for channel in range(channels):
        first_colour = channel * COLOUR_BINS
        first_texture = channel * ORIENTATIONS * TEXTURE_BINS
        for y in range(height):
            for x in range(width):
                label = labels[y, x]
                colour[label, first_colour + colour_bins[channel, y, x]] += 1
                code = texture_codes[channel, y, x]
                if code != flat:
                    for entry in range(4):
                        bin_ = table[code, entry]
                        if bin_ < 0:
                            break
                        texture[label, first_texture + bin_] += 1
    return colour, texture


@kernel
def _touching(labels: Labels, count: int, borders: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Each pair of touching regions once, in the order in which the borders name them first."""
    width = labels.shape[1]
    offset = (1, width, width + 1, width - 1)
    slots = 16
    while slots < 2 * len(borders):
        slots *= 2
    seen = np.full(slots, -1, np.int64)
    flat = labels.ravel()
    pairs = np.empty((len(borders), 2), np.int32)
    found = 0
    for border in borders:
        pixel = border >> 2
        one, other = flat[pixel], flat[pixel + offset[border & 3]]
        first, second = min(one, other), max(one, other)
        pair = np.int64(first) * count + second
        slot = (pair * 0x9E3779B1) & (slots - 1)
        while seen[slot] != pair and seen[slot] >= 0:
            slot = (slot + 1) & (slots - 1)
        if seen[slot] < 0:
            seen[slot] = pair
            pairs[found, 0], pairs[found, 1] = first, second
            found += 1
    return pairs[:found].copy()
