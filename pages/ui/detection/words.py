"""Labels and captions of the Detection page, and the slider steps next to a value."""

from __future__ import annotations

import numpy as np

from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.prediction_trace import PredictionTrace
from fastrcnn_core.structures import Detections

# IoU from which a box counts as a hit. Source: the PASCAL VOC criterion, as in `match_detections`.
IOU = 0.5


def title(trace: PredictionTrace, detections: Detections) -> str:
    """Label a prediction: "#2, person 0.85", "A suppressed box, person 0.61"."""
    kinds = {
        "detection": f"#{trace.detection + 1}",
        "suppressed": "A suppressed box",
        "limit": "A box beyond the limit",
        "below": "A box below the threshold",
    }
    shown = detections.scores[trace.detection] if trace.outcome == "detection" else trace.score
    return f"{kinds[trace.outcome]}, {detections.classes[trace.label - 1]} {float(shown):.2f}"


def thresholds(config: DetectionConfig) -> str:
    """Word the thresholds for the caption under the picture."""
    nms = {
        "greedy": f"NMS IoU ≤ {config.nms_iou:.2f}",
        "linear": "a better box lowers the scores of those that overlap it by "
        f"IoU > {config.nms_iou:.2f} (linear soft-NMS)",
        "gaussian": "a better box lowers the scores of those that overlap it, the more the more they do "
        f"(gaussian soft-NMS, σ {config.nms_sigma:.2f})",
    }
    return f"Confidence ≥ {config.score_threshold:.2f} · {nms[config.nms]}"


def suppressed(config: DetectionConfig) -> str:
    """Word the caption of the table of boxes that a detection suppressed."""
    above = "" if config.nms == "gaussian" else " whose IoU with it is above the NMS IoU"
    fell = "" if config.nms == "greedy" else ", and whose scores fell below the confidence"
    return f"Which boxes did it suppress? Less confident boxes of its class{above}{fell}."


def confidence(score: float) -> str:
    """Word the highest slider step that the score reaches; "under 0.01" where it reaches none but 0."""
    return "under 0.01" if score < 0.01 else f"{down(score):.2f}"


def up(value: float) -> float:
    """Round up to a slider step, at the network's float32 precision."""
    step = round(value, 2)
    return min(1.0, step if np.float32(step) >= np.float32(value) else round(step + 0.01, 2))


def down(value: float) -> float:
    """Round down to a slider step, at the network's float32 precision."""
    step = round(value, 2)
    return max(0.0, step if np.float32(step) <= np.float32(value) else round(step - 0.01, 2))
