"""Prediction trace: from one RoI over its deltas and scores to its outcome under threshold, NMS and limit.

Shape letters: R RoIs, K classes without the background, D detections, S suppressed boxes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from fastrcnn_core.boxes import encode
from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.structures import (
    Detections,
    FloatArray,
    IntArray,
    RoIPredictions,
    SuppressedBoxes,
)

Outcome = Literal["detection", "suppressed", "limit", "below"]


@dataclass(frozen=True, eq=False)
class PredictionTrace:
    """Origin and outcome of one RoI's box for one class.

    Args:
        roi_index, label: the prediction, whatever the thresholds are.
        roi: (4,) float32, the proposal. box: (4,) float32, after box regression.
        deltas: (4,) float32 from `roi` to `box` clipped to the picture; the network's own without test-time
            augmentation and without clipping.
        score: for its label. scores: (K + 1,) for all classes, the background first.
        outcome: a `detection`; `suppressed` by a better box; beyond the `limit`; or `below` the score threshold.
        detection: the row of the detection that it is, or that suppressed it; -1 without one.
        iou: with the detection that suppressed it; 0 without one.
        suppressed_rows: the rows of `Detections.suppressed` that it suppressed.
    """

    roi_index: int
    label: int
    roi: FloatArray
    box: FloatArray
    deltas: FloatArray
    score: float
    scores: FloatArray
    outcome: Outcome
    detection: int
    iou: float
    suppressed_rows: IntArray


def trace_prediction(
    predictions: RoIPredictions,
    detections: Detections,
    config: DetectionConfig,
    *,
    roi_index: int,
    label: int,
) -> PredictionTrace:
    """Trace one prediction to its proposal and to its outcome.

    Args:
        predictions: the network's output for the picture.
        detections: `select` of them with this config.
        config: the thresholds.
        roi_index: row of `predictions.rois`. label: in 1..K.
    """
    roi = predictions.rois[roi_index].numpy()
    box = predictions.boxes[roi_index, label - 1].numpy()
    scores = predictions.scores[roi_index].numpy()
    outcome, detection, iou = trace_outcome(
        detections, config, roi_index, label, float(scores[label])
    )
    return PredictionTrace(
        roi_index=roi_index,
        label=label,
        roi=roi,
        box=box,
        deltas=_deltas(roi, box),
        score=float(scores[label]),
        scores=scores,
        outcome=outcome,
        detection=detection,
        iou=iou,
        suppressed_rows=rows_suppressed_by(detections, detection if outcome == "detection" else -1),
    )


def rows_suppressed_by(detections: Detections, row: int) -> IntArray:
    """Find the rows of `detections.suppressed` that this detection suppressed, best score first; none for row -1."""
    suppressed = detections.suppressed
    rows = np.flatnonzero((suppressed.by.numpy() == row) & (row >= 0))
    return rows[np.argsort(-suppressed.scores.numpy()[rows], kind="stable")]


def trace_outcome(
    detections: Detections, config: DetectionConfig, roi_index: int, label: int, score: float
) -> tuple[Outcome, int, float]:
    """Find the outcome, the detection that it is or that suppressed it, and the IoU with the latter."""
    for row in _rows(detections, roi_index, label):
        return "detection", int(row), 0.0
    suppressed = detections.suppressed
    for row in _rows(suppressed, roi_index, label):
        return "suppressed", int(suppressed.by[row]), float(suppressed.iou[row])
    # Compared in the scores' own precision, as `select` does.
    is_confident = score >= np.float32(config.score_threshold)
    return ("limit" if is_confident else "below"), -1, 0.0


def _rows(boxes: Detections | SuppressedBoxes, roi_index: int, label: int) -> IntArray:
    """Find the row of a RoI's box for a class, if it is among the boxes."""
    is_same = (boxes.roi_index == roi_index) & (boxes.labels == label)
    return np.flatnonzero(is_same.numpy())


def _deltas(roi: FloatArray, box: FloatArray) -> FloatArray:
    """Encode (4,), (4,) → (4,); a side of 0, clipped at the picture's edge, counts as a millionth of a pixel."""
    target = box.copy()
    target[2:] = np.maximum(target[2:], target[:2] + 1e-6)
    deltas: FloatArray = encode(source=roi[None], target=target[None])[0]
    return deltas
