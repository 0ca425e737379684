"""What boxes, verdicts, stages and figures are called on the detection page."""

from __future__ import annotations

import numpy as np

from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.detection.matching import MatchedDetections, Verdict
from fastrcnn_core.diagnosis import Stage
from fastrcnn_core.evaluation import Counts
from fastrcnn_core.prediction_trace import Origin
from fastrcnn_core.structures import AnnotatedImage, Detections

# From here on a box counts as lying on somebody. Source: the PASCAL VOC criterion, as in `match_detections`.
IOU = 0.5

VERDICTS: dict[Verdict, str] = {
    "hit": "hit",
    "duplicate": "duplicate",
    "background": "background hit",
    "ignored": "in a crowd",
}

STAGES: dict[Stage, str] = {
    "proposals": "No proposal",
    "score": "Scored too low",
    "localisation": "Badly localised",
    "suppression": "Suppressed",
    "limit": "Beyond the limit",
    "found": "Found",
}


def somebody(annotated: AnnotatedImage, gt_index: int) -> str:
    """A ground-truth box as people call it: "person 2"."""
    return f"{annotated.classes[annotated.labels[gt_index] - 1]} {gt_index + 1}"


def verdict(judged: MatchedDetections, row: int, annotated: AnnotatedImage) -> str:
    """What a detection is worth: "hit: person 2, IoU 0.81"."""
    word, gt_index = judged.verdicts[row], int(judged.gt_index[row])
    iou = f"IoU {judged.iou[row]:.2f}"
    if word in ("hit", "duplicate"):
        again = " again" if word == "duplicate" else ""
        return f"{VERDICTS[word]}: {somebody(annotated, gt_index)}{again}, {iou}"
    return f"{VERDICTS[word]}: best {iou}"


def title(origin: Origin, detections: Detections) -> str:
    """What a prediction is called: "#2, person 0.85", "a suppressed box, person 0.61"."""
    kinds = {
        "detection": f"#{origin.detection + 1}",
        "suppressed": "A suppressed box",
        "limit": "A box beyond the limit",
        "below": "A box below the threshold",
    }
    shown = detections.scores[origin.detection] if origin.outcome == "detection" else origin.score
    return f"{kinds[origin.outcome]}, {detections.classes[origin.label - 1]} {float(shown):.2f}"


def counts(tally: Counts) -> str:
    """ "4 hits, 1 duplicate, 2 missed"; what is zero is left out, but for hits."""
    words = {
        "hit": tally.hits,
        "duplicate": tally.duplicates,
        "background hit": tally.background,
    }
    parts = [
        f"{count} {word}{'' if count == 1 else 's'}"
        for word, count in words.items()
        if count or word == "hit"
    ]
    return ", ".join([*parts, f"{tally.missed} missed"] if tally.missed else parts)


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


def share(value: float | None) -> str:
    """A share in [0, 1]; a dash where there is nothing to divide by."""
    return "–" if value is None else f"{value:.2f}"


def up(value: float) -> float:
    """The next step of a slider that is not below the value, in the network's own precision."""
    step = round(value, 2)
    return min(1.0, step if np.float32(step) >= np.float32(value) else round(step + 0.01, 2))


def down(value: float) -> float:
    """The next step of a slider that is not above the value, in the network's own precision."""
    step = round(value, 2)
    return max(0.0, step if np.float32(step) <= np.float32(value) else round(step - 0.01, 2))
