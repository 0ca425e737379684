"""At which stage was a ground-truth box lost? No proposal, scored low, badly localised, suppressed, or found.

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
from fastrcnn_core.structures import (
    AnnotatedImage,
    Detections,
    FloatArray,
    IntArray,
    RoIPredictions,
)

Stage = Literal["proposals", "score", "localisation", "suppression", "limit", "found"]


@dataclass(frozen=True)
class Fate:
    """What became of one ground-truth box.

    Args:
        gt_index: its row.
        stage: where it was lost. `proposals`: no RoI overlaps it enough. `score`: none of the RoIs or boxes that do is
            confident enough. `localisation`: confident RoIs lie on it, but their corrected boxes miss it.
            `suppression`: its good box was silenced by a better-scored one, or its only ones serve somebody else.
            `limit`: a good box came after the last detection that is kept. `found`: a detection hit it.
        proposal_iou: the best IoU of an RoI with it; 0 without RoIs.
        roi_index: the row of the RoI that tells the story: the most confident among those that could have found it,
            else the one that overlaps it most; -1 without RoIs.
        score: that RoI's score for the true class. box_iou: the IoU of its corrected box.
        detection: the row of the detection that found it, or that stands where it should; -1 if there is none.
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
) -> tuple[Fate, ...]:
    """The fate of each ground-truth box of a picture, in its order, crowds left out; N may be 0.

    Args:
        predictions: what the network said of every proposal of this picture.
        config: the thresholds whose victims are looked for.
        iou: from here on a box counts as lying on a person.
    """
    detections = select(predictions, config)
    finder = match_detections(detections, annotated, iou=iou).found_by
    return tuple(
        _fate(row, predictions, annotated, config, detections, finder, iou)
        for row in np.flatnonzero(~annotated.is_crowd).tolist()
    )


def _fate(
    gt_index: int,
    predictions: RoIPredictions,
    annotated: AnnotatedImage,
    config: DetectionConfig,
    detections: Detections,
    finder: IntArray,
    iou: float,
) -> Fate:
    label = int(annotated.labels[gt_index])
    target = annotated.boxes[gt_index : gt_index + 1]
    on_it = pairwise_iou(predictions.rois.numpy(), target)[:, 0]  # (P,)
    boxes = predictions.boxes[:, label - 1].numpy()  # (P, 4)
    box_on_it = pairwise_iou(boxes, target)[:, 0]
    scores = predictions.scores[:, label].numpy()
    confident = scores >= config.score_threshold
    found_by = int(finder[gt_index])
    if found_by >= 0:
        stage, roi, stands_there = "found", int(detections.roi_index[found_by]), found_by
    elif (good := _own(boxes, scores, confident & (box_on_it >= iou), annotated, gt_index)) >= 0:
        stage, stands_there = _after_nms(detections, good, label)
        roi = good
    elif (astray := _best(scores, confident & (on_it >= iou))) >= 0:
        stage, roi, stands_there = "localisation", astray, _row_of(detections, astray, label)
    elif (unsure := _best(scores, (on_it >= iou) | (box_on_it >= iou))) >= 0:
        stage, roi, stands_there = "score", unsure, -1
    else:
        stage, roi, stands_there = "proposals", _best(on_it, np.ones_like(confident)), -1
    return Fate(
        gt_index=gt_index,
        stage=stage,  # type: ignore[arg-type]
        proposal_iou=float(on_it.max(initial=0.0)),
        roi_index=roi,
        score=float(scores[roi]) if roi >= 0 else 0.0,
        box_iou=float(box_on_it[roi]) if roi >= 0 else 0.0,
        detection=stands_there,
    )


def _own(
    boxes: FloatArray,
    scores: FloatArray,
    is_good: np.ndarray,
    annotated: AnnotatedImage,
    gt_index: int,
) -> int:
    """The most confident good box, first among those that lie on nobody else of its class more; -1 without any."""
    rows = np.flatnonzero(is_good)
    overlap = pairwise_iou(boxes[rows], annotated.boxes)
    overlap[:, annotated.labels != annotated.labels[gt_index]] = 0.0
    is_own = np.zeros_like(is_good)
    is_own[rows] = overlap[:, gt_index] >= overlap.max(axis=1, initial=0.0)
    return _best(scores, is_own if is_own.any() else is_good)


def _after_nms(detections: Detections, roi: int, label: int) -> tuple[Stage, int]:
    """Why a confident, well-placed box found nobody: silenced, serving somebody else, or beyond the limit."""
    silenced = detections.suppressed
    rows = np.flatnonzero((silenced.roi_index.numpy() == roi) & (silenced.labels.numpy() == label))
    if len(rows):
        return "suppression", int(silenced.by[rows[0]])
    survivor = _row_of(detections, roi, label)
    return ("suppression", survivor) if survivor >= 0 else ("limit", -1)


def _row_of(detections: Detections, roi: int, label: int) -> int:
    """The detection that came from this RoI; -1 if there is none."""
    rows = np.flatnonzero(
        (detections.roi_index.numpy() == roi) & (detections.labels.numpy() == label)
    )
    return int(rows[0]) if len(rows) else -1


def _best(values: FloatArray, among: np.ndarray) -> int:
    """The row of the highest value among some; -1 if they are none."""
    return int(np.where(among, values, -np.inf).argmax()) if among.any() else -1
