"""Outcome of a box in sentences: of a prediction (`PredictionTrace`) or of a ground-truth box (`MissDiagnosis`)."""

from __future__ import annotations

from dataclasses import dataclass

from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.diagnosis import MissDiagnosis
from fastrcnn_core.prediction_trace import PredictionTrace
from fastrcnn_core.structures import AnnotatedImage, Detections
from pages.ui.detection import words


@dataclass(frozen=True)
class Outcome:
    """Outcome of a box, and a hint on how to change it (empty where nothing can)."""

    happened: str
    hint: str = ""


def of_prediction(
    trace: PredictionTrace, detections: Detections, config: DetectionConfig
) -> Outcome:
    """Describe what became of a prediction at these thresholds."""
    name = detections.classes[trace.label - 1]
    if trace.outcome == "detection":
        count = len(trace.suppressed_rows)
        if detections.decayed is not None:
            return _softly_kept(trace, detections)
        return Outcome(
            f"It survives as #{trace.detection + 1}: {trace.score:.2f} sure of “{name}”, and no surer box of its "
            f"class overlaps it by more than {config.nms_iou:.2f}. It suppressed {_boxes(count)}."
        )
    if trace.outcome == "suppressed":
        by = f"#{trace.detection + 1}" if trace.detection >= 0 else "a box beyond the limit"
        if detections.decayed is not None:
            return Outcome(
                f"The network was {trace.score:.2f} sure, but better boxes lowered that below the confidence, most of "
                f"all {by}: their IoU is {trace.iou:.2f}.",
                "It comes back when the confidence threshold is low enough.",
            )
        return Outcome(
            f"It was suppressed by {by}: their IoU is {trace.iou:.2f}, and NMS allows {config.nms_iou:.2f}.",
            f"It comes back when NMS IoU is at least {words.up(trace.iou):.2f}.",
        )
    if trace.outcome == "limit":
        return Outcome(
            f"It is confident enough and no box suppressed it, but it ranks after the first {config.limit}.",
            "It comes back when the limit is higher.",
        )
    short = config.score_threshold - trace.score
    return Outcome(
        f"It scored {trace.score:.2f} for “{name}”, {short:.2f} below the threshold.",
        "It becomes a detection, unless NMS suppresses it, when the confidence is at most "
        f"{words.down(trace.score):.2f}.",
    )


def _softly_kept(trace: PredictionTrace, detections: Detections) -> Outcome:
    """Describe how soft-NMS lowered a detection's score."""
    assert detections.decayed is not None
    row = trace.detection
    by, iou = int(detections.decayed.by[row]), float(detections.decayed.iou[row])
    if by < 0:
        return Outcome(
            f"It survives as #{row + 1}: {trace.score:.2f} sure, and no better box lowered that."
        )
    return Outcome(
        f"It survives as #{row + 1}: the network was {trace.score:.2f} sure, and better boxes lowered that to "
        f"{float(detections.scores[row]):.2f}, most of all #{by + 1}: their IoU is {iou:.2f}."
    )


def of_ground_truth(
    diagnosis: MissDiagnosis,
    annotated: AnnotatedImage,
    detections: Detections,
    config: DetectionConfig,
) -> Outcome:
    """Describe how a ground-truth box was found, or the stage at which it was missed."""
    by = f"#{diagnosis.detection + 1}" if diagnosis.detection >= 0 else "a box beyond the limit"
    match diagnosis.stage:
        case "found":
            return Outcome(f"Found by {by} at IoU {diagnosis.box_iou:.2f}.")
        case "proposals":
            return Outcome(
                f"No proposal has IoU ≥ {words.IOU:.2f} with it (the best: {diagnosis.proposal_iou:.2f}).",
                "What is not proposed cannot be found: more strategies or smaller boxes propose more.",
            )
        case "score":
            return _scored_low(diagnosis, config)
        case "localisation":
            return Outcome(
                f"Badly localised: a confident box ({diagnosis.score:.2f}) started from a proposal on it "
                f"(IoU {diagnosis.proposal_iou:.2f}), but as corrected has IoU {diagnosis.box_iou:.2f}.",
                "A detector that trained longer corrects its boxes better.",
            )
        case "suppression" if _is_survivor(diagnosis, detections):
            return Outcome(
                f"Its best box is {by}, but that one is the hit of another annotation, which it overlaps more."
            )
        case "suppression":
            label = int(annotated.labels[diagnosis.gt_index])
            return _suppressed(diagnosis, label, by, detections, config)
        case _:
            return Outcome(
                f"Its box ({diagnosis.score:.2f}) ranks after the first {config.limit}.",
                "It comes back when the limit is higher.",
            )


def _scored_low(diagnosis: MissDiagnosis, config: DetectionConfig) -> Outcome:
    short = config.score_threshold - diagnosis.score
    happened = (
        f"Scored too low: the best of the boxes on it got {diagnosis.score:.2f}, "
        f"{short:.2f} below the threshold."
    )
    if diagnosis.box_iou < words.IOU:
        return Outcome(
            happened, f"Lower alone does not help: that box has IoU {diagnosis.box_iou:.2f}."
        )
    return Outcome(
        happened,
        "It becomes a detection, unless NMS suppresses it, when the confidence is at most "
        f"{words.down(diagnosis.score):.2f}.",
    )


def _suppressed(
    diagnosis: MissDiagnosis, label: int, by: str, detections: Detections, config: DetectionConfig
) -> Outcome:
    suppressed = detections.suppressed
    is_own = (suppressed.roi_index == diagnosis.roi_index) & (suppressed.labels == label)
    at = float(suppressed.iou[is_own].max())
    if detections.decayed is not None:
        return Outcome(
            f"Its own box ({diagnosis.score:.2f}, IoU {diagnosis.box_iou:.2f} with it) fell below the confidence, "
            f"most of all because of {by}: their IoU is {at:.2f}.",
            "It comes back when the confidence threshold is low enough.",
        )
    return Outcome(
        f"Suppressed by {by} at IoU {at:.2f}: its own box ({diagnosis.score:.2f}, IoU {diagnosis.box_iou:.2f} with it) "
        f"overlaps that one by more than {config.nms_iou:.2f}.",
        f"It comes back when NMS IoU is at least {words.up(at):.2f}.",
    )


def _is_survivor(diagnosis: MissDiagnosis, detections: Detections) -> bool:
    """Tell whether the best box of a missed object is a detection that counts as a hit of another object."""
    return (
        diagnosis.detection >= 0
        and int(detections.roi_index[diagnosis.detection]) == diagnosis.roi_index
    )


def _boxes(count: int) -> str:
    return "no other box" if count == 0 else f"{count} other box{'' if count == 1 else 'es'}"
