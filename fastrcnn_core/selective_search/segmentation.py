"""The first segmentation: small regions, each of pixels that belong together.

Felzenszwalb & Huttenlocher, *Efficient Graph-Based Image Segmentation*, IJCV 2004: pixels are joined along the edges of
the grid, most similar first, as long as the step is no larger than both sides' own variation + k / size.

Shape letters: H, W picture; R regions; B borders.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastrcnn_core.selective_search.colour_spaces import Planes
from fastrcnn_core.selective_search.compiled import kernel

Labels = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]


# Weights are counted into buckets of an eighth of a grey level: sorting is then two passes without comparisons.
BUCKETS_PER_LEVEL = 8
# No two pixels differ by more than 255 in each of three channels.
_BUCKETS = int(np.ceil(255 * np.sqrt(3) * BUCKETS_PER_LEVEL)) + 2

_Buckets = npt.NDArray[np.uint16]
_Codes = npt.NDArray[np.int32]
_Starts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SortedEdges:
    """The edges of a picture's grid in the order of their weight; each pixel is joined to its 4 neighbours.

    Felzenszwalb & Huttenlocher join each pixel to 8; with 4 the segmentation takes less than half the time and the
    proposals are as good. Pixels that meet at a corner only do not touch.

    Args:
        codes: (E,) int32, 2 * pixel for its edge to the right, 2 * pixel + 1 for its edge downwards.
        starts: bucket b holds `codes[starts[b]:starts[b + 1]]`, whose weight is b / 8 grey levels.
        height, width: of the picture.
    """

    codes: _Codes
    starts: _Starts
    height: int
    width: int


def sort_edges(planes: Planes) -> SortedEdges:
    """The grid's edges, (C, H, W) in [0, 255], by the Euclidean distance of the two pixels' colours."""
    _, height, width = planes.shape
    across, down = _steps(planes, np.float32(BUCKETS_PER_LEVEL))
    codes, starts = _sort(across, down, _BUCKETS)
    return SortedEdges(codes, starts, height, width)


@kernel
def _steps(planes: Planes, scale: np.float32) -> tuple[_Buckets, _Buckets]:
    """The bucket of each pixel's edge to the right, (H, W - 1), and downwards, (H - 1, W)."""
    channels, height, width = planes.shape
    across = np.empty((height, width - 1), np.uint16)
    down = np.empty((height - 1, width), np.uint16)
    squares = np.empty(width, np.float32)
    half = np.float32(0.5)
    for y in range(height):
        squares[:] = 0
        for channel in range(channels):
            row = planes[channel, y]
            for x in range(width - 1):
                squares[x] += (row[x + 1] - row[x]) * (row[x + 1] - row[x])
        for x in range(width - 1):
            across[y, x] = np.uint16(np.sqrt(squares[x]) * scale + half)
        if y + 1 < height:
            squares[:] = 0
            for channel in range(channels):
                row, below = planes[channel, y], planes[channel, y + 1]
                for x in range(width):
                    squares[x] += (below[x] - row[x]) * (below[x] - row[x])
            for x in range(width):
                down[y, x] = np.uint16(np.sqrt(squares[x]) * scale + half)
    return across, down


@kernel
def _sort(across: _Buckets, down: _Buckets, buckets: int) -> tuple[_Codes, _Starts]:
    """Counting sort; edges of one bucket stay in reading order."""
    height, width = across.shape[0], down.shape[1]
    starts = np.zeros(buckets + 1, np.int64)
    for weight in across.ravel():
        starts[np.int64(weight) + 1] += 1
    for weight in down.ravel():
        starts[np.int64(weight) + 1] += 1
    for bucket in range(buckets):
        starts[bucket + 1] += starts[bucket]
    codes = np.empty(starts[buckets], np.int32)
    free = starts.copy()
    for y in range(height):
        for x in range(width):
            code = 2 * (y * width + x)
            if x + 1 < width:
                codes[free[across[y, x]]] = code
                free[across[y, x]] += 1
            if y + 1 < height:
                codes[free[down[y, x]]] = code + 1
                free[down[y, x]] += 1
    return codes, starts


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Which pixel belongs to which region, and where regions touch.

    Args:
        labels: (H, W) int32 in 0..R - 1, numbered in reading order of their first pixel.
        variation: (R,) float32, the largest step by which a region grew, in grey levels: the paper's Int(C).
        borders: (B,) int32, codes of the edges that join pixels of different regions, smallest step first.
        steps: (B,) float32, the step at each border, in grey levels.
    """

    labels: Labels
    variation: Floats
    borders: Ints
    steps: Floats

    @property
    def count(self) -> int:
        """R, how many regions there are."""
        return len(self.variation)


def segment(edges: SortedEdges, *, k: float, min_size: int) -> Segmentation:
    """Regions of at least `min_size` pixels; a higher k gives fewer and larger ones.

    Source: Felzenszwalb & Huttenlocher, algorithm 1; regions below `min_size` join their most similar neighbour as in
    the authors' own code.
    """
    level = np.float32(1 / BUCKETS_PER_LEVEL)
    pixels = edges.height * edges.width
    parent, size = np.arange(pixels, dtype=np.int32), np.ones(pixels, np.int32)
    variation = np.zeros(pixels, np.float32)
    refused, steps = _join(
        edges.codes, edges.starts, level, edges.width, np.float32(k), parent, size, variation
    )
    _join_small(refused, edges.width, min_size, parent, size, variation)
    numbers, variation = number_sets(parent, variation)
    labels = numbers.reshape(edges.height, edges.width)
    one, other = sides(labels, refused)
    return Segmentation(labels, variation, refused[one != other], steps[one != other])


@kernel
def sides(labels: Labels, codes: Ints) -> tuple[Ints, Ints]:
    """The regions on both sides of each edge: (E,) codes → (E,), (E,)."""
    flat, width = labels.ravel(), labels.shape[1]
    one, other = np.empty_like(codes), np.empty_like(codes)
    for index in range(len(codes)):
        pixel = codes[index] >> 1
        one[index] = flat[pixel]
        other[index] = flat[pixel + (width if codes[index] & 1 else 1)]
    return one, other


@kernel
def root(parent: Ints, item: int) -> int:
    """The item that stands for this item's set in a union-find forest; the way there becomes shorter."""
    while True:
        above = parent[item]
        if above == item:
            return item
        parent[item] = parent[above]
        item = parent[above]


@kernel
def _join(
    codes: Ints,
    starts: npt.NDArray[np.int64],
    level: np.float32,
    width: int,
    k: np.float32,
    parent: Ints,
    size: Ints,
    variation: Floats,
) -> tuple[Ints, Floats]:
    """Fill the forest by the paper's rule; the edges along which regions were not joined, with their steps."""
    limit = np.full(len(parent), k, np.float32)  # the largest step that a region accepts
    refused, steps = np.empty(len(codes), np.int32), np.empty(len(codes), np.float32)
    refusals = 0
    for bucket in range(len(starts) - 1):
        step = np.float32(bucket) * level
        for edge in range(starts[bucket], starts[bucket + 1]):
            pixel = codes[edge] >> 1
            other = pixel + (width if codes[edge] & 1 else 1)
            if parent[pixel] == parent[other]:
                continue
            here, there = root(parent, pixel), root(parent, other)
            if here == there:
                continue
            if step <= limit[here] and step <= limit[there]:
                if size[here] < size[there]:
                    here, there = there, here
                parent[there] = here
                size[here] += size[there]
                variation[here] = step
                limit[here] = step + k / np.float32(size[here])
            else:
                refused[refusals], steps[refusals] = codes[edge], step
                refusals += 1
    return refused[:refusals], steps[:refusals]


@kernel
def _join_small(
    refused: Ints, width: int, min_size: int, parent: Ints, size: Ints, variation: Floats
) -> None:
    """Join what is smaller than `min_size` to the neighbour behind its smallest step."""
    for code in refused:
        pixel = code >> 1
        here = root(parent, pixel)
        there = root(parent, pixel + (width if code & 1 else 1))
        if here != there and (size[here] < min_size or size[there] < min_size):
            if size[here] < size[there]:
                here, there = there, here
            parent[there] = here
            size[here] += size[there]


@kernel
def number_sets(parent: Ints, variation: Floats) -> tuple[Ints, Floats]:
    """Each item's number of its set, counted in the order of first items, and the sets' variations in that order."""
    numbers = np.empty_like(parent)
    number_of = np.full(len(parent), -1, np.int32)
    variations = np.empty_like(variation)
    count = 0
    for item in range(len(parent)):
        top = root(parent, item)
        if number_of[top] < 0:
            number_of[top] = count
            variations[count] = variation[top]
            count += 1
        numbers[item] = number_of[top]
    return numbers, variations[:count].copy()
