"""Miss diagnosis: the stage at which each ground-truth box was lost, from proposals to the detection limit.

Shape letters: N ground-truth boxes, P RoIs (the proposals), K classes without the background, D detections.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.detection import select
from fastrcnn_core.detection.matching import match_detections
from fastrcnn_core.prediction_trace import Outcome, trace_outcome
from fastrcnn_core.structures import (
    AnnotatedImage,
    BoolArray,
    Detections,
    FloatArray,
    RoIPredictions,
)

Stage = Literal["proposals", "score", "localisation", "suppression", "limit", "found"]


@dataclass(frozen=True)
class MissDiagnosis:
    """The stage at which one ground-truth box was lost, or its true positive.

    Args:
        gt_index: its row.
        stage: where it was lost. `proposals`: no RoI overlaps it enough. `score`: no RoI or box that does reaches the
            score threshold. `localisation`: confident RoIs overlap it, but their predicted boxes miss it.
            `suppression`: its good box was suppressed by a better-scored one, or is another object's true positive.
            `limit`: a good box ranks behind the detection limit. `found`: a detection is its true positive.
        proposal_iou: the highest IoU of an RoI with it; 0 without RoIs.
        roi_index: the row of the most confident RoI among those that could have found it, else of the one with the
            highest IoU; -1 without RoIs.
        score: that RoI's score for the true class. box_iou: the IoU of its predicted box.
        detection: the row of the true positive, or of the detection in its place; -1 without one.
    """

    gt_index: int
    stage: Stage
    proposal_iou: float
    roi_index: int
    score: float
    box_iou: float
    detection: int


def diagnose(
    predictions: RoIPredictions,
    annotated: AnnotatedImage,
    config: DetectionConfig,
    *,
    iou: float = 0.5,
) -> tuple[MissDiagnosis, ...]:
    """Diagnose each ground-truth box of an image, in order, crowds left out; N may be 0.

    Args:
        predictions: of all proposals of this image.
        config: the thresholds that lose boxes.
        iou: from which a box counts as on an object.
    """
    detections = select(predictions, config)
    found_by = match_detections(detections, annotated, iou=iou).found_by
    return tuple(
        _diagnose(row, predictions, annotated, config, detections, int(found_by[row]), iou)
        for row in np.flatnonzero(~annotated.is_crowd).tolist()
    )


def _diagnose(
    gt_index: int,
    predictions: RoIPredictions,
    annotated: AnnotatedImage,
    config: DetectionConfig,
    detections: Detections,
    found_by: int,
    iou: float,
) -> MissDiagnosis:
    """Test the stages from the last to the first; the first that has a good box or RoI is where the object was lost."""
    label = int(annotated.labels[gt_index])
    target = annotated.boxes[gt_index : gt_index + 1]
    boxes = predictions.boxes[:, label - 1].numpy()  # (P, 4)
    roi_iou = pairwise_iou(predictions.rois.numpy(), target)[:, 0]  # (P,)
    box_iou = pairwise_iou(boxes, target)[:, 0]
    scores = predictions.scores[:, label].numpy()
    confident = scores >= config.score_threshold

    def outcome_of(roi: int) -> tuple[Outcome, int]:
        return trace_outcome(detections, config, roi, label, float(scores[roi]))[:2]

    stage: Stage
    if found_by >= 0:
        stage, roi, detection = "found", int(detections.roi_index[found_by]), found_by
    elif (good := _own(boxes, scores, confident & (box_iou >= iou), annotated, gt_index)) >= 0:
        # Suppressed, another object's true positive, or beyond the limit.
        roi, detection = good, outcome_of(good)[1]
        stage = "suppression" if detection >= 0 else "limit"
    elif (astray := _best(scores, confident & (roi_iou >= iou))) >= 0:
        outcome, row = outcome_of(astray)
        stage, roi, detection = "localisation", astray, row if outcome == "detection" else -1
    elif (unsure := _best(scores, (roi_iou >= iou) | (box_iou >= iou))) >= 0:
        stage, roi, detection = "score", unsure, -1
    else:
        stage, roi, detection = "proposals", _best(roi_iou, np.ones_like(confident)), -1
    return MissDiagnosis(
        gt_index=gt_index,
        stage=stage,
        proposal_iou=float(roi_iou.max(initial=0.0)),
        roi_index=roi,
        score=float(scores[roi]) if roi >= 0 else 0.0,
        box_iou=float(box_iou[roi]) if roi >= 0 else 0.0,
        detection=detection,
    )


def _own(
    boxes: FloatArray,
    scores: FloatArray,
    is_good: BoolArray,
    annotated: AnnotatedImage,
    gt_index: int,
) -> int:
    """Select the most confident good box, preferring boxes that overlap no other object of the class more; or -1."""
    rows = np.flatnonzero(is_good)
    overlap = pairwise_iou(boxes[rows], annotated.boxes)
    overlap[:, annotated.labels != annotated.labels[gt_index]] = 0.0
    is_own = np.zeros_like(is_good)
    is_own[rows] = overlap[:, gt_index] >= overlap.max(axis=1, initial=0.0)
    return _best(scores, is_own if is_own.any() else is_good)


def _best(values: FloatArray, mask: BoolArray) -> int:
    """Find the row of the highest value within the mask; -1 if it is empty."""
    return int(np.where(mask, values, -np.inf).argmax()) if mask.any() else -1
