"""Precision, recall and F1 at every confidence, against judging again at each of them."""

from functools import partial

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.detection.matching import match_detections
from fastrcnn_core.evaluation import PrecisionRecallCurve, precision_recall_curve
from fastrcnn_core.structures import (
    AnnotatedImage,
    Detections,
    RoIPredictions,
    SuppressedBoxes,
)
from tests.support.builders import annotate

PERSON = [10.0, 10, 50, 90]


annotated = partial(annotate, height=100, width=200)


def detections(*rows: tuple[list[float], float]) -> Detections:
    none = torch.zeros(0, dtype=torch.int64)
    return Detections(
        torch.tensor([box for box, _ in rows]).reshape(-1, 4),
        torch.tensor([score for _, score in rows]),
        torch.ones(len(rows), dtype=torch.int64),
        torch.arange(len(rows)),
        ("person",),
        SuppressedBoxes(torch.zeros(0, 4), torch.zeros(0), none, none, none, torch.zeros(0)),
    )


def ranking(found: Detections, truth: AnnotatedImage) -> PrecisionRecallCurve:
    return precision_recall_curve([(found, match_detections(found, truth))])


def test_a_hit_a_background_hit_and_a_duplicate_are_counted_from_the_threshold_up() -> None:
    found = detections((PERSON, 0.9), ([100.0, 0, 150, 90], 0.6), ([11.0, 10, 50, 90], 0.3))
    curve = ranking(found, annotated(PERSON, [150.0, 0, 199, 99]))
    assert (curve.at(0.95).hits, curve.at(0.95).missed, curve.at(0.95).precision) == (0, 2, None)
    assert (curve.at(0.7).precision, curve.at(0.7).recall) == (1.0, 0.5)
    assert (curve.at(0.5).precision, curve.at(0.5).background) == (0.5, 1)
    assert (curve.at(0.0).duplicates, curve.at(0.0).f1) == (1, pytest.approx(2 / 5))  # type: ignore[comparison-overlap]


def test_a_detection_exactly_at_the_threshold_counts() -> None:
    assert ranking(detections((PERSON, 0.7)), annotated(PERSON)).at(0.7).hits == 1


def test_the_best_threshold_is_the_score_of_the_last_detection_that_pays() -> None:
    truth = annotated(PERSON, [100.0, 0, 150, 90])
    found = detections((PERSON, 0.9), ([100.0, 0, 150, 90], 0.6), ([0.0, 0, 20, 20], 0.5))
    assert ranking(found, truth).best_threshold() == pytest.approx(0.6)


def test_of_equal_scores_all_or_none_are_kept() -> None:
    found = detections((PERSON, 0.9), ([0.0, 0, 20, 20], 0.9), ([0.0, 50, 20, 70], 0.9))
    curve = ranking(found, annotated(PERSON))
    assert curve.best_threshold() == pytest.approx(0.9)
    assert curve.at(curve.best_threshold()).detections == 3  # type: ignore[arg-type]


def test_without_a_hit_there_is_no_best_threshold() -> None:
    assert ranking(detections(([0.0, 0, 5, 5], 0.9)), annotated(PERSON)).best_threshold() is None
    assert precision_recall_curve([]).best_threshold() is None


def test_nobody_to_find_and_nothing_found_has_no_figures() -> None:
    tally = ranking(detections(), annotated()).at(0.5)
    assert (tally.precision, tally.recall, tally.f1) == (None, None, None)


def test_what_lies_in_a_crowd_is_neither_right_nor_wrong() -> None:
    curve = ranking(detections((PERSON, 0.9)), annotated(PERSON, tags=("crowd",)))
    assert (curve.at(0.0).detections, curve.at(0.0).ground_truth) == (0, 0)


@given(
    seed=st.integers(0, 10_000), threshold=st.floats(0.0, 1.0, width=32), nms=st.floats(0.1, 0.9)
)
@settings(max_examples=60, deadline=None)
def test_a_prefix_of_the_ranking_is_what_selecting_and_judging_again_gives(
    seed: int, threshold: float, nms: float
) -> None:
    detection = pytest.importorskip("fastrcnn_core.detection")
    chance = torch.Generator().manual_seed(seed)
    corner = torch.rand(60, 2, generator=chance) * 100
    boxes = torch.cat([corner, corner + 20 + 40 * torch.rand(60, 2, generator=chance)], dim=1)
    scores = torch.rand(60, generator=chance)
    predictions = RoIPredictions(
        boxes, boxes[:, None], torch.stack([1 - scores, scores], dim=1), ("person",), 200, 200
    )
    truth = annotated(*boxes[:6].tolist())

    def judged(floor: float) -> PrecisionRecallCurve:
        config = DetectionConfig(score_threshold=floor, nms_iou=nms, limit=10)
        return ranking(detection.select(predictions, config), truth)

    assert judged(0.0).at(threshold) == judged(threshold).at(0.0)
