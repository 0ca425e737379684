"""The fast half of detection: what survives the thresholds and NMS. Numbers only, no network.

Shape letters: M confident boxes, D detections, S suppressed boxes.
Source: Girshick, Fast R-CNN, ICCV 2015, section 3.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.nms import gaussian, linear, soften, suppress
from fastrcnn_core.structures import (
    Detections,
    Lowered,
    RoIPredictions,
    SuppressedBoxes,
    Suppression,
)


def select(predictions: RoIPredictions, config: DetectionConfig) -> Detections:
    """The detections: confident boxes that no better box of their class silences, the best `limit` of them.

    Numbers only, no network: made to be called at every move of a slider.
    """
    roi_index, column = (predictions.scores[:, 1:] >= config.score_threshold).nonzero(as_tuple=True)
    boxes = predictions.boxes[roi_index, column]
    scores, labels = predictions.scores[roi_index, column + 1], column + 1
    nms = _suppress_each_class(boxes, scores, labels, config)
    keep = nms.keep[: config.limit]
    place = _places(keep, count=len(labels))
    silenced = (nms.suppressed_by >= 0).nonzero()[:, 0]
    return Detections(
        boxes=boxes[keep],
        scores=nms.scores[keep],
        labels=labels[keep],
        roi_index=roi_index[keep],
        classes=predictions.classes,
        suppressed=SuppressedBoxes(
            boxes=boxes[silenced],
            scores=scores[silenced],
            labels=labels[silenced],
            roi_index=roi_index[silenced],
            by=place[nms.suppressed_by[silenced]],
            iou=nms.iou[silenced],
        ),
        lowered=None
        if config.nms == "greedy"
        else Lowered(scores[keep], place[nms.lowered_by[keep]], nms.iou[keep]),
    )


def _places(keep: Tensor, *, count: int) -> Tensor:
    """The row of each of `count` boxes among the kept; -1 for the others and, at the end, for nobody: (count + 1,)."""
    place = keep.new_full((count + 1,), -1)
    return place.index_copy(0, keep, torch.arange(len(keep), device=keep.device))


def _suppress_each_class(
    boxes: Tensor, scores: Tensor, labels: Tensor, config: DetectionConfig
) -> Suppression:
    """NMS within each class, never across: (M, 4), (M,), (M,) → M rows; `keep` over all classes, best first."""
    keep, lowered = [labels[:0]], scores.clone()
    suppressed_by, iou = torch.full_like(labels, -1), torch.zeros_like(scores)
    lowered_by = suppressed_by.clone()
    for label in labels.unique():
        rows = (labels == label).nonzero()[:, 0]
        nms = _suppress(boxes[rows], scores[rows], config)
        keep.append(rows[nms.keep])
        suppressed_by[rows] = _among(rows, nms.suppressed_by)
        lowered_by[rows] = _among(rows, nms.lowered_by)
        iou[rows], lowered[rows] = nms.iou, nms.scores
    kept = torch.cat(keep)
    best_first = lowered[kept].argsort(descending=True, stable=True)
    return Suppression(kept[best_first], suppressed_by, iou, lowered, lowered_by)


def _suppress(boxes: Tensor, scores: Tensor, config: DetectionConfig) -> Suppression:
    """The NMS that the config names, on boxes of one class."""
    if config.nms == "greedy":
        return suppress(boxes, scores, iou_threshold=config.nms_iou)
    is_linear = config.nms == "linear"
    lowering = linear(config.nms_iou) if is_linear else gaussian(config.nms_sigma)
    return soften(boxes, scores, lowering=lowering, score_threshold=config.score_threshold)


def _among(rows: Tensor, indices: Tensor) -> Tensor:
    """Indices into some rows as indices into all; -1 stays -1: (m,), (m,) → (m,)."""
    return torch.where(indices < 0, indices, rows[indices])
