"""Graph-based image segmentation of Felzenszwalb & Huttenlocher, IJCV 2004.

Pixels are the vertices of a grid graph, weighted by the difference of their colours. Components are merged along its
edges, lightest first, where the weight is at most Int(C) + k / |C| of both. Sorting the edges does not depend on k, so
one sort of a colour space serves every k.

Shape letters: C channels; H, W picture; E edges; R regions; B boundary edges.
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


# Weights are quantised to eighths of a grey level, so that a counting sort orders them in two passes.
BUCKETS_PER_LEVEL = 8
# No two pixels differ by more than 255 in each of three channels.
_BUCKETS = int(np.ceil(255 * np.sqrt(3) * BUCKETS_PER_LEVEL)) + 2

_Buckets = npt.NDArray[np.uint16]
_Starts = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class SortedEdges:
    """Edges of the 4-connected pixel grid, sorted by weight.

    Felzenszwalb & Huttenlocher use 8 neighbours; with 4 the segmentation takes less than half the time, and the
    proposals are as good. Pixels that meet at a corner only are not adjacent.

    Args:
        codes: (E,) int32, 2 * pixel for its edge to the right, 2 * pixel + 1 for its edge downwards.
        starts: bucket b holds `codes[starts[b]:starts[b + 1]]`, whose weight is b / 8 grey levels.
        height, width: of the picture.
    """

    codes: Ints
    starts: _Starts
    height: int
    width: int


def sort_edges(planes: Planes) -> SortedEdges:
    """Sort the grid's edges by the Euclidean distance of their pixels' colours, (C, H, W) in [0, 255]."""
    _, height, width = planes.shape
    across, down = _edge_weights(planes, np.float32(BUCKETS_PER_LEVEL))
    codes, starts = _counting_sort(across, down, _BUCKETS)
    return SortedEdges(codes, starts, height, width)


@kernel
def _edge_weights(planes: Planes, scale: np.float32) -> tuple[_Buckets, _Buckets]:
    """Quantise the weight of each pixel's edge to the right, (H, W - 1), and downwards, (H - 1, W)."""
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
def _counting_sort(across: _Buckets, down: _Buckets, buckets: int) -> tuple[Ints, _Starts]:
    """Sort edges by bucket; edges of one bucket stay in reading order."""
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
    """Label of every pixel, and the edges between regions.

    Args:
        labels: (H, W) int32 in 0..R - 1, numbered in reading order of their first pixel.
        internal_difference: (R,) float32, the largest weight of a merge in each region, in grey levels: the paper's
            Int(C).
        boundary_edges: (B,) int32, codes of the edges between different regions, lightest first.
        boundary_weights: (B,) float32, their weights in grey levels.
    """

    labels: Labels
    internal_difference: Floats
    boundary_edges: Ints
    boundary_weights: Floats

    @property
    def count(self) -> int:
        """R, the number of regions."""
        return len(self.internal_difference)


def segment(edges: SortedEdges, *, k: float, min_size: int) -> Segmentation:
    """Segment the grid into regions of at least `min_size` pixels; a higher k gives fewer and larger ones.

    Source: Felzenszwalb & Huttenlocher, algorithm 1; as in the authors' code, regions below `min_size` are merged with
    their most similar neighbour.
    """
    level = np.float32(1 / BUCKETS_PER_LEVEL)
    pixels = edges.height * edges.width
    parent, size = np.arange(pixels, dtype=np.int32), np.ones(pixels, np.int32)
    internal_difference = np.zeros(pixels, np.float32)
    rejected, weights = _merge_components(
        edges.codes,
        edges.starts,
        level,
        edges.width,
        np.float32(k),
        parent,
        size,
        internal_difference,
    )
    _merge_small_components(rejected, edges.width, min_size, parent, size)
    numbers, internal_difference = relabel(parent, internal_difference)
    labels = numbers.reshape(edges.height, edges.width)
    return with_boundaries(labels, internal_difference, rejected, weights)


def with_boundaries(
    labels: Labels, internal_difference: Floats, edges: Ints, weights: Floats
) -> Segmentation:
    """Make a segmentation, with those of the edges, (E,), and of their weights that lie between two regions."""
    first, second = boundary_regions(labels, edges)
    is_boundary = first != second
    return Segmentation(labels, internal_difference, edges[is_boundary], weights[is_boundary])


@kernel
def boundary_regions(labels: Labels, codes: Ints) -> tuple[Ints, Ints]:
    """Look up the regions on both sides of each edge: (E,) codes → (E,), (E,)."""
    flat, width = labels.ravel(), labels.shape[1]
    first, second = np.empty_like(codes), np.empty_like(codes)
    for index in range(len(codes)):
        pixel = codes[index] >> 1
        first[index] = flat[pixel]
        second[index] = flat[pixel + (width if codes[index] & 1 else 1)]
    return first, second


@kernel
def find_root(parent: Ints, item: int) -> int:
    """Find the root of an item's set in a union-find forest, with path halving."""
    while True:
        above = parent[item]
        if above == item:
            return item
        parent[item] = parent[above]
        item = parent[above]


@kernel
def _merge_components(
    codes: Ints,
    starts: _Starts,
    level: np.float32,
    width: int,
    k: np.float32,
    parent: Ints,
    size: Ints,
    internal: Floats,
) -> tuple[Ints, Floats]:
    """Merge components by the paper's predicate; return the rejected edges and their weights."""
    limit = np.full(len(parent), k, np.float32)  # Int(C) + k / |C|
    rejected, weights = np.empty(len(codes), np.int32), np.empty(len(codes), np.float32)
    count = 0
    for bucket in range(len(starts) - 1):
        weight = np.float32(bucket) * level
        for edge in range(starts[bucket], starts[bucket + 1]):
            pixel = codes[edge] >> 1
            neighbour = pixel + (width if codes[edge] & 1 else 1)
            if parent[pixel] == parent[neighbour]:
                continue
            a, b = find_root(parent, pixel), find_root(parent, neighbour)
            if a == b:
                continue
            if weight <= limit[a] and weight <= limit[b]:
                if size[a] < size[b]:
                    a, b = b, a
                parent[b] = a
                size[a] += size[b]
                internal[a] = weight
                limit[a] = weight + k / np.float32(size[a])
            else:
                rejected[count], weights[count] = codes[edge], weight
                count += 1
    return rejected[:count], weights[:count]


@kernel
def _merge_small_components(
    rejected: Ints, width: int, min_size: int, parent: Ints, size: Ints
) -> None:
    """Merge each component below `min_size` with the neighbour across its lightest edge."""
    for code in rejected:
        pixel = code >> 1
        merge_if_small(pixel, pixel + (width if code & 1 else 1), min_size, parent, size)


@kernel
def merge_if_small(first: int, second: int, min_size: int, parent: Ints, size: Ints) -> None:
    """Merge the sets of two items, the smaller into the larger, if one of them is below `min_size`."""
    a, b = find_root(parent, first), find_root(parent, second)
    if a != b and (size[a] < min_size or size[b] < min_size):
        if size[a] < size[b]:
            a, b = b, a
        parent[b] = a
        size[a] += size[b]


@kernel
def relabel(parent: Ints, internal: Floats) -> tuple[Ints, Floats]:
    """Number the sets in the order of their first items: each item's label, and each set's internal difference."""
    labels = np.empty_like(parent)
    label_of = np.full(len(parent), -1, np.int32)
    differences = np.empty_like(internal)
    count = 0
    for item in range(len(parent)):
        root = find_root(parent, item)
        if label_of[root] < 0:
            label_of[root] = count
            differences[count] = internal[root]
            count += 1
        labels[item] = label_of[root]
    return labels, differences[:count].copy()
