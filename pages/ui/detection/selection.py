"""The selected box of the Detection page: what the link and the session mean on this picture.

A prediction stays selected when the sliders move: it survives, is suppressed, or falls below the threshold.
"""

from __future__ import annotations

from pages.ui.components.detection_view import DetectionView
from pages.ui.state.detection import (
    Choice,
    DetectionSelection,
    GroundTruthBox,
    Prediction,
    SelectedBox,
)


def chosen(view: DetectionView) -> Choice | None:
    """Return the selected box, or the first worth a look; the link says which was selected."""
    selected = DetectionSelection.current().box
    choice = None if selected is None else choice_of(view, selected)
    DetectionSelection.write_link("box", None if choice is None else selected)
    return choice or first(view)


def choose(view: DetectionView, choice: Choice) -> None:
    """Select a box of this picture: for a callback."""
    DetectionSelection.select(box=SelectedBox(view.key, choice))


def choice_of(view: DetectionView, selected: SelectedBox) -> Choice | None:
    """Return the box if it is one of this picture; None if it is another's, or not there."""
    if selected.view_key != view.key:
        return None
    match selected.choice:
        case GroundTruthBox(gt_index):
            is_there = gt_index in view.diagnoses
        case Prediction(roi_index, label):
            is_there = roi_index < len(view.predictions.rois) and 1 <= label <= len(
                view.predictions.classes
            )
    return selected.choice if is_there else None


def first(view: DetectionView) -> Choice | None:
    """Return the box to show before one is selected: the most confident detection, else the first missed person."""
    if len(view.detections.boxes):
        return detection(view, 0)
    missed = [row for row, diagnosis in view.diagnoses.items() if diagnosis.stage != "found"]
    return GroundTruthBox(missed[0]) if missed else None


def detection(view: DetectionView, row: int) -> Prediction:
    """Return the prediction that a detection is."""
    detections = view.detections
    return Prediction(int(detections.roi_index[row]), int(detections.labels[row]))


def suppressed(view: DetectionView, row: int) -> Prediction:
    """Return the prediction that a suppressed box is."""
    boxes = view.detections.suppressed
    return Prediction(int(boxes.roi_index[row]), int(boxes.labels[row]))
