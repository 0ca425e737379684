"""The first segmentation: small regions, each of pixels that belong together.

Felzenszwalb & Huttenlocher, *Efficient Graph-Based Image Segmentation*, IJCV 2004: pixels are joined along the edges of
the grid, most similar first, as long as the step is no larger than both sides' own variation + k / size.
Sorting the edges does not depend on k, so one sort serves every k.

Shape letters: C channels; H, W picture; E edges; B borders.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastrcnn_core.selective_search.colour_spaces import Planes
from fastrcnn_core.selective_search.compiled import kernel

Labels = npt.NDArray[np.int32]

# Edge weights are counted into buckets of an eighth of a grey level: sorting is then two passes, no comparisons.
_BUCKETS_PER_LEVEL = 8
# No pair of pixels differs by more than 255 in each of three channels.
_BUCKETS = int(np.ceil(255 * np.sqrt(3) * _BUCKETS_PER_LEVEL)) + 2


@dataclass(frozen=True, eq=False)
class SortedEdges:
    """The edges of a picture's grid in the order of their weight; each pixel is joined to its 8 neighbours.

    Args:
        codes: (E,) int32, 4 * pixel + direction; the directions are right, down, down right, down left.
        starts: bucket b holds `codes[starts[b]:starts[b + 1]]`, whose weight is b / 8 grey levels.
        height, width: of the picture.
    """

    codes: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int64]
    height: int
    width: int


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Which pixel belongs to which region, and where regions touch.

    Args:
        labels: (H, W) int32 in 0..count - 1, numbered in reading order of their first pixel.
        count: how many regions there are.
        borders: (B,) int32, codes of the edges that join pixels of different regions.
    """

    labels: Labels
    count: int
    borders: npt.NDArray[np.int32]


def blur(rgb: npt.NDArray[np.uint8], sigma: float) -> Planes:
    """The picture smoothed by a Gaussian: (H, W, 3) uint8 → (3, H, W) float32; at the edge the last pixel repeats.

    Source: Felzenszwalb & Huttenlocher, section 4: sigma 0.8 takes away digitisation artefacts only.
    """
    planes = np.ascontiguousarray(rgb.transpose(2, 0, 1), dtype=np.float32)
    return _blur(planes, _gaussian(sigma)) if sigma > 0 else planes


def sort_edges(planes: Planes) -> SortedEdges:
    """The grid's edges by weight, the Euclidean distance of two neighbours' colours."""
    _, height, width = planes.shape
    codes, starts = _sort(_weights(planes, np.float32(_BUCKETS_PER_LEVEL)), _BUCKETS)
    return SortedEdges(codes, starts, height, width)


def segment(edges: SortedEdges, *, k: float, min_size: int) -> Segmentation:
    """Regions of at least `min_size` pixels; a higher k gives fewer and larger ones.

    Source: Felzenszwalb & Huttenlocher, algorithm 1; regions below `min_size` join their most similar neighbour as in
    the authors' own code.
    """
    labels, count, borders = _join(
        edges.codes,
        edges.starts,
        np.float32(1 / _BUCKETS_PER_LEVEL),
        edges.height,
        edges.width,
        np.float32(k),
        min_size,
    )
    return Segmentation(labels, int(count), borders)


def _gaussian(sigma: float) -> npt.NDArray[np.float32]:
    """Half of a Gaussian that is cut off at 4 sigma, its center first; the whole sums to 1."""
    half = np.exp(-0.5 * (np.arange(int(np.ceil(4 * sigma)) + 1) / sigma) ** 2)
    return (half / (2 * half.sum() - half[0])).astype(np.float32)


@kernel
def _blur(planes: Planes, half: npt.NDArray[np.float32]) -> Planes:
    channels, height, width = planes.shape
    rows = np.empty((height, width), np.float32)
    blurred = np.empty_like(planes)
    for channel in range(channels):
        plane = planes[channel]
        for y in range(height):
            rows[y] = half[0] * plane[y]
            for reach in range(1, len(half)):
                above, below = plane[max(y - reach, 0)], plane[min(y + reach, height - 1)]
                for x in range(width):
                    rows[y, x] += half[reach] * (above[x] + below[x])
        for y in range(height):
            row, out = rows[y], blurred[channel, y]
            for x in range(width):
                out[x] = half[0] * row[x]
            for reach in range(1, len(half)):
                weight = half[reach]
                for x in range(min(reach, width)):
                    out[x] += weight * (row[0] + row[min(x + reach, width - 1)])
                for x in range(reach, width - reach):
                    out[x] += weight * (row[x - reach] + row[x + reach])
                for x in range(max(width - reach, reach), width):
                    out[x] += weight * (row[x - reach] + row[width - 1])
    return blurred


@kernel
def _weights(planes: Planes, scale: np.float32) -> npt.NDArray[np.uint16]:
    """(4, H, W) bucket of each pixel's edge right, down, down right and down left; 65535 is none."""
    channels, height, width = planes.shape
    weights = np.full((4, height, width), 65535, np.uint16)
    squares = np.empty(width, np.float32)
    for y in range(height):
        for direction in range(4):
            below = y if direction == 0 else y + 1
            shift = (1, 0, 1, -1)[direction]
            if below == height:
                continue
            first, last = max(0, -shift), min(width, width - shift)
            squares[:] = 0
            for channel in range(channels):
                here, there = planes[channel, y], planes[channel, below]
                for x in range(first, last):
                    step = here[x] - there[x + shift]
                    squares[x] += step * step
            for x in range(first, last):
                weights[direction, y, x] = np.uint16(np.sqrt(squares[x]) * scale + np.float32(0.5))
    return weights


@kernel
def _sort(
    weights: npt.NDArray[np.uint16], buckets: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Counting sort; edges of one bucket stay in reading order."""
    _, height, width = weights.shape
    starts = np.zeros(buckets + 1, np.int64)
    for direction in range(4):
        for y in range(height):
            for x in range(width):
                weight = weights[direction, y, x]
                if weight != 65535:
                    starts[weight + 1] += 1
    for bucket in range(buckets):
        starts[bucket + 1] += starts[bucket]
    codes = np.empty(starts[buckets], np.int32)
    free = starts.copy()
    for y in range(height):
        for x in range(width):
            for direction in range(4):
                weight = weights[direction, y, x]
                if weight != 65535:
                    codes[free[weight]] = 4 * (y * width + x) + direction
                    free[weight] += 1
    return codes, starts


@kernel
def _root(parent: npt.NDArray[np.int32], pixel: int) -> int:
    while parent[pixel] != pixel:
        parent[pixel] = parent[parent[pixel]]
        pixel = parent[pixel]
    return pixel


@kernel
def _join(
    codes: npt.NDArray[np.int32],
    starts: npt.NDArray[np.int64],
    step: np.float32,
    height: int,
    width: int,
    k: np.float32,
    min_size: int,
) -> tuple[Labels, int, npt.NDArray[np.int32]]:
    pixels = height * width
    parent = np.arange(pixels).astype(np.int32)
    size = np.ones(pixels, np.int32)
    limit = np.full(pixels, k, np.float32)  # the largest step that a region accepts
    offset = np.array([1, width, width + 1, width - 1], np.int32)
    refused = np.empty(len(codes), np.int32)
    refusals = 0
    for bucket in range(len(starts) - 1):
        weight = np.float32(bucket) * step
        for edge in range(starts[bucket], starts[bucket + 1]):
            code = codes[edge]
            pixel = code >> 2
            here = _root(parent, pixel)
            there = _root(parent, pixel + offset[code & 3])
            if here == there:
                continue
            if weight <= limit[here] and weight <= limit[there]:
                if size[here] < size[there]:
                    here, there = there, here
                parent[there] = here
                size[here] += size[there]
                limit[here] = weight + k / np.float32(size[here])
            else:
                refused[refusals] = code
                refusals += 1
    for edge in range(refusals):
        pixel = refused[edge] >> 2
        here = _root(parent, pixel)
        there = _root(parent, pixel + offset[refused[edge] & 3])
        if here != there and (size[here] < min_size or size[there] < min_size):
            parent[there] = here
            size[here] += size[there]
    labels = np.empty(pixels, np.int32)
    name = np.full(pixels, -1, np.int32)
    count = 0
    for pixel in range(pixels):
        root = _root(parent, pixel)
        if name[root] < 0:
            name[root] = count
            count += 1
        labels[pixel] = name[root]
    borders = 0
    for edge in range(refusals):
        pixel = refused[edge] >> 2
        if labels[pixel] != labels[pixel + offset[refused[edge] & 3]]:
            refused[borders] = refused[edge]
            borders += 1
    return labels.reshape(height, width), count, refused[:borders].copy()
