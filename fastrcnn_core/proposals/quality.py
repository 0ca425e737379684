"""How good are proposals? Recall at an IoU, and the mean of the best overlaps.

Source: Uijlings et al., IJCV 2013, section 5: a ground-truth box's best overlap is its highest IoU with any proposal.

Shape letters: N ground-truth boxes; P proposals; L limits; T IoUs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.structures import FloatArray


def best_overlap(
    *, proposals: FloatArray, gt_boxes: FloatArray, limits: Sequence[int]
) -> FloatArray:
    """Each ground-truth box's highest IoU with the first proposals: (L, N), a row for each limit; 0 without any."""
    best = np.zeros((len(limits), len(gt_boxes)), np.float32)
    if not len(proposals) or not len(gt_boxes):
        return best
    so_far = np.maximum.accumulate(pairwise_iou(proposals, gt_boxes), axis=0)  # (P, N)
    for row, limit in enumerate(limits):
        if limit > 0:
            best[row] = so_far[min(limit, len(proposals)) - 1]
    return best


def recall(overlaps: FloatArray, iou: float) -> float | None:
    """Share of ground-truth boxes with a best overlap of at least this: (N,) → [0, 1]; None without any box."""
    return float(np.mean(overlaps >= iou)) if len(overlaps) else None


def mean_average_best_overlap(overlaps: FloatArray) -> float | None:
    """MABO of one class: the mean of the best overlaps, (N,) → [0, 1]; None without any box."""
    return float(np.mean(overlaps)) if len(overlaps) else None


def recall_curve(overlaps: FloatArray, ious: Sequence[float]) -> FloatArray:
    """Recall at each IoU and each limit: (L, N) best overlaps → (L, T) in [0, 1]; not a number without any box."""
    thresholds = np.asarray(ious, np.float32)
    if overlaps.shape[1] == 0:
        return np.full((len(overlaps), len(thresholds)), np.nan, np.float32)
    return (overlaps[:, :, None] >= thresholds).mean(axis=1, dtype=np.float32)
