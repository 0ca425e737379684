"""Which boxes come first, and which of two nearly equal boxes stays.

Shape letters: P boxes; K of them kept.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastrcnn_core.selective_search.compiled import kernel, reducing_kernel
from fastrcnn_core.selective_search.grouping import Hierarchy, pop, push
from fastrcnn_core.selective_search.segmentation import Floats

Indices = npt.NDArray[np.int64]

# Two boxes that overlap less than this are two different things. Source: the PASCAL VOC criterion, as everywhere here.
_REPEATS_FROM = 0.5
# The less of a box is new, the later it comes: with 1/4 new twice as late as with 1/2. Chosen here: steeper was better
# for the first 100 boxes and worse from 500 on; linear and exponential costs were no better.
REPEATS_COST = 1.0

# Boxes are compared with 64 others at a time, without a branch between: the processor does several at once.
_CHUNK = 64
_OCTAVES = 64  # areas from 1 to 2^63 pixels


def places(hierarchy: Hierarchy) -> Floats:
    """Each box's place in its hierarchy, low is good: how many regions were left when the grouping met it.

    First all nodes, then all pairs passed over: (R + M + T,) float32. Of two boxes that were met at the same time the
    pair that is more alike is first. Uijlings et al. (IJCV 2013, section 4.3) take the place as well, and multiply it
    by a random number lest large regions come first; here repeats are sent back instead, and nothing is drawn.
    """
    regions, merges = hierarchy.regions, len(hierarchy.pairs)
    left = [
        np.full(regions, regions),
        regions - np.arange(merges),
        regions - hierarchy.passed_over_since,
    ]
    alike = [np.zeros(regions, np.float32), hierarchy.sums, hierarchy.passed_over_sums]
    return (np.concatenate(left) - np.concatenate(alike) / 8).astype(np.float32)


def small_first(
    ranks: Floats, boxes: npt.NDArray[np.int32], *, pixels: int, power: float
) -> Floats:
    """The ranks times each box's share of the picture to a power: (P,), (P, 4) → (P,) float32; 0 changes nothing."""
    sides = (boxes[:, 2:] - boxes[:, :2]).astype(np.float32)
    share = sides[:, 0] * sides[:, 1] / np.float32(pixels)
    return (ranks * share ** np.float32(power)).astype(np.float32)


def pseudo_random(ranks: Floats, generator: np.random.Generator) -> Floats:
    """The rank of the paper, low is good: the place times a random number. Source: Uijlings et al., section 4.3."""
    return (ranks * generator.random(len(ranks))).astype(np.float32)


def distinct(
    boxes: Floats, ranks: Floats, *, iou: float, repeats_cost: float = REPEATS_COST, limit: int
) -> Indices:
    """The best boxes of which no two have more than this IoU, best first: (K,) int64 indices, K ≤ limit.

    Whoever is first in rank stays. Then boxes that repeat a better one come later: the rank is divided by
    2 * (1 - the highest IoU with a better one that stays), where that is less than 1, to the power of repeats_cost.

    Args:
        boxes: (P, 4) float32, best first.
        ranks: (P,) float32, ascending; not negative if repeats cost anything.
        iou: 1 takes away exact repeats only.
        repeats_cost: 0 leaves the order as it is.
        limit: what cannot be among this many is not looked at.
    """
    kept, keys = _distinct(
        np.ascontiguousarray(boxes, np.float32),
        np.ascontiguousarray(ranks, np.float32),
        np.float32(iou),
        np.float32(repeats_cost),
        limit,
    )
    return kept[np.argsort(keys, kind="stable")[:limit]]


@kernel
def _distinct(
    boxes: Floats, ranks: Floats, iou: np.float32, repeats_cost: np.float32, limit: int
) -> tuple[Indices, Floats]:
    """Indices of the boxes that stay, and the key by which each is ordered."""
    count = len(boxes)
    kept, keys = np.empty(count, np.int64), np.empty(count, np.float32)
    found = 0
    # Two boxes of IoU > 1/2 are at most one octave of area apart: each octave keeps its own list.
    corners, areas = np.empty((_OCTAVES, 4, 64), np.float32), np.ones((_OCTAVES, 64), np.float32)
    lengths = np.zeros(_OCTAVES, np.int64)
    # The best keys so far, the worst of them on top: once it is reached by the ranks, nothing changes any more.
    best, best_items = np.empty(limit + 1, np.float32), np.empty(limit + 1, np.int32)
    for index in range(count):
        if found >= limit and ranks[index] > best[0]:
            break
        box = boxes[index]
        area = (box[2] - box[0]) * (box[3] - box[1])
        octave = int(np.log2(max(area, np.float32(1)))) + 1
        most = np.float32(0)
        for near in (octave, octave - 1, octave + 1):
            if most <= iou:
                most = _highest_iou(box, area, corners[near], areas[near], lengths[near], iou, most)
        if most > iou or most == 1:
            continue
        rest = np.float32(2) * (np.float32(1) - max(most, np.float32(_REPEATS_FROM)))
        kept[found], keys[found] = index, ranks[index] * rest**-repeats_cost
        push(best, best_items, min(found, limit), keys[found], found)
        if found >= limit:
            pop(best, best_items, limit + 1)
        found += 1
        if lengths[octave] == corners.shape[2]:
            corners = np.concatenate((corners, np.zeros_like(corners)), axis=2)
            areas = np.concatenate((areas, np.ones_like(areas)), axis=1)
        corners[octave, :, lengths[octave]] = box
        areas[octave, lengths[octave]] = area
        lengths[octave] += 1
    return kept[:found].copy(), keys[:found].copy()


@reducing_kernel
def _highest_iou(
    box: Floats,
    area: np.float32,
    corners: Floats,
    areas: Floats,
    length: int,
    enough: np.float32,
    most: np.float32,
) -> np.float32:
    """The highest IoU with any of these boxes, latest first; any that is higher than `enough` ends the search."""
    for last in range(length, 0, -_CHUNK):
        for other in range(max(last - _CHUNK, 0), last):
            width = min(box[2], corners[2, other]) - max(box[0], corners[0, other])
            height = min(box[3], corners[3, other]) - max(box[1], corners[1, other])
            shared = max(width, np.float32(0)) * max(height, np.float32(0))
            most = max(most, shared / (area + areas[other] - shared))
        if most > enough:
            break
    return most
