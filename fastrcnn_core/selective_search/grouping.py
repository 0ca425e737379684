"""Hierarchical grouping: merge the two most similar adjacent regions until one region is the whole picture.

Source: Uijlings et al., IJCV 2013, section 3.1, algorithm 1.

Shape letters: R regions of the segmentation; M = R - 1 merges; T adjacent pairs that were never merged.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from fastrcnn_core.selective_search.compiled import kernel
from fastrcnn_core.selective_search.regions import Regions
from fastrcnn_core.selective_search.segmentation import Floats, Ints
from fastrcnn_core.selective_search.similarity import (
    Nodes,
    merge_nodes,
    pair_similarities,
    total_similarity,
)

Rows = TypeVar("Rows", bound=npt.NDArray[Any])  # an array of any kind


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Hierarchy of regions: the merges, and the adjacent pairs that were compared and never merged.

    Node i < R is region i of the segmentation; node R + m is the result of merge m; the last node is the picture.

    Args:
        merged_pairs: (M, 2) int32, the two nodes of merge m.
        similarities: (M, 4) float32 in [0, 1], colour, texture, size and fill of the pair; all four, used or not.
        sums: (M,) float32, the used similarities added up.
        boxes: (R + M, 4) int32, x1, y1, x2, y2 in pixels of the searched picture; x2, y2 exclusive.
        sizes: (R + M,) int32, pixels.
        unmerged_pairs: (T, 2) int32, adjacent nodes that each merged with another node.
        unmerged_since: (T,) int32, the number of merges before the two were compared.
        unmerged_sums: (T,) float32, their used similarities added up.
    """

    merged_pairs: Ints
    similarities: Floats
    sums: Floats
    boxes: Ints
    sizes: Ints
    unmerged_pairs: Ints
    unmerged_since: Ints
    unmerged_sums: Floats

    @property
    def regions(self) -> int:
        """R, the number of regions in the segmentation."""
        return len(self.sizes) - len(self.merged_pairs)

    @cached_property
    def unmerged_boxes(self) -> Ints:
        """(T, 4) int32, the common boxes of the unmerged pairs."""
        first, second = (self.boxes[self.unmerged_pairs[:, side]] for side in (0, 1))
        return np.concatenate(
            [np.minimum(first[:, :2], second[:, :2]), np.maximum(first[:, 2:], second[:, 2:])],
            axis=1,
        )


def group(regions: Regions, *, similarity: str, pixels: int) -> Hierarchy:
    """Group the regions into a hierarchy, greedily by similarity.

    Args:
        regions: of one segmentation; their adjacency graph is connected.
        similarity: the similarities that are added up, letters of "CTSF": colour, texture, size, fill.
        pixels: of the searched picture.
    """
    used = np.array([letter in similarity for letter in "CTSF"], np.float32)
    nodes = allocate_nodes(regions)
    merged, compared, since, sums = _group(
        regions.pairs, len(regions.sizes), nodes, used, np.float32(pixels)
    )
    unmerged = np.ones(len(compared), np.bool_)
    unmerged[merged] = False
    return Hierarchy(
        compared[merged],
        pair_similarities(compared[merged], nodes, np.float32(pixels)),
        sums[merged],
        nodes.boxes,
        nodes.sizes,
        compared[unmerged],
        since[unmerged],
        sums[unmerged],
    )


def allocate_nodes(regions: Regions) -> Nodes:
    """Copy the regions' rows, with an empty row behind them for each merge."""
    rows = (regions.sizes, regions.boxes, regions.colour, regions.texture)
    return Nodes(*(np.concatenate([row, np.empty_like(row[1:])]) for row in rows))


@kernel
def _group(
    pairs: Ints, regions: int, nodes: Nodes, used: Floats, pixels: np.float32
) -> tuple[Ints, Ints, Ints, Floats]:
    """Fill the nodes' rows; return each merge's row in `compared`, and all compared pairs."""
    capacity, count = 16 + 8 * len(pairs), len(nodes.sizes)
    compared, since = np.empty((capacity, 2), np.int32), np.zeros(capacity, np.int32)
    sums, keys = np.empty(capacity, np.float32), np.empty(capacity, np.float32)
    queue = np.empty(capacity, np.int32)
    # Adjacency lists: link 2 * row + side belongs to node `compared[row, side]` and leads to the pair's other node.
    first_link, next_link = np.full(count, -1, np.int32), np.empty(2 * capacity, np.int32)
    is_root = np.zeros(count, np.bool_)  # not merged yet
    is_root[:regions] = True
    visited, neighbours = np.full(count, -1, np.int32), np.empty(count, np.int32)
    merged = np.empty(regions - 1, np.int32)
    rows, length = len(pairs), len(pairs)
    for row in range(rows):
        a, b = pairs[row]
        _link(compared, first_link, next_link, row, a, b)
        sums[row] = total_similarity(a, b, nodes, used, pixels)
        heap_push(keys, queue, row, sums[row], row)
    for merge in range(regions - 1):
        while True:
            row = queue[0]
            a, b = compared[row]
            heap_pop(keys, queue, length)
            length -= 1
            if is_root[a] and is_root[b]:
                break
        new = regions + merge
        merged[merge] = row
        is_root[a], is_root[b], is_root[new] = False, False, True
        merge_nodes(a, b, new, nodes)
        found = _neighbours(
            a, b, new, compared, first_link, next_link, is_root, visited, neighbours
        )
        if rows + found > len(sums):
            compared, since, sums = _double(compared), _double(since), _double(sums)
            keys, queue, next_link = _double(keys), _double(queue), _double(next_link)
        for neighbour in neighbours[:found]:
            _link(compared, first_link, next_link, rows, neighbour, new)
            since[rows] = merge + 1
            sums[rows] = total_similarity(neighbour, new, nodes, used, pixels)
            heap_push(keys, queue, length, sums[rows], rows)
            rows, length = rows + 1, length + 1
    return merged, compared[:rows], since[:rows], sums[:rows]


@kernel
def _link(compared: Ints, first_link: Ints, next_link: Ints, row: int, a: int, b: int) -> None:
    """Write the pair into its row, and the row into both nodes' adjacency lists."""
    compared[row, 0], compared[row, 1] = a, b
    next_link[2 * row], next_link[2 * row + 1] = first_link[a], first_link[b]
    first_link[a], first_link[b] = 2 * row, 2 * row + 1


@kernel
def _neighbours(
    a: int,
    b: int,
    new: int,
    compared: Ints,
    first_link: Ints,
    next_link: Ints,
    is_root: npt.NDArray[np.bool_],
    visited: Ints,
    neighbours: Ints,
) -> int:
    """Write the unmerged neighbours of the two nodes that became one, each once; return their number."""
    found = 0
    for node in (a, b):
        link = first_link[node]
        while link >= 0:
            neighbour = compared[link >> 1, 1 - (link & 1)]
            if is_root[neighbour] and visited[neighbour] != new:
                visited[neighbour] = new
                neighbours[found] = neighbour
                found += 1
            link = next_link[link]
    return found


@kernel
def _double(rows: Rows) -> Rows:
    """Double the capacity of an array, which then also holds a neighbour of every node."""
    return np.concatenate((rows, np.zeros_like(rows)))  # type: ignore[return-value]  # as above


@kernel
def heap_push(keys: Floats, items: Ints, length: int, key: float, item: int) -> None:
    """Push onto a binary max-heap of `length` items in two longer arrays.

    Of equal keys the lower item is on top, so that the order never depends on the order of pushes.
    """
    place = length
    while place > 0:
        above = (place - 1) >> 1
        if keys[above] > key or (keys[above] == key and items[above] < item):
            break
        keys[place], items[place] = keys[above], items[above]
        place = above
    keys[place], items[place] = key, item


@kernel
def heap_pop(keys: Floats, items: Ints, length: int) -> None:
    """Pop the top, `items[0]`, off a heap of `length` items; the last slot is free afterwards."""
    key, item = keys[length - 1], items[length - 1]
    place = 0
    while True:
        below = 2 * place + 1
        if below >= length - 1:
            break
        right = below + 1
        if right < length - 1 and (
            keys[right] > keys[below]
            or (keys[right] == keys[below] and items[right] < items[below])
        ):
            below = right
        if key > keys[below] or (key == keys[below] and item < items[below]):
            break
        keys[place], items[place] = keys[below], items[below]
        place = below
    keys[place], items[place] = key, item
