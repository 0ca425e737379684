"""Greedy grouping: the two most similar touching regions become one, until one region is the whole picture.

Source: Uijlings et al., IJCV 2013, section 3.1, algorithm 1.

Shape letters: R regions of the segmentation; M = R - 1 merges; T pairs that were compared and never merged.
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
from fastrcnn_core.selective_search.similarity import all_similarities, join, similarity_of

Rows = TypeVar("Rows", bound=npt.NDArray[Any])  # an array of any kind


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Who merged with whom, and whom else a region was compared with.

    Node i < R is region i of the segmentation, node R + m is what merge m made; the last node is the whole picture.

    Args:
        pairs: (M, 2) int32, the two nodes that merge m joins.
        similarities: (M, 4) float32 in [0, 1], colour, texture, size and fill of the pair; all four, used or not.
        sums: (M,) float32, the used ones added up: what made the pair the best.
        boxes: (R + M, 4) int32, x1, y1, x2, y2 in pixels of the searched picture; x2, y2 exclusive.
        sizes: (R + M,) int32, pixels.
        passed_over: (T, 2) int32, touching nodes that were compared and that merged with others.
        passed_over_since: (T,) int32, how many merges had been made when the two were first compared.
        passed_over_sums: (T,) float32, their used similarities added up.
    """

    pairs: Ints
    similarities: Floats
    sums: Floats
    boxes: Ints
    sizes: Ints
    passed_over: Ints
    passed_over_since: Ints
    passed_over_sums: Floats

    @property
    def regions(self) -> int:
        """R, how many nodes come from the segmentation."""
        return len(self.sizes) - len(self.pairs)

    @cached_property
    def passed_over_boxes(self) -> Ints:
        """(T, 4) int32, the boxes that the pairs would have had together."""
        one, other = self.boxes[self.passed_over[:, 0]], self.boxes[self.passed_over[:, 1]]
        return np.concatenate(
            [np.minimum(one[:, :2], other[:, :2]), np.maximum(one[:, 2:], other[:, 2:])], axis=1
        )


def group(regions: Regions, *, similarity: str, pixels: int) -> Hierarchy:
    """The hierarchy that grows out of the regions.

    Args:
        regions: of one segmentation, all connected with each other over touching pairs.
        similarity: which similarities are added up, letters of "CTSF": colour, texture, size, fill.
        pixels: of the searched picture.
    """
    used = np.array([letter in similarity for letter in "CTSF"], np.float32)
    count = len(regions.sizes)
    boxes, sizes = _with_room(regions.boxes, count), _with_room(regions.sizes, count)
    colour, texture = _with_room(regions.colour, count), _with_room(regions.texture, count)
    merged, similarities, compared, since, sums = _group(
        regions.pairs, count, sizes, boxes, colour, texture, used, np.float32(pixels)
    )
    passed_over = np.ones(len(compared), np.bool_)
    passed_over[merged] = False
    return Hierarchy(
        compared[merged],
        similarities,
        sums[merged],
        boxes,
        sizes,
        compared[passed_over],
        since[passed_over],
        sums[passed_over],
    )


def _with_room(rows: Rows, count: int) -> Rows:
    """The regions' rows, and as many empty ones as merges will follow."""
    rows_and_room: Rows = np.concatenate(  # type: ignore[assignment]  # the stubs lose the shape
        [rows, np.empty((count - 1, *rows.shape[1:]), rows.dtype)]
    )
    return rows_and_room


@kernel
def _group(
    pairs: Ints,
    regions: int,
    sizes: Ints,
    boxes: Ints,
    colour: Floats,
    texture: Floats,
    used: Floats,
    pixels: np.float32,
) -> tuple[Ints, Floats, Ints, Ints, Floats]:
    """Fill the nodes' rows; each merge's row among the compared pairs, its similarities, and all compared pairs."""
    room = 16 + 8 * len(pairs)
    compared, since = np.empty((room, 2), np.int32), np.zeros(room, np.int32)
    sums, keys, queue = (
        np.empty(room, np.float32),
        np.empty(room, np.float32),
        np.empty(room, np.int32),
    )
    # Link 2 * row + side is in the list of `compared[row, side]` and leads to its partner there.
    first_link, next_link = np.full(len(sizes), -1, np.int32), np.empty(2 * room, np.int32)
    alive = np.zeros(len(sizes), np.bool_)
    alive[:regions] = True
    met, neighbours = np.full(len(sizes), -1, np.int32), np.empty(len(sizes), np.int32)
    merged, similarities = np.empty(regions - 1, np.int32), np.empty((regions - 1, 4), np.float32)
    rows, length = len(pairs), len(pairs)
    for row in range(rows):
        one, other = pairs[row]
        _link(compared, first_link, next_link, row, one, other)
        sums[row] = similarity_of(one, other, sizes, boxes, colour, texture, used, pixels)
        push(keys, queue, row, sums[row], row)
    for merge in range(regions - 1):
        while True:
            row = queue[0]
            one, other = compared[row]
            pop(keys, queue, length)
            length -= 1
            if alive[one] and alive[other]:
                break
        new = regions + merge
        merged[merge] = row
        all_similarities(one, other, sizes, boxes, colour, texture, pixels, similarities[merge])
        alive[one], alive[other], alive[new] = False, False, True
        join(one, other, new, sizes, boxes, colour, texture)
        found = _neighbours(
            one, other, new, compared, first_link, next_link, alive, met, neighbours
        )
        if rows + found > len(sums):
            compared, since, sums = _longer(compared), _longer(since), _longer(sums)
            keys, queue, next_link = _longer(keys), _longer(queue), _longer(next_link)
        for neighbour in neighbours[:found]:
            _link(compared, first_link, next_link, rows, neighbour, new)
            since[rows] = merge + 1
            sums[rows] = similarity_of(neighbour, new, sizes, boxes, colour, texture, used, pixels)
            push(keys, queue, length, sums[rows], rows)
            rows, length = rows + 1, length + 1
    return merged, similarities, compared[:rows], since[:rows], sums[:rows]


@kernel
def _link(
    compared: Ints, first_link: Ints, next_link: Ints, row: int, one: int, other: int
) -> None:
    """Write the pair into its row, and the row into both nodes' lists of neighbours."""
    compared[row, 0], compared[row, 1] = one, other
    next_link[2 * row], next_link[2 * row + 1] = first_link[one], first_link[other]
    first_link[one], first_link[other] = 2 * row, 2 * row + 1


@kernel
def _neighbours(
    one: int,
    other: int,
    new: int,
    compared: Ints,
    first_link: Ints,
    next_link: Ints,
    alive: npt.NDArray[np.bool_],
    met: Ints,
    neighbours: Ints,
) -> int:
    """Write the living neighbours of two nodes that became one, each once; how many there are."""
    found = 0
    for node in (one, other):
        link = first_link[node]
        while link >= 0:
            neighbour = compared[link >> 1, 1 - (link & 1)]
            if alive[neighbour] and met[neighbour] != new:
                met[neighbour] = new
                neighbours[found] = neighbour
                found += 1
            link = next_link[link]
    return found


@kernel
def _longer(rows: Rows) -> Rows:
    """The same rows with room for as many again, and at least for a neighbour of every node."""
    return np.concatenate((rows, np.zeros_like(rows)))  # type: ignore[return-value]  # as above


@kernel
def push(keys: Floats, items: Ints, length: int, key: float, item: int) -> None:
    """Add an item to a heap of `length` items; the arrays are longer than that."""
    place = length
    while place > 0:
        above = (place - 1) >> 1
        if keys[above] > key or (keys[above] == key and items[above] < item):
            break
        keys[place], items[place] = keys[above], items[above]
        place = above
    keys[place], items[place] = key, item


@kernel
def pop(keys: Floats, items: Ints, length: int) -> None:
    """Take the top, `items[0]`, off a heap of `length` items; the last place is free afterwards."""
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
