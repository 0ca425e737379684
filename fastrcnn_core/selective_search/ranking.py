"""Which boxes come first, and which of two nearly equal boxes stays.

Shape letters: P boxes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fastrcnn_core.selective_search.compiled import kernel

Floats = npt.NDArray[np.float32]


def pseudo_random_ranks(nodes: int, generator: np.random.Generator) -> Floats:
    """A rank for each node of a hierarchy, (nodes,), low is good: its place from the top times a random number.

    Source: Uijlings et al., IJCV 2013, section 4.3.
    """
    places = np.arange(nodes, 0, -1)
    return (places * generator.random(nodes)).astype(np.float32)


def distinct(boxes: Floats, *, iou: float, limit: int) -> npt.NDArray[np.int64]:
    """Indices of boxes, in order, that have at most this IoU with every box chosen before; at most `limit`.

    Args:
        boxes: (P, 4) float32, best first.
        iou: 1 takes away exact repeats only.
    """
    return _distinct(np.ascontiguousarray(boxes, np.float32), np.float32(iou), limit)


@kernel
def _distinct(boxes: Floats, iou: np.float32, limit: int) -> npt.NDArray[np.int64]:
    count = len(boxes)
    kept = np.empty(min(count, limit), np.int64)
    x1, y1 = np.empty(len(kept), np.float32), np.empty(len(kept), np.float32)
    x2, y2 = np.empty(len(kept), np.float32), np.empty(len(kept), np.float32)
    areas = np.empty(len(kept), np.float32)
    found = 0
    for index in range(count):
        if found == len(kept):
            break
        left, top, right, bottom = boxes[index]
        area = (right - left) * (bottom - top)
        is_new = True
        for other in range(found):
            if areas[other] < area * iou or areas[other] * iou > area:
                continue
            width = min(right, x2[other]) - max(left, x1[other])
            height = min(bottom, y2[other]) - max(top, y1[other])
            if width <= 0 or height <= 0:
                continue
            shared = width * height
            union = area + areas[other] - shared
            if shared > iou * union or shared == union:
                is_new = False
                break
        if is_new:
            kept[found] = index
            x1[found], y1[found], x2[found], y2[found] = left, top, right, bottom
            areas[found] = area
            found += 1
    return kept[:found].copy()
