"""The stage at which a ground-truth box was lost, each stage in a picture of its own."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.detection import select
from fastrcnn_core.detection.matching import match_detections
from fastrcnn_core.diagnosis import diagnose
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


def fate(rois: Boxes, boxes: Boxes, scores: list[float], config: DetectionConfig = CONFIG):
    (only,) = diagnose(predictions(rois, boxes, scores), annotated(PERSON), config)
    return only


def test_found() -> None:
    it = fate([FAR, NEAR], [FAR, PERSON], [0.9, 0.8])
    assert (it.stage, it.roi_index, it.detection) == ("found", 1, 1)
    assert (it.score, it.box_iou) == (pytest.approx(0.8), 1)
    assert it.proposal_iou == pytest.approx(46 / 54)


def test_no_proposal_comes_near() -> None:
    it = fate([FAR, [100.0, 100, 150, 140]], [FAR, FAR], [0.9, 0.9])
    assert (it.stage, it.roi_index, it.detection) == ("proposals", 1, -1)
    assert it.proposal_iou == pytest.approx(0.4)


def test_without_any_proposal() -> None:
    it = fate([], [], [])
    assert (it.stage, it.roi_index, it.proposal_iou, it.score) == ("proposals", -1, 0, 0)


def test_the_best_proposal_on_it_scored_low() -> None:
    it = fate([NEAR, PERSON], [PERSON, PERSON], [0.3, 0.2])
    assert (it.stage, it.roi_index) == ("score", 0)
    assert it.score == pytest.approx(0.3)


def test_confident_but_carried_away() -> None:
    it = fate([PERSON], [FAR], [0.9])
    assert (it.stage, it.roi_index, it.box_iou) == ("localisation", 0, 0)
    assert it.detection == 0  # the detection that stands elsewhere


def test_silenced_by_a_better_scored_box_that_misses() -> None:
    beside = [130.0, 100, 190, 200]  # IoU with the person 20 / 90, with the wide box 0.42
    wide = [100.0, 100, 160, 200]
    it = fate([beside, PERSON], [beside, wide], [0.9, 0.8])
    assert it.stage == "suppression"
    assert (it.roi_index, it.detection) == (1, 0)


def test_its_box_serves_a_neighbour() -> None:
    """Two people as one box: the neighbour overlaps it more, and nobody else comes."""
    found, lost = [100.0, 100, 150, 200], [100.0, 130, 150, 200]
    fates = diagnose(predictions([found], [found], [0.9]), annotated(lost, found), CONFIG)
    assert [it.stage for it in fates] == ["suppression", "found"]
    assert [it.detection for it in fates] == [0, 0]


def test_its_own_silenced_box_tells_the_story_not_the_neighbours_surer_one() -> None:
    """Two people side by side: the surer box lies on both, but is the neighbour's."""
    person, neighbour = [100.0, 100, 150, 200], [115.0, 100, 165, 200]  # IoU 35 / 65
    said = predictions([neighbour, person], [neighbour, person], [0.9, 0.8])
    lost, found = diagnose(said, annotated(person, neighbour), CONFIG)
    assert (lost.stage, lost.roi_index, lost.detection) == ("suppression", 1, 0)
    assert (found.stage, found.roi_index) == ("found", 0)


def test_beyond_the_last_detection_that_is_kept() -> None:
    config = DetectionConfig(score_threshold=0.5, nms_iou=0.3, limit=1)
    it = fate([FAR, PERSON], [FAR, PERSON], [0.9, 0.8], config)
    assert (it.stage, it.roi_index, it.detection) == ("limit", 1, -1)


def test_a_picture_without_people_has_no_fates() -> None:
    assert diagnose(predictions([FAR], [FAR], [0.9]), annotated(), CONFIG) == ()


def test_nobody_looks_for_a_crowd() -> None:
    it = annotated(PERSON, NEAR, tags=("crowd", ""))
    fates = diagnose(predictions([PERSON], [PERSON], [0.9]), it, CONFIG)
    assert [(row.gt_index, row.stage) for row in fates] == [(1, "found")]


def test_another_class_finds_nobody() -> None:
    """Confident as a dog; as a person it scores low."""
    both = RoIPredictions(
        torch.tensor([PERSON]),
        torch.tensor([[PERSON, PERSON]]),
        torch.tensor([[0.0, 0.1, 0.9]]),
        ("person", "dog"),
        400,
        400,
    )
    it = annotated(PERSON)
    known = AnnotatedImage(it.image, it.boxes, it.labels, ("person", "dog"), it.tags)
    (only,) = diagnose(both, known, CONFIG)
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
    said = predictions(boxes, boxes, [row[4] for row in drawn])
    it = annotated(*boxes[::3])
    config = DetectionConfig(score_threshold=threshold, nms_iou=0.5)
    fates = diagnose(said, it, config)
    missed = match_detections(select(said, config), it).missed.tolist()
    assert [row.gt_index for row in fates if row.stage != "found"] == missed
