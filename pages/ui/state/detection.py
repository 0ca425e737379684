"""The Detection page's selection: a box, and what is drawn beside the detections."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pages.ui.state.page_selection import PageSelection, in_link, in_widget


@dataclass(frozen=True)
class Prediction:
    """A box that the network predicted: row of the RoI, and label of the class, from 1."""

    roi_index: int
    label: int


@dataclass(frozen=True)
class GroundTruthBox:
    """A ground-truth box, by its row."""

    gt_index: int


Choice = Prediction | GroundTruthBox


@dataclass(frozen=True)
class SelectedBox:
    """A box of one picture and its RoIs, in the link as `3fa2c1-812-1` (RoI 812, class 1) or `3fa2c1-gt-2`.

    Args:
        view_key: of the picture and its RoIs, so that a box of another picture is never meant.
    """

    view_key: str
    choice: Choice

    def __str__(self) -> str:
        match self.choice:
            case Prediction(roi_index, label):
                return f"{self.view_key}-{roi_index}-{label}"
            case GroundTruthBox(gt_index):
                return f"{self.view_key}-gt-{gt_index}"

    @classmethod
    def parse(cls, word: str) -> SelectedBox | None:
        """Read the box from its word in the link."""
        parts = re.fullmatch(r"([0-9a-f]{6})-(gt|\d{1,6})-(\d{1,6})", word)
        if parts is None:
            return None
        number = int(parts[3])
        is_truth = parts[2] == "gt"
        return cls(
            parts[1], GroundTruthBox(number) if is_truth else Prediction(int(parts[2]), number)
        )


@dataclass(frozen=True)
class DetectionSelection(PageSelection):
    """A visitor's selection on the page Detection.

    Args:
        box: the box whose details are shown; None for the default one.
        truth: whether the ground truth is drawn. suppressed: whether suppressed boxes are.
    """

    box: SelectedBox | None = in_link("box", SelectedBox)
    truth: bool = in_widget("truth", True)
    suppressed: bool = in_widget("silenced", False)
