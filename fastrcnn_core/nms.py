"""Non-maximum suppression (NMS), greedy and soft, that records which box suppressed or decayed which.

Both are one long sequence of small decisions and run on the CPU, wherever the boxes are; results are on their device.

Shape letters: N boxes of one class, D kept boxes, M remaining boxes.
Sources: greedy: Girshick, Fast R-CNN, ICCV 2015, section 3; soft: Bodla et al., Soft-NMS: improving object detection
with one line of code, ICCV 2017, section 3, figure 2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.errors import ScoreError
from fastrcnn_core.structures import FloatArray, IntArray, Suppression

# A decay function: IoUs with a better box, (M,) in [0, 1] → the factors of the scores, (M,) in [0, 1].
ScoreDecay = Callable[[FloatArray], FloatArray]

_BLOCK = 128  # boxes decided together: their block of the IoU matrix stays in the CPU's cache


def greedy_nms(boxes: Tensor, scores: Tensor, *, iou_threshold: float) -> Suppression:
    """Keep the best box, suppress all whose IoU with it is above the threshold, and go on with the rest.

    `keep` equals `torchvision.ops.nms`'s.

    Args:
        boxes: (N, 4) float32. scores: (N,); of equal scores the earlier box comes first.
        iou_threshold: a box is suppressed above it, not at it.

    Raises:
        ScoreError: a score is NaN or infinite.
    """
    expect_finite(scores)
    order = scores.argsort(descending=True, stable=True)
    by_rank, iou_of_rank = _greedy(boxes[order].cpu().numpy(), iou_threshold)
    suppressor = torch.as_tensor(by_rank, device=order.device)  # rank → rank
    by = torch.where(suppressor < 0, suppressor, order[suppressor])
    suppressed_by, iou = torch.empty_like(by), boxes.new_empty(len(boxes))
    suppressed_by[order] = by
    iou[order] = torch.as_tensor(iou_of_rank, device=boxes.device)
    return Suppression(order[suppressor < 0], suppressed_by, iou, scores, decayed_by=suppressed_by)


def soft_nms(
    boxes: Tensor, scores: Tensor, *, decay: ScoreDecay, score_threshold: float
) -> Suppression:
    """Keep the best box, decay the scores of the rest, drop those below the threshold, and go on.

    Args:
        boxes: (N, 4) float32. scores: (N,) float32; of equal scores the earlier box comes first.
        decay: `linear_decay(...)` or `gaussian_decay(...)`.
        score_threshold: a box at it stays. The boxes kept at a higher threshold are the first of those kept at a
            lower one.

    Raises:
        ScoreError: a score is NaN or infinite.
    """
    expect_finite(scores)
    decayed = _DecayedScores.of(scores.cpu().numpy())
    keep = _soft(boxes.cpu().numpy(), decayed, decay, np.float32(score_threshold))
    is_kept = np.isin(np.arange(len(boxes)), keep)

    def on_device(values: IntArray | FloatArray) -> Tensor:
        return torch.as_tensor(values, device=boxes.device)

    return Suppression(
        keep=on_device(keep),
        suppressed_by=on_device(np.where(is_kept, -1, decayed.by)),
        iou=on_device(decayed.iou),
        scores=on_device(decayed.scores),
        decayed_by=on_device(decayed.by),
    )


def linear_decay(iou_threshold: float) -> ScoreDecay:
    """Decay by 1 - IoU above the threshold, where greedy NMS removes. Source: Soft-NMS, equation 2."""
    return lambda iou: np.where(iou > np.float64(iou_threshold), 1 - iou, np.ones_like(iou))


def gaussian_decay(sigma: float) -> ScoreDecay:
    """Decay by exp(-IoU² / σ), which has no jump. Source: Soft-NMS, equation 3."""
    return lambda iou: np.exp(-(iou**2) / np.float32(sigma))


def expect_finite(scores: Tensor) -> None:
    """Raise ScoreError if a score is NaN or infinite: NaN would be ranked first, or dropped without a word."""
    if not bool(scores.isfinite().all()):
        raise ScoreError(
            "The network's scores are NaN or infinite: its weights are damaged, or its training diverged.",
            hint="Choose another detector, or train again with a lower learning rate.",
        )


def _greedy(boxes: FloatArray, iou_threshold: float) -> tuple[IntArray, FloatArray]:
    """Find each box's suppressor, (N,), -1 if kept, and their IoU, (N,). The boxes, (N, 4), are sorted best first."""
    threshold = np.float64(iou_threshold)  # a Python float would be rounded to the boxes' float32
    suppressed_by, iou = np.full(len(boxes), -1), np.zeros(len(boxes), dtype=np.float32)
    undecided = np.arange(len(boxes))
    while len(undecided):
        block, later = undecided[:_BLOCK], undecided[_BLOCK:]
        is_kept = _keep_in_block(pairwise_iou(boxes[block], boxes[block]) > threshold)
        keep, rest = block[is_kept], np.concatenate([block[~is_kept], later])
        with_kept = pairwise_iou(boxes[keep], boxes[rest])
        overlaps = with_kept > threshold
        is_suppressed = overlaps.any(axis=0)
        suppressed, best = rest[is_suppressed], overlaps.argmax(axis=0)[is_suppressed]
        suppressed_by[suppressed], iou[suppressed] = keep[best], with_kept[best, is_suppressed]
        undecided = rest[~is_suppressed]
    return suppressed_by, iou


def _keep_in_block(overlaps: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Select the boxes of a block, best first, that no better kept one overlaps: (B, B) → (B,)."""
    is_kept = np.ones(len(overlaps), dtype=bool)
    for rank, row in enumerate(overlaps):
        if is_kept[rank]:
            is_kept[rank + 1 :] &= ~row[rank + 1 :]
    return is_kept


@dataclass(frozen=True)
class _DecayedScores:
    """The current scores, and for each box the one that decayed its score most: all (N,), updated in place."""

    scores: FloatArray
    factor: FloatArray
    by: IntArray
    iou: FloatArray

    @classmethod
    def of(cls, scores: FloatArray) -> _DecayedScores:
        no_box, no_overlap = np.full(len(scores), -1), np.zeros_like(scores)
        return cls(scores.copy(), np.ones_like(scores), no_box, no_overlap)

    def decay(self, rows: IntArray, factor: FloatArray, by: int, iou: FloatArray) -> None:
        """Multiply the scores of these rows, and record the box `by` where its factor is the lowest so far."""
        self.scores[rows] *= factor
        is_lowest = factor < self.factor[rows]
        changed = rows[is_lowest]
        self.factor[changed], self.by[changed], self.iou[changed] = (
            factor[is_lowest],
            by,
            iou[is_lowest],
        )


def _soft(
    boxes: FloatArray, decayed: _DecayedScores, decay: ScoreDecay, threshold: np.float32
) -> IntArray:
    """Select the boxes that stay above the threshold, best decayed score first: (N, 4) → (D,)."""
    left, keep = np.flatnonzero(decayed.scores >= threshold), []
    while len(left):
        best = left[decayed.scores[left].argmax()]
        keep.append(best)
        left = left[left != best]
        iou = pairwise_iou(boxes[best : best + 1], boxes[left])[0]
        decayed.decay(left, decay(iou), best, iou)
        left = left[decayed.scores[left] >= threshold]
    return np.asarray(keep, dtype=np.int64)
