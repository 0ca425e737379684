"""Sentences about a box: a prediction (`PredictionTrace`) or an object to be found (`MissDiagnosis`)."""

from __future__ import annotations

from dataclasses import dataclass

from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.diagnosis import MissDiagnosis
from fastrcnn_core.prediction_trace import PredictionTrace
from fastrcnn_core.structures import AnnotatedImage, Detections
from pages.ui.detection import words


@dataclass(frozen=True)
class Story:
    """What happened, and what one can do about it (empty if there is nothing to do)."""

    happened: str
    hint: str = ""


def of_prediction(
    origin: PredictionTrace, detections: Detections, config: DetectionConfig
) -> Story:
    """What happened to a prediction at these thresholds."""
    name = detections.classes[origin.label - 1]
    if origin.outcome == "detection":
        count = len(origin.suppressed_rows)
        if detections.decayed is not None:
            return _softly_kept(origin, detections)
        return Story(
            f"It survives as #{origin.detection + 1}: {origin.score:.2f} sure of “{name}”, and no surer box of its "
            f"class overlaps it by more than {config.nms_iou:.2f}. It silenced {_boxes(count)}."
        )
    if origin.outcome == "suppressed":
        by = f"#{origin.detection + 1}" if origin.detection >= 0 else "a box beyond the limit"
        if detections.decayed is not None:
            return Story(
                f"The network was {origin.score:.2f} sure, but better boxes lowered that below the confidence, most of "
                f"all {by}: their IoU is {origin.iou:.2f}.",
                "It comes back when the confidence is low enough.",
            )
        return Story(
            f"It was suppressed by {by}: their IoU is {origin.iou:.2f}, and NMS allows {config.nms_iou:.2f}.",
            f"It comes back when NMS IoU is at least {words.up(origin.iou):.2f}.",
        )
    if origin.outcome == "limit":
        return Story(
            f"It is confident enough and nobody silenced it, but it comes after the first {config.limit}.",
            "It comes back when the limit is higher.",
        )
    short = config.score_threshold - origin.score
    return Story(
        f"It scored {origin.score:.2f} for “{name}”, {short:.2f} below the threshold.",
        f"It is looked at when the confidence is at most {words.down(origin.score):.2f}.",
    )


def _softly_kept(origin: PredictionTrace, detections: Detections) -> Story:
    """How soft-NMS treated a detection."""
    assert detections.decayed is not None
    row = origin.detection
    by, iou = int(detections.decayed.by[row]), float(detections.decayed.iou[row])
    if by < 0:
        return Story(
            f"It survives as #{row + 1}: {origin.score:.2f} sure, and no better box lowered that."
        )
    return Story(
        f"It survives as #{row + 1}: the network was {origin.score:.2f} sure, and better boxes lowered that to "
        f"{float(detections.scores[row]):.2f}, most of all #{by + 1}: their IoU is {iou:.2f}."
    )


def of_somebody(
    fate: MissDiagnosis, annotated: AnnotatedImage, detections: Detections, config: DetectionConfig
) -> Story:
    """How somebody was found, or at which stage they were lost."""
    by = f"#{fate.detection + 1}" if fate.detection >= 0 else "a box beyond the limit"
    match fate.stage:
        case "found":
            return Story(f"Found by {by} at IoU {fate.box_iou:.2f}.")
        case "proposals":
            return Story(
                f"No proposal has IoU ≥ {words.IOU:.2f} with it (the best: {fate.proposal_iou:.2f}).",
                "What is not proposed cannot be found: more strategies or smaller boxes propose more.",
            )
        case "score":
            return _scored_low(fate, config)
        case "localisation":
            return Story(
                f"Badly localised: a confident box ({fate.score:.2f}) started from a proposal on it "
                f"(IoU {fate.proposal_iou:.2f}), but as corrected has IoU {fate.box_iou:.2f}.",
                "A detector that trained longer corrects its boxes better.",
            )
        case "suppression" if _is_survivor(fate, detections):
            return Story(
                f"Its best box is {by}, but that one counts for somebody whom it overlaps more."
            )
        case "suppression":
            label = int(annotated.labels[fate.gt_index])
            return _suppressed(fate, label, by, detections, config)
        case _:
            return Story(
                f"Its box ({fate.score:.2f}) comes after the first {config.limit}.",
                "It comes back when the limit is higher.",
            )


def _scored_low(fate: MissDiagnosis, config: DetectionConfig) -> Story:
    short = config.score_threshold - fate.score
    happened = f"Scored too low: the best of the boxes on it got {fate.score:.2f}, {short:.2f} below the threshold."
    if fate.box_iou < words.IOU:
        return Story(happened, f"Lower alone does not help: that box has IoU {fate.box_iou:.2f}.")
    return Story(
        happened, f"It is looked at when the confidence is at most {words.down(fate.score):.2f}."
    )


def _suppressed(
    fate: MissDiagnosis, label: int, by: str, detections: Detections, config: DetectionConfig
) -> Story:
    silenced = detections.suppressed
    is_it = (silenced.roi_index == fate.roi_index) & (silenced.labels == label)
    at = float(silenced.iou[is_it].max())
    if detections.decayed is not None:
        return Story(
            f"Its own box ({fate.score:.2f}, IoU {fate.box_iou:.2f} with it) was lowered below the confidence, most of "
            f"all by {by}: their IoU is {at:.2f}.",
            "It comes back when the confidence is low enough.",
        )
    return Story(
        f"Suppressed by {by} at IoU {at:.2f}: its own box ({fate.score:.2f}, IoU {fate.box_iou:.2f} with it) "
        f"overlaps that one by more than {config.nms_iou:.2f}.",
        f"It comes back when NMS IoU is at least {words.up(at):.2f}.",
    )


def _is_survivor(fate: MissDiagnosis, detections: Detections) -> bool:
    """The box that would show it is itself a detection, and counts for somebody else."""
    return fate.detection >= 0 and int(detections.roi_index[fate.detection]) == fate.roi_index


def _boxes(count: int) -> str:
    return "no other box" if count == 0 else f"{count} other box{'' if count == 1 else 'es'}"
