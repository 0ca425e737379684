"""Post-processing of predictions: score threshold, NMS of each class, and the limit. No network is run.

Shape letters: M boxes above the threshold, D detections, S suppressed boxes, K classes without the background.
Source: Girshick, Fast R-CNN, ICCV 2015, section 3.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.nms import expect_finite, gaussian_decay, greedy_nms, linear_decay, soft_nms
from fastrcnn_core.structures import (
    DecayedScores,
    Detections,
    RoIPredictions,
    SuppressedBoxes,
    Suppression,
)


def select(predictions: RoIPredictions, config: DetectionConfig) -> Detections:
    """Post-process predictions into detections: the best `limit` boxes that pass the score threshold and NMS.

    Fast enough to be called at every move of a slider.

    Raises:
        ScoreError: a score is NaN or infinite.
    """
    expect_finite(predictions.scores)
    roi_index, column = (predictions.scores[:, 1:] >= config.score_threshold).nonzero(as_tuple=True)
    boxes = predictions.boxes[roi_index, column]
    scores, labels = predictions.scores[roi_index, column + 1], column + 1
    nms = _nms_per_class(boxes, scores, labels, config)
    keep = nms.keep[: config.limit]
    row = _detection_rows(keep, count=len(labels))
    suppressed = (nms.suppressed_by >= 0).nonzero()[:, 0]
    return Detections(
        boxes=boxes[keep],
        scores=nms.scores[keep],
        labels=labels[keep],
        roi_index=roi_index[keep],
        classes=predictions.classes,
        suppressed=SuppressedBoxes(
            boxes=boxes[suppressed],
            scores=scores[suppressed],
            labels=labels[suppressed],
            roi_index=roi_index[suppressed],
            by=row[nms.suppressed_by[suppressed]],
            iou=nms.iou[suppressed],
        ),
        decayed=None
        if config.nms == "greedy"
        else DecayedScores(scores[keep], row[nms.decayed_by[keep]], nms.iou[keep]),
    )


def _detection_rows(keep: Tensor, *, count: int) -> Tensor:
    """Map each of `count` boxes to its row among the kept, or -1; the last entry, for index -1, is -1: (count + 1,)."""
    rows = keep.new_full((count + 1,), -1)
    return rows.index_copy(0, keep, torch.arange(len(keep), device=keep.device))


def _nms_per_class(
    boxes: Tensor, scores: Tensor, labels: Tensor, config: DetectionConfig
) -> Suppression:
    """Run NMS within each class, never across: (M, 4), (M,), (M,) → M rows; `keep` over all classes, best first."""
    kept_of_class, decayed = [labels[:0]], scores.clone()
    suppressed_by, iou = torch.full_like(labels, -1), torch.zeros_like(scores)
    decayed_by = suppressed_by.clone()
    for label in labels.unique():
        rows = (labels == label).nonzero()[:, 0]
        nms = _nms(boxes[rows], scores[rows], config)
        kept_of_class.append(rows[nms.keep])
        suppressed_by[rows] = _global_index(rows, nms.suppressed_by)
        decayed_by[rows] = _global_index(rows, nms.decayed_by)
        iou[rows], decayed[rows] = nms.iou, nms.scores
    keep = torch.cat(kept_of_class)
    best_first = decayed[keep].argsort(descending=True, stable=True)
    return Suppression(keep[best_first], suppressed_by, iou, decayed, decayed_by)


def _nms(boxes: Tensor, scores: Tensor, config: DetectionConfig) -> Suppression:
    """Run the kind of NMS that the config names on boxes of one class."""
    if config.nms == "greedy":
        return greedy_nms(boxes, scores, iou_threshold=config.nms_iou)
    is_linear = config.nms == "linear"
    decay = linear_decay(config.nms_iou) if is_linear else gaussian_decay(config.nms_sigma)
    return soft_nms(boxes, scores, decay=decay, score_threshold=config.score_threshold)


def _global_index(rows: Tensor, indices: Tensor) -> Tensor:
    """Convert indices into some rows to indices into all; -1 stays -1: (m,), (m,) → (m,)."""
    return torch.where(indices < 0, indices, rows[indices])
