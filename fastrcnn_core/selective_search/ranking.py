"""Ranking of boxes, and removal of near-duplicates.

Shape letters: P boxes; K of them kept; R regions, M merges, T unmerged pairs of a hierarchy.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastrcnn_core.selective_search.compiled import fastmath_kernel, kernel
from fastrcnn_core.selective_search.grouping import Hierarchy, heap_pop, heap_push
from fastrcnn_core.selective_search.segmentation import Floats

Indices = npt.NDArray[np.int64]

# Boxes of a lower IoU are not duplicates of each other. Source: the PASCAL VOC criterion.
_DUPLICATE_IOU = 0.5
# Power of the penalty on partial duplicates: a box of IoU 3/4 with a better one comes twice as late as one of IoU 1/2.
# Chosen here on Penn-Fudan: a steeper penalty was better for the first 100 boxes and worse from 500 on; linear and
# exponential ones were no better.
DUPLICATE_PENALTY = 1.0

# Boxes are compared with 64 others at a time, without a branch between, so that the compiler can vectorise.
_CHUNK = 64
_OCTAVES = 64  # areas from 1 to 2^63 pixels


def hierarchy_rank(hierarchy: Hierarchy) -> Floats:
    """Rank a hierarchy's boxes, low is good, by the number of regions left when each was first compared or merged.

    First all nodes, then all unmerged pairs: (R + M + T,) float32. Ties are broken by similarity. Uijlings et al. (IJCV
    2013, section 4.3) multiply this rank by a random number lest large regions come first; here `deduplicate`
    penalises partial duplicates instead, and nothing is drawn.
    """
    regions, merges = hierarchy.regions, len(hierarchy.merged_pairs)
    regions_left = [
        np.full(regions, regions),
        regions - np.arange(merges),
        regions - hierarchy.unmerged_since,
    ]
    similarity = [np.zeros(regions, np.float32), hierarchy.sums, hierarchy.unmerged_sums]
    return (np.concatenate(regions_left) - np.concatenate(similarity) / 8).astype(np.float32)


def penalise_area(
    ranks: Floats, boxes: npt.NDArray[np.int32], *, pixels: int, power: float
) -> Floats:
    """Multiply ranks by each box's share of the picture's area to a power: (P,), (P, 4) → (P,) float32."""
    sides = (boxes[:, 2:] - boxes[:, :2]).astype(np.float32)
    share = sides[:, 0] * sides[:, 1] / np.float32(pixels)
    return (ranks * share ** np.float32(power)).astype(np.float32)


def pseudo_random(ranks: Floats, generator: np.random.Generator) -> Floats:
    """Multiply ranks by random numbers from [0, 1). Source: Uijlings et al., section 4.3."""
    return (ranks * generator.random(len(ranks))).astype(np.float32)


def deduplicate(
    boxes: Floats,
    ranks: Floats,
    *,
    iou: float,
    duplicate_penalty: float = DUPLICATE_PENALTY,
    limit: int,
) -> Indices:
    """Remove near-duplicates greedily: (K,) int64 indices, best first, no two boxes above this IoU, K ≤ limit.

    Then partial duplicates come later: the rank is divided by 2 * (1 - the highest IoU with a better kept box), where
    that is less than 1, to the power of `duplicate_penalty`.

    Args:
        boxes: (P, 4) float32, best first.
        ranks: (P,) float32, ascending; not negative if there is a penalty.
        iou: 1 removes exact duplicates only.
        duplicate_penalty: 0 leaves the order as it is.
        limit: boxes that cannot be among this many are not compared.
    """
    keep, keys = _deduplicate(
        np.ascontiguousarray(boxes, np.float32),
        np.ascontiguousarray(ranks, np.float32),
        np.float32(iou),
        np.float32(duplicate_penalty),
        limit,
    )
    return keep[np.argsort(keys, kind="stable")[:limit]]


@kernel
def _deduplicate(
    boxes: Floats, ranks: Floats, iou: np.float32, duplicate_penalty: np.float32, limit: int
) -> tuple[Indices, Floats]:
    """Find the indices of the kept boxes, and the key that orders each."""
    count = len(boxes)
    keep, keys = np.empty(count, np.int64), np.empty(count, np.float32)
    found = 0
    # Two boxes of IoU > 1/2 are at most one octave of area apart: each octave has its own list.
    corners, areas = np.empty((_OCTAVES, 4, 64), np.float32), np.ones((_OCTAVES, 64), np.float32)
    lengths = np.zeros(_OCTAVES, np.int64)
    # Heap of the best `limit` keys, the worst on top: once the ranks reach it, no later box can enter.
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
        novelty = np.float32(2) * (np.float32(1) - max(most, np.float32(_DUPLICATE_IOU)))
        keep[found], keys[found] = index, ranks[index] * novelty**-duplicate_penalty
        heap_push(best, best_items, min(found, limit), keys[found], found)
        if found >= limit:
            heap_pop(best, best_items, limit + 1)
        found += 1
        if lengths[octave] == corners.shape[2]:
            corners = np.concatenate((corners, np.zeros_like(corners)), axis=2)
            areas = np.concatenate((areas, np.ones_like(areas)), axis=1)
        corners[octave, :, lengths[octave]] = box
        areas[octave, lengths[octave]] = area
        lengths[octave] += 1
    return keep[:found].copy(), keys[:found].copy()


@fastmath_kernel
def _highest_iou(
    box: Floats,
    area: np.float32,
    corners: Floats,
    areas: Floats,
    length: int,
    enough: np.float32,
    most: np.float32,
) -> np.float32:
    """Find the highest IoU with any of these boxes, latest first; stop at one above `enough`."""
    for last in range(length, 0, -_CHUNK):
        for index in range(max(last - _CHUNK, 0), last):
            width = min(box[2], corners[2, index]) - max(box[0], corners[0, index])
            height = min(box[3], corners[3, index]) - max(box[1], corners[1, index])
            intersection = max(width, np.float32(0)) * max(height, np.float32(0))
            most = max(most, intersection / (area + areas[index] - intersection))
        if most > enough:
            break
    return most
