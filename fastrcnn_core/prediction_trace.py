"""Where did a predicted box come from, and what happened to it? The question that can be asked of any box.

Shape letters: R RoIs, K classes without the background, D detections, S suppressed boxes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from fastrcnn_core.boxes import encode
from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.structures import Detections, FloatArray, IntArray, RoIPredictions

Outcome = Literal["detection", "suppressed", "limit", "below"]


@dataclass(frozen=True, eq=False)
class Origin:
    """The story of one RoI's box for one class.

    Args:
        roi_index, label: which prediction; they stay the same whatever the thresholds are.
        roi: (4,) float32, the proposal it started from. box: (4,) where box regression carried it.
        deltas: (4,) float32 from `roi` to `box` as it lies inside the picture; the network's own where it looked once
            and nothing was cut.
        score: for its label. scores: (K + 1,) for all classes, the background first.
        outcome: a `detection`; `suppressed` by a better box; beyond the `limit`; or `below` the score threshold.
        detection: the row of the detection that it is, or that silenced it; -1 if there is none.
        iou: with the box that silenced it; 0 if none did.
        silenced: rows of `Detections.suppressed` that it silenced.
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
    silenced: IntArray


def trace(
    predictions: RoIPredictions,
    detections: Detections,
    config: DetectionConfig,
    *,
    roi_index: int,
    label: int,
) -> Origin:
    """The origin and the outcome of one prediction.

    Args:
        predictions: what the network said of the picture.
        detections: what `select` made of it with this config.
        config: the thresholds.
        roi_index: row of `predictions.rois`. label: in 1..K.
    """
    roi = predictions.rois[roi_index].numpy()
    box = predictions.boxes[roi_index, label - 1].numpy()
    scores = predictions.scores[roi_index].numpy()
    outcome, detection, iou = _outcome(detections, config, roi_index, label, float(scores[label]))
    return Origin(
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
        silenced=silenced_by(detections, detection if outcome == "detection" else -1),
    )


def silenced_by(detections: Detections, row: int) -> IntArray:
    """Rows of `detections.suppressed` that this detection silenced, best score first; none for row -1."""
    suppressed = detections.suppressed
    rows = np.flatnonzero((suppressed.by.numpy() == row) & (row >= 0))
    return rows[np.argsort(-suppressed.scores.numpy()[rows], kind="stable")]


def _outcome(
    detections: Detections, config: DetectionConfig, roi_index: int, label: int, score: float
) -> tuple[Outcome, int, float]:
    """What happened, the detection that it is or that silenced it, and the IoU with that one."""
    silenced = detections.suppressed
    if len(
        rows := _rows(detections.roi_index.numpy(), detections.labels.numpy(), roi_index, label)
    ):
        return "detection", int(rows[0]), 0.0
    if len(rows := _rows(silenced.roi_index.numpy(), silenced.labels.numpy(), roi_index, label)):
        return "suppressed", int(silenced.by[rows[0]]), float(silenced.iou[rows[0]])
    # Compared in the scores' own precision, as `select` does.
    is_confident = score >= np.float32(config.score_threshold)
    return ("limit" if is_confident else "below"), -1, 0.0


def _rows(roi_indices: IntArray, labels: IntArray, roi_index: int, label: int) -> IntArray:
    return np.flatnonzero((roi_indices == roi_index) & (labels == label))


def _deltas(roi: FloatArray, box: FloatArray) -> FloatArray:
    """(4,), (4,) → (4,); a box without area, cut off at the picture's edge, shrinks to a millionth of a pixel."""
    target = box.copy()
    target[2:] = np.maximum(target[2:], target[:2] + 1e-6)
    deltas: FloatArray = encode(source=roi[None], target=target[None])[0]
    return deltas
