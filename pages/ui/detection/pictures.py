"""Crop of one box with the proposal that it came from, and the box that a click on a mark chooses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fastrcnn_core import palette
from fastrcnn_core.prediction_trace import PredictionTrace
from fastrcnn_core.structures import FloatArray
from pages.ui.components import figures
from pages.ui.components.crop import crop
from pages.ui.components.detection_layers import ROLES, rows_of
from pages.ui.components.detection_view import DetectionView
from pages.ui.components.figures import Drawing, Layer
from pages.ui.detection import selection
from pages.ui.state.detection import Choice, GroundTruthBox, Prediction

# The two ends of box regression, in close-up; the same colours as everywhere.
_BEFORE = replace(palette.PROPOSAL, label="Proposal", width=2.5, opacity=1.0, halo=1.0)
_AFTER = replace(palette.HIT, label="Box after regression")


def clicked(view: DetectionView, mark: figures.Chosen) -> Choice | None:
    """Return the box that a mark in `survivors` stands for."""
    if mark.role == palette.SUPPRESSED.name:
        return selection.suppressed(view, mark.index)
    if mark.role == palette.GROUND_TRUTH.name:
        return GroundTruthBox(mark.index)
    if mark.role == palette.MISSED.name and view.judged is not None:
        return GroundTruthBox(int(view.judged.missed[mark.index]))
    for verdict, role in ROLES.items():
        if mark.role == role.name:
            return selection.detection(view, rows_of(view, verdict)[mark.index])
    return None


def journey(view: DetectionView, trace: PredictionTrace, gt_rows: Sequence[int] = ()) -> Drawing:
    """Draw a crop of one prediction: its proposal, the box after regression, and ground-truth boxes.

    Args:
        trace: the prediction. gt_rows: rows of the ground truth to draw too.
    """
    truth = np.zeros((0, 4), np.float32) if view.annotated is None else view.annotated.boxes
    boxes = [trace.roi[None], trace.box[None], truth[list(gt_rows)]]
    image, corner = crop(view.image, np.concatenate(boxes))
    shift = np.concatenate([corner, corner])
    return figures.draw(
        image,
        Layer(palette.GROUND_TRUTH, boxes[2] - shift),
        Layer(_BEFORE, boxes[0] - shift, notes=["where it started: the proposal"]),
        Layer(_AFTER, boxes[1] - shift, notes=["where box regression carried it"]),
    )


def box_of(view: DetectionView, choice: Choice) -> FloatArray:
    """Return the (4,) box of a choice."""
    if isinstance(choice, Prediction):
        return np.asarray(view.predictions.boxes[choice.roi_index, choice.label - 1])
    assert view.annotated is not None
    return view.annotated.boxes[choice.gt_index]
