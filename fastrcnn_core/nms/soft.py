"""Soft-NMS: a better box lowers the scores of those that overlap it instead of removing them.

Shape letters: N boxes, D kept boxes, M others.
Source: Bodla et al., Soft-NMS: improving object detection with one line of code, ICCV 2017, section 3, figure 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.structures import FloatArray, IntArray, Suppression

# IoUs with a better box, (M,) in [0, 1] → what is left of the scores, (M,) in [0, 1].
Lowering = Callable[[FloatArray], FloatArray]


def linear(iou_threshold: float) -> Lowering:
    """1 - IoU above the threshold, where greedy NMS removes; 1 up to it. Source: section 3, equation 2."""
    return lambda iou: np.where(iou > np.float64(iou_threshold), 1 - iou, np.ones_like(iou))


def gaussian(sigma: float) -> Lowering:
    """exp(-IoU² / σ), which has no jump. Source: section 3, equation 3."""
    return lambda iou: np.exp(-(iou**2) / np.float32(sigma))


def soften(
    boxes: Tensor, scores: Tensor, *, lowering: Lowering, score_threshold: float
) -> Suppression:
    """Best score first, each box is kept and lowers all that are left; those below the score threshold are dropped.

    As greedy NMS it is one long sequence of small decisions, done on the CPU; the answer is where the boxes are.

    Args:
        boxes: (N, 4) float32 of one class. scores: (N,) float32; of equal scores the earlier box comes first.
        lowering: `linear(...)` or `gaussian(...)`.
        score_threshold: a box at it stays. What survives a higher one is what survives a lower one, cut off there.
    """
    softened = _Softened.of(scores.cpu().numpy())
    keep = _keep(boxes.cpu().numpy(), softened, lowering, np.float32(score_threshold))

    def there(values: IntArray | FloatArray) -> Tensor:
        return torch.as_tensor(values, device=boxes.device)

    is_kept = np.isin(np.arange(len(boxes)), keep)
    return Suppression(
        keep=there(keep),
        suppressed_by=there(np.where(is_kept, -1, softened.by)),
        iou=there(softened.iou),
        scores=there(softened.scores),
        lowered_by=there(softened.by),
    )


@dataclass(frozen=True)
class _Softened:
    """Scores on their way down, and the box that lowered each most: all (N,); written in place."""

    scores: FloatArray
    factor: FloatArray
    by: IntArray
    iou: FloatArray

    @classmethod
    def of(cls, scores: FloatArray) -> _Softened:
        nobody, no_overlap = np.full(len(scores), -1), np.zeros_like(scores)
        return cls(scores.copy(), np.ones_like(scores), nobody, no_overlap)

    def lower(self, rows: IntArray, factor: FloatArray, by: int, iou: FloatArray) -> None:
        """Multiply the scores of these rows, and remember who did it where nobody lowered them more."""
        self.scores[rows] *= factor
        more = factor < self.factor[rows]
        changed = rows[more]
        self.factor[changed], self.by[changed], self.iou[changed] = factor[more], by, iou[more]


def _keep(
    boxes: FloatArray, softened: _Softened, lowering: Lowering, threshold: np.float32
) -> IntArray:
    """The rows that stay above the threshold, best lowered score first: (N, 4) → (D,)."""
    left, keep = np.flatnonzero(softened.scores >= threshold), []
    while len(left):
        best = left[softened.scores[left].argmax()]
        keep.append(best)
        left = left[left != best]
        iou = pairwise_iou(boxes[best : best + 1], boxes[left])[0]
        softened.lower(left, lowering(iou), best, iou)
        left = left[softened.scores[left] >= threshold]
    return np.asarray(keep, dtype=np.int64)
