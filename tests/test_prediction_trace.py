"""Prediction trace of four boxes that can be checked by hand."""

import numpy as np
import pytest
import torch

from fastrcnn_core.boxes import decode
from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.detection import select
from fastrcnn_core.prediction_trace import PredictionTrace, trace_prediction
from fastrcnn_core.structures import RoIPredictions

ROIS = [
    [10.0, 10, 50, 90],  # 0: a person's own box
    [14.0, 10, 54, 90],  # 1: the same person, IoU 0.82 with 0
    [120.0, 10, 160, 90],  # 2: another person
    [60.0, 0, 100, 40],  # 3: background
]
SCORES = [0.9, 0.8, 0.7, 0.2]


def predictions(*, moved: float = 0.0) -> RoIPredictions:
    rois = torch.tensor(ROIS)
    scores = torch.tensor(SCORES)
    boxes = rois + torch.tensor([moved, 0, moved, 0])
    return RoIPredictions(
        rois, boxes[:, None], torch.stack([1 - scores, scores], dim=1), ("person",), 100, 200
    )


def traced(roi_index: int, *, moved: float = 0.0, **knobs: float) -> PredictionTrace:
    config = DetectionConfig(**knobs)  # type: ignore[arg-type]
    predicted = predictions(moved=moved)
    return trace_prediction(
        predicted, select(predicted, config), config, roi_index=roi_index, label=1
    )


def test_a_detection_knows_whom_it_silenced() -> None:
    origin = traced(0)
    assert (origin.outcome, origin.detection, origin.suppressed_rows.tolist()) == (
        "detection",
        0,
        [0],
    )
    assert traced(2).suppressed_rows.tolist() == []


def test_a_suppressed_box_knows_who_silenced_it_and_how_much_they_overlap() -> None:
    origin = traced(1)
    assert (origin.outcome, origin.detection) == ("suppressed", 0)
    assert origin.iou == pytest.approx(36 / 44)
    assert len(origin.suppressed_rows) == 0


def test_the_same_box_survives_when_nms_allows_more_overlap() -> None:
    assert traced(1, nms_iou=0.9).outcome == "detection"


def test_a_box_under_the_threshold_says_so_and_one_exactly_at_it_stays() -> None:
    assert traced(3).outcome == "below"
    assert traced(2, score_threshold=0.7).outcome == "detection"
    assert traced(2, score_threshold=0.71).outcome == "below"


def test_a_good_box_beyond_the_limit_says_so() -> None:
    assert traced(2, limit=1).outcome == "limit"


def test_the_deltas_carry_the_proposal_onto_the_box() -> None:
    origin = traced(0, moved=4.0)
    assert origin.deltas.tolist() == pytest.approx([0.1, 0, 0, 0])
    assert decode(source=origin.roi[None], deltas=origin.deltas[None])[0] == pytest.approx(
        origin.box
    )


def test_a_box_without_area_has_finite_deltas() -> None:
    predicted = predictions()
    flat = RoIPredictions(
        predicted.rois,
        predicted.boxes * torch.tensor([1.0, 1, 0, 0]),
        predicted.scores,
        predicted.classes,
        100,
        200,
    )
    config = DetectionConfig()
    origin = trace_prediction(flat, select(flat, config), config, roi_index=0, label=1)
    assert np.isfinite(origin.deltas).all()


def test_all_scores_are_told_the_background_first() -> None:
    assert traced(0).scores.tolist() == pytest.approx([0.1, 0.9])
