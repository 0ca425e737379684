"""What boxes, verdicts, stages and figures are called on the detection page."""

from __future__ import annotations

import numpy as np

from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.prediction_trace import PredictionTrace
from fastrcnn_core.structures import Detections

# From here on a box counts as lying on somebody. Source: the PASCAL VOC criterion, as in `match_detections`.
IOU = 0.5


def title(origin: PredictionTrace, detections: Detections) -> str:
    """What a prediction is called: "#2, person 0.85", "a suppressed box, person 0.61"."""
    kinds = {
        "detection": f"#{origin.detection + 1}",
        "suppressed": "A suppressed box",
        "limit": "A box beyond the limit",
        "below": "A box below the threshold",
    }
    shown = detections.scores[origin.detection] if origin.outcome == "detection" else origin.score
    return f"{kinds[origin.outcome]}, {detections.classes[origin.label - 1]} {float(shown):.2f}"


def thresholds(config: DetectionConfig) -> str:
    """What decides, as it stands under the picture."""
    nms = {
        "greedy": f"NMS IoU ≤ {config.nms_iou:.2f}",
        "linear": f"linear soft-NMS from IoU {config.nms_iou:.2f}",
        "gaussian": f"gaussian soft-NMS, σ {config.nms_sigma:.2f}",
    }
    return f"Confidence ≥ {config.score_threshold:.2f} · {nms[config.nms]}"


def silenced(config: DetectionConfig) -> str:
    """What stands below the boxes that a detection silenced."""
    above = "" if config.nms == "gaussian" else " whose IoU with it is above the NMS IoU"
    fell = "" if config.nms == "greedy" else ", and whose scores fell below the confidence"
    return f"Whom did it silence? Less sure boxes of its class{above}{fell}."


def confidence(score: float) -> str:
    """The slider's step that the score still reaches; what reaches none does not read like nothing."""
    return "under 0.01" if score < 0.01 else f"{down(score):.2f}"


def up(value: float) -> float:
    """The next step of a slider that is not below the value, in the network's own precision."""
    step = round(value, 2)
    return min(1.0, step if np.float32(step) >= np.float32(value) else round(step + 0.01, 2))


def down(value: float) -> float:
    """The next step of a slider that is not above the value, in the network's own precision."""
    step = round(value, 2)
    return max(0.0, step if np.float32(step) <= np.float32(value) else round(step - 0.01, 2))
