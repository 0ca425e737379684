"""The fast half of detection: what survives the thresholds and NMS. Numbers only, no network.

Shape letters: M confident boxes, D detections, S suppressed boxes.
Source: Girshick, Fast R-CNN, ICCV 2015, section 3.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.nms import suppress
from fastrcnn_core.structures import Detections, RoIPredictions, SuppressedBoxes, Suppression


def select(predictions: RoIPredictions, config: DetectionConfig) -> Detections:
    """The detections: confident boxes that no better box of their class silences, the best `limit` of them.

    Numbers only, no network: made to be called at every move of a slider.
    """
    roi_index, column = (predictions.scores[:, 1:] >= config.score_threshold).nonzero(as_tuple=True)
    boxes = predictions.boxes[roi_index, column]
    scores, labels = predictions.scores[roi_index, column + 1], column + 1
    nms = _suppress_each_class(boxes, scores, labels, iou_threshold=config.nms_iou)
    keep = nms.keep[: config.limit]
    place = torch.full_like(labels, -1).index_copy(
        0, keep, torch.arange(len(keep), device=keep.device)
    )
    silenced = (nms.suppressed_by >= 0).nonzero()[:, 0]
    return Detections(
        boxes=boxes[keep],
        scores=scores[keep],
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
    )


def _suppress_each_class(
    boxes: Tensor, scores: Tensor, labels: Tensor, *, iou_threshold: float
) -> Suppression:
    """NMS within each class, never across: (M, 4), (M,), (M,) → M rows; `keep` over all classes, best first."""
    keep = [labels[:0]]
    suppressed_by, iou = torch.full_like(labels, -1), torch.zeros_like(scores)
    for label in labels.unique():
        rows = (labels == label).nonzero()[:, 0]
        nms = suppress(boxes[rows], scores[rows], iou_threshold=iou_threshold)
        keep.append(rows[nms.keep])
        is_silenced = nms.suppressed_by >= 0
        suppressed_by[rows[is_silenced]] = rows[nms.suppressed_by[is_silenced]]
        iou[rows] = nms.iou
    kept = torch.cat(keep)
    return Suppression(kept[scores[kept].argsort(descending=True, stable=True)], suppressed_by, iou)
