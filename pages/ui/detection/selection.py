"""Which box does the reader ask about? A prediction, or somebody who should be found.

A choice is a word such as `3fa2c1-812-1` (RoI 812 for class 1) or `3fa2c1-gt-2`, in the session and in the link.
Its first part says of which picture and RoIs it speaks, so that a choice never means another picture's box. A
prediction stays chosen when the sliders move: it survives, is suppressed, or falls below the threshold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pages.ui.components.detection_view import DetectionView

LINK = "box"


@dataclass(frozen=True)
class Prediction:
    """What the network said of one RoI for one class."""

    roi_index: int
    label: int


@dataclass(frozen=True)
class Somebody:
    """A ground-truth box."""

    gt_index: int


Choice = Prediction | Somebody


def word(view: DetectionView, choice: Choice) -> str:
    """The choice for session and link; `choice_of` undoes it."""
    match choice:
        case Prediction(roi_index, label):
            return f"{view.key}-{roi_index}-{label}"
        case Somebody(gt_index):
            return f"{view.key}-gt-{gt_index}"


def choice_of(view: DetectionView, spoken: str | None) -> Choice | None:
    """What the word chooses on this picture; None if it speaks of another, or of nothing that is there."""
    parts = re.fullmatch(r"([0-9a-f]{6})-(gt|\d{1,6})-(\d{1,6})", spoken or "")
    if parts is None or parts[1] != view.key:
        return None
    row = int(parts[3])
    if parts[2] == "gt":
        return Somebody(row) if row in view.fates else None
    is_there = int(parts[2]) < len(view.predictions.rois)
    has_class = 1 <= row <= len(view.predictions.classes)
    return Prediction(int(parts[2]), row) if is_there and has_class else None


def first(view: DetectionView) -> Choice | None:
    """What to ask about when nobody has chosen: the surest detection, else the first who was missed."""
    if len(view.detections.boxes):
        return detection(view, 0)
    lost = [fate.gt_index for fate in view.fates.values() if fate.stage != "found"]
    return Somebody(lost[0]) if lost else None


def detection(view: DetectionView, row: int) -> Prediction:
    """The prediction that a detection is."""
    it = view.detections
    return Prediction(int(it.roi_index[row]), int(it.labels[row]))


def suppressed(view: DetectionView, row: int) -> Prediction:
    """The prediction that a suppressed box is."""
    it = view.detections.suppressed
    return Prediction(int(it.roi_index[row]), int(it.labels[row]))
