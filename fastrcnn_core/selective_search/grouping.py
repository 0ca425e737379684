"""Greedy grouping: the two most similar touching regions become one, until one region is the whole picture.

Source: Uijlings et al., IJCV 2013, section 3.1, algorithm 1, and section 3.2, equations 1 to 6.

Shape letters: R regions of the segmentation; the hierarchy has M = R - 1 merges and R + M nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastrcnn_core.selective_search.compiled import kernel
from fastrcnn_core.selective_search.regions import Regions

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

SIMILARITIES = ("colour", "texture", "size", "fill")


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Who merged with whom. Node i < R is region i of the segmentation, node R + m is what merge m made.

    Args:
        pairs: (M, 2) int32, the two nodes that merge m joins.
        similarities: (M, 4) float32 in [0, 1], colour, texture, size and fill of the pair; all four, used or not.
        boxes: (R + M, 4) int32, x1, y1, x2, y2 in pixels of the searched picture; x2, y2 exclusive.
        sizes: (R + M,) int32, pixels. The last node is the whole picture.
    """

    pairs: Ints
    similarities: Floats
    boxes: Ints
    sizes: Ints

    @property
    def regions(self) -> int:
        """How many nodes come from the segmentation."""
        return len(self.sizes) - len(self.pairs)


def group(regions: Regions, *, similarity: str, pixels: int) -> Hierarchy:
    """The hierarchy that grows out of the regions.

    Args:
        regions: of one segmentation, all connected with each other over touching pairs.
        similarity: which similarities are added up, letters of "CTSF": colour, texture, size, fill.
        pixels: of the searched picture.
    """
    used = np.array([letter in similarity for letter in "CTSF"], np.float32)
    return Hierarchy(
        *_group(
            regions.sizes,
            regions.boxes,
            regions.colour,
            regions.texture,
            regions.pairs,
            used,
            np.float32(pixels),
        )
    )


@kernel
def _overlap(one: Floats, other: Floats) -> np.float32:
    """Histogram intersection."""
    total = np.float32(0)
    for bin_ in range(len(one)):
        total += min(one[bin_], other[bin_])
    return total


@kernel
def _compare(
    one: int,
    other: int,
    sizes: Ints,
    boxes: Ints,
    colour: Floats,
    texture: Floats,
    used: Floats,
    pixels: np.float32,
    values: Floats,
) -> np.float32:
    """The sum of the used similarities of two regions; all that are used are written to `values`."""
    values[:] = 0
    joint = np.float32(sizes[one] + sizes[other])
    if used[0] > 0:
        values[0] = _overlap(colour[one], colour[other])
    if used[1] > 0:
        values[1] = _overlap(texture[one], texture[other])
    values[2] = 1 - joint / pixels
    width = max(boxes[one, 2], boxes[other, 2]) - min(boxes[one, 0], boxes[other, 0])
    height = max(boxes[one, 3], boxes[other, 3]) - min(boxes[one, 1], boxes[other, 1])
    values[3] = 1 - (np.float32(width) * np.float32(height) - joint) / pixels
    return used[0] * values[0] + used[1] * values[1] + used[2] * values[2] + used[3] * values[3]


@kernel
def _push(
    keys: Floats, items: npt.NDArray[np.int64], length: int, key: np.float32, item: int
) -> None:
    """Add to a binary heap whose largest key is at the top; of equal keys the older item is higher."""
    place = length
    while place > 0:
        above = (place - 1) >> 1
        if keys[above] > key or (keys[above] == key and items[above] < item):
            break
        keys[place], items[place] = keys[above], items[above]
        place = above
    keys[place], items[place] = key, item


@kernel
def _pop(keys: Floats, items: npt.NDArray[np.int64], length: int) -> None:
    """Take the top off a heap of `length` items; the last place is free afterwards."""
    key, item = keys[length - 1], items[length - 1]
    place = 0
    while True:
        below = 2 * place + 1
        if below >= length - 1:
            break
        if below + 1 < length - 1 and (
            keys[below + 1] > keys[below]
            or (keys[below + 1] == keys[below] and items[below + 1] < items[below])
        ):
            below += 1
        if key > keys[below] or (key == keys[below] and item < items[below]):
            break
        keys[place], items[place] = keys[below], items[below]
        place = below
    keys[place], items[place] = key, item


@kernel
def _link(
    first_link: Ints, next_link: Ints, link_to: Ints, link: int, start: int, end: int
) -> None:
    """Put `end` at the head of `start`'s list of neighbours."""
    link_to[link], next_link[link] = end, first_link[start]
    first_link[start] = link


@kernel
def _group(
    region_sizes: Ints,
    region_boxes: Ints,
    region_colour: Floats,
    region_texture: Floats,
    pairs: Ints,
    used: Floats,
    pixels: np.float32,
) -> tuple[Ints, Floats, Ints, Ints]:
    regions = len(region_sizes)
    nodes = 2 * regions - 1
    merges = np.empty((regions - 1, 2), np.int32)
    similarities = np.empty((regions - 1, 4), np.float32)
    boxes = np.empty((nodes, 4), np.int32)
    sizes = np.empty(nodes, np.int32)
    colour = np.empty((nodes, region_colour.shape[1]), np.float32)
    texture = np.empty((nodes, region_texture.shape[1]), np.float32)
    boxes[:regions], sizes[:regions] = region_boxes, region_sizes
    colour[:regions], texture[:regions] = region_colour, region_texture
    alive = np.zeros(nodes, np.bool_)
    alive[:regions] = True
    values = np.empty(4, np.float32)

    # Each node's neighbours are a linked list of links; a link to a node that is gone is skipped.
    capacity = max(16, 8 * len(pairs))
    first_link = np.full(nodes, -1, np.int32)
    next_link = np.empty(capacity, np.int32)
    link_to = np.empty(capacity, np.int32)
    links = 0
    keys = np.empty(capacity, np.float32)
    items = np.empty(capacity, np.int64)
    length = 0
    for pair in range(len(pairs)):
        one, other = pairs[pair, 0], pairs[pair, 1]
        _link(first_link, next_link, link_to, links, one, other)
        _link(first_link, next_link, link_to, links + 1, other, one)
        links += 2
        key = _compare(one, other, sizes, boxes, colour, texture, used, pixels, values)
        _push(keys, items, length, key, int(one) * nodes + other)
        length += 1

    met = np.full(nodes, -1, np.int32)
    merge = 0
    while merge < regions - 1:
        one, other = items[0] // nodes, items[0] % nodes
        _pop(keys, items, length)
        length -= 1
        if not (alive[one] and alive[other]):
            continue
        every = np.ones(4, np.float32)
        _compare(one, other, sizes, boxes, colour, texture, every, pixels, similarities[merge])
        new = regions + merge
        merges[merge, 0], merges[merge, 1] = one, other
        alive[one], alive[other], alive[new] = False, False, True
        sizes[new] = sizes[one] + sizes[other]
        for side in range(2):
            boxes[new, side] = min(boxes[one, side], boxes[other, side])
            boxes[new, side + 2] = max(boxes[one, side + 2], boxes[other, side + 2])
        share = np.float32(sizes[one]) / np.float32(sizes[new])
        for bin_ in range(colour.shape[1]):
            colour[new, bin_] = share * colour[one, bin_] + (1 - share) * colour[other, bin_]
        for bin_ in range(texture.shape[1]):
            texture[new, bin_] = share * texture[one, bin_] + (1 - share) * texture[other, bin_]
        for parent in (one, other):
            link = first_link[parent]
            while link >= 0:
                neighbour = link_to[link]
                link = next_link[link]
                if not alive[neighbour] or met[neighbour] == new:
                    continue
                met[neighbour] = new
                if links + 2 > len(link_to):
                    link_to = np.concatenate((link_to, np.empty_like(link_to)))
                    next_link = np.concatenate((next_link, np.empty_like(next_link)))
                _link(first_link, next_link, link_to, links, new, neighbour)
                _link(first_link, next_link, link_to, links + 1, neighbour, new)
                links += 2
                if length + 1 > len(keys):
                    keys = np.concatenate((keys, np.empty_like(keys)))
                    items = np.concatenate((items, np.empty_like(items)))
                key = _compare(new, neighbour, sizes, boxes, colour, texture, used, pixels, values)
                _push(keys, items, length, key, int(neighbour) * nodes + new)
                length += 1
        merge += 1
    return merges, similarities, boxes, sizes
