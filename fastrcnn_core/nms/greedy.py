"""Greedy non-maximum suppression that remembers who silenced whom.

Shape letters: N boxes, D kept boxes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.structures import FloatArray, IntArray, Suppression

_BLOCK = 128  # boxes that are settled together: their part of the IoU matrix stays in the cache


def suppress(boxes: Tensor, scores: Tensor, *, iou_threshold: float) -> Suppression:
    """Best score first, each box not yet silenced is kept and silences all whose IoU with it is above the threshold.

    `keep` equals `torchvision.ops.nms`'s. The work is one long sequence of small decisions and is done on the CPU,
    wherever the boxes are; the answer is on their device.

    Args:
        boxes: (N, 4) float32 of one class. scores: (N,); of equal scores the earlier box comes first.
        iou_threshold: a box is silenced above it, not at it.
    """
    order = scores.argsort(descending=True, stable=True)
    silenced_by, iou = _greedy(boxes[order].cpu().numpy(), iou_threshold)
    by_rank = torch.as_tensor(silenced_by, device=order.device)  # both sides are ranks
    by = torch.where(by_rank < 0, by_rank, order[by_rank])
    suppressed_by, unsorted_iou = torch.empty_like(by), boxes.new_empty(len(boxes))
    suppressed_by[order] = by
    unsorted_iou[order] = torch.as_tensor(iou, device=boxes.device)
    keep = order[by_rank < 0]
    return Suppression(keep, suppressed_by, unsorted_iou, scores, lowered_by=suppressed_by)


def _greedy(boxes: FloatArray, iou_threshold: float) -> tuple[IntArray, FloatArray]:
    """Who silences each of the boxes, sorted best first, and their IoU: (N, 4) → (N,), -1 if kept, and (N,)."""
    threshold = np.float64(iou_threshold)  # a Python float would be rounded to the boxes' float32
    silenced_by, iou = np.full(len(boxes), -1), np.zeros(len(boxes), dtype=np.float32)
    undecided = np.arange(len(boxes))
    while len(undecided):
        block, later = undecided[:_BLOCK], undecided[_BLOCK:]
        is_kept = _settle(pairwise_iou(boxes[block], boxes[block]) > threshold)
        kept, others = block[is_kept], np.concatenate([block[~is_kept], later])
        with_kept = pairwise_iou(boxes[kept], boxes[others])
        silences = with_kept > threshold
        is_silenced = silences.any(axis=0)
        silenced, best = others[is_silenced], silences.argmax(axis=0)[is_silenced]
        silenced_by[silenced], iou[silenced] = kept[best], with_kept[best, is_silenced]
        undecided = others[~is_silenced]
    return silenced_by, iou


def _settle(silences: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which of a block's boxes, best first, no better kept one silences: (B, B) → (B,)."""
    is_kept = np.ones(len(silences), dtype=bool)
    for rank, silenced in enumerate(silences):
        if is_kept[rank]:
            is_kept[rank + 1 :] &= ~silenced[rank + 1 :]
    return is_kept
