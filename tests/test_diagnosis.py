"""The stage at which a ground-truth box was lost, each stage in a picture of its own."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.detection import select
from fastrcnn_core.detection.matching import match_detections
from fastrcnn_core.diagnosis import MissDiagnosis, diagnose
from fastrcnn_core.structures import AnnotatedImage, RoIPredictions
from tests.support.builders import annotate as annotated

PERSON = [100.0, 100, 150, 200]
NEAR = [104.0, 100, 154, 200]  # IoU 0.85
FAR = [300.0, 300, 350, 400]
CONFIG = DetectionConfig(score_threshold=0.5, nms_iou=0.3, limit=100)
Boxes = list[list[float]]


def predictions(rois: Boxes, boxes: Boxes, scores: list[float]) -> RoIPredictions:
    score = torch.tensor(scores, dtype=torch.float32)
    return RoIPredictions(
        torch.tensor(rois, dtype=torch.float32).view(-1, 4),
        torch.tensor(boxes, dtype=torch.float32).view(-1, 1, 4),
        torch.stack([1 - score, score], dim=1),
        ("person",),
        400,
        400,
    )


def diagnosis(
    rois: Boxes, boxes: Boxes, scores: list[float], config: DetectionConfig = CONFIG
) -> MissDiagnosis:
    (only,) = diagnose(predictions(rois, boxes, scores), annotated(PERSON), config)
    return only


def test_found() -> None:
    found_stage = diagnosis([FAR, NEAR], [FAR, PERSON], [0.9, 0.8])
    assert (found_stage.stage, found_stage.roi_index, found_stage.detection) == ("found", 1, 1)
    assert (found_stage.score, found_stage.box_iou) == (pytest.approx(0.8), 1)  # type: ignore[comparison-overlap]
    assert found_stage.proposal_iou == pytest.approx(46 / 54)


def test_no_proposal_comes_near() -> None:
    found_stage = diagnosis([FAR, [100.0, 100, 150, 140]], [FAR, FAR], [0.9, 0.9])
    assert (found_stage.stage, found_stage.roi_index, found_stage.detection) == ("proposals", 1, -1)
    assert found_stage.proposal_iou == pytest.approx(0.4)


def test_without_any_proposal() -> None:
    found_stage = diagnosis([], [], [])
    assert (
        found_stage.stage,
        found_stage.roi_index,
        found_stage.proposal_iou,
        found_stage.score,
    ) == ("proposals", -1, 0, 0)


def test_the_best_proposal_on_it_scored_low() -> None:
    found_stage = diagnosis([NEAR, PERSON], [PERSON, PERSON], [0.3, 0.2])
    assert (found_stage.stage, found_stage.roi_index) == ("score", 0)
    assert found_stage.score == pytest.approx(0.3)


def test_confident_but_carried_away() -> None:
    found_stage = diagnosis([PERSON], [FAR], [0.9])
    assert (found_stage.stage, found_stage.roi_index, found_stage.box_iou) == ("localisation", 0, 0)
    assert found_stage.detection == 0  # the detection that stands elsewhere


def test_suppressed_by_a_better_scored_box_that_misses() -> None:
    beside = [130.0, 100, 190, 200]  # IoU with the person 20 / 90, with the wide box 0.42
    wide = [100.0, 100, 160, 200]
    found_stage = diagnosis([beside, PERSON], [beside, wide], [0.9, 0.8])
    assert found_stage.stage == "suppression"
    assert (found_stage.roi_index, found_stage.detection) == (1, 0)


def test_its_box_serves_a_neighbour() -> None:
    """Detect two people as one box, which overlaps the neighbour more."""
    found, lost = [100.0, 100, 150, 200], [100.0, 130, 150, 200]
    diagnoses = diagnose(predictions([found], [found], [0.9]), annotated(lost, found), CONFIG)
    assert [found_stage.stage for found_stage in diagnoses] == ["suppression", "found"]
    assert [found_stage.detection for found_stage in diagnoses] == [0, 0]


def test_its_own_suppressed_box_is_reported_not_the_neighbours_surer_one() -> None:
    """Detect two people side by side: the surer box overlaps both, but is the neighbour's."""
    person, neighbour = [100.0, 100, 150, 200], [115.0, 100, 165, 200]  # IoU 35 / 65
    network_output = predictions([neighbour, person], [neighbour, person], [0.9, 0.8])
    lost, found = diagnose(network_output, annotated(person, neighbour), CONFIG)
    assert (lost.stage, lost.roi_index, lost.detection) == ("suppression", 1, 0)
    assert (found.stage, found.roi_index) == ("found", 0)


def test_beyond_the_last_detection_that_is_kept() -> None:
    config = DetectionConfig(score_threshold=0.5, nms_iou=0.3, limit=1)
    found_stage = diagnosis([FAR, PERSON], [FAR, PERSON], [0.9, 0.8], config)
    assert (found_stage.stage, found_stage.roi_index, found_stage.detection) == ("limit", 1, -1)


def test_a_picture_without_people_has_no_diagnoses() -> None:
    assert diagnose(predictions([FAR], [FAR], [0.9]), annotated(), CONFIG) == ()


def test_a_crowd_is_not_diagnosed() -> None:
    found_stage = annotated(PERSON, NEAR, tags=("crowd", ""))
    diagnoses = diagnose(predictions([PERSON], [PERSON], [0.9]), found_stage, CONFIG)
    assert [(row.gt_index, row.stage) for row in diagnoses] == [(1, "found")]


def test_a_detection_of_another_class_is_no_true_positive() -> None:
    """Confident as a dog; as a person it scores low."""
    both = RoIPredictions(
        torch.tensor([PERSON]),
        torch.tensor([[PERSON, PERSON]]),
        torch.tensor([[0.0, 0.1, 0.9]]),
        ("person", "dog"),
        400,
        400,
    )
    found_stage = annotated(PERSON)
    two_classes = AnnotatedImage(
        found_stage.image,
        found_stage.boxes,
        found_stage.labels,
        ("person", "dog"),
        found_stage.tags,
    )
    (only,) = diagnose(both, two_classes, CONFIG)
    assert only.stage == "score"
    assert only.score == pytest.approx(0.1)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(*[st.floats(0, 300)] * 2, *[st.floats(20, 100)] * 2, st.floats(0, 1)),
        max_size=12,
    ),
    st.floats(0, 1),
)
def test_found_is_what_hits_and_misses_call_found(
    drawn: list[tuple[float, ...]], threshold: float
) -> None:
    boxes = [[x, y, x + w, y + h] for x, y, w, h, _ in drawn]
    network_output = predictions(boxes, boxes, [row[4] for row in drawn])
    found_stage = annotated(*boxes[::3])
    config = DetectionConfig(score_threshold=threshold, nms_iou=0.5)
    diagnoses = diagnose(network_output, found_stage, config)
    missed = match_detections(select(network_output, config), found_stage).missed.tolist()
    assert [row.gt_index for row in diagnoses if row.stage != "found"] == missed
