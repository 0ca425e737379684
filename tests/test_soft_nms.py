"""Soft-NMS: the algorithm of the paper's figure 2, word for word, as the oracle; and who lowered whose score."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.ops import box_iou

from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.detection import select
from fastrcnn_core.nms import gaussian, linear, soften, suppress
from fastrcnn_core.structures import RoIPredictions

coordinate = st.integers(0, 12)
box = st.tuples(coordinate, coordinate, coordinate, coordinate).map(
    lambda b: [min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3])]
)
scored = st.lists(st.tuples(box, st.integers(0, 64)), max_size=25)
thresholds = st.sampled_from([0.0, 0.05, 0.25, 0.5])
lowerings = st.sampled_from([("linear", 0.0), ("linear", 0.3), ("gaussian", 0.5), ("gaussian", 2)])
ONE_BY_ONE: dict[str, Callable[[np.float32, float], np.float32]] = {
    "linear": lambda iou, at: 1 - iou if float(iou) > at else np.float32(1),
    "gaussian": lambda iou, sigma: np.exp(-(iou**2) / np.float32(sigma)),
}
MAKERS = {"linear": linear, "gaussian": gaussian}


def tensors(rows: list[tuple[list[int], int]]) -> tuple[Tensor, Tensor]:
    boxes = torch.tensor([row[0] for row in rows], dtype=torch.float32).reshape(-1, 4)
    return boxes, torch.tensor([row[1] / 64 for row in rows], dtype=torch.float32)


def oracle(boxes: Tensor, scores: Tensor, kind: str, number: float) -> dict[int, np.float32]:
    """Figure 2 of the paper, one box after the other: every box's final score, in the order in which it was taken.

    In float32 as ours, so that equal scores stay equal.
    """
    iou = box_iou(boxes, boxes).nan_to_num().numpy()
    left, final = dict(enumerate(scores.numpy())), {}
    while left:
        best = max(left, key=lambda row: (left[row], -row))
        final[best] = left.pop(best)
        for row in left:
            left[row] = left[row] * ONE_BY_ONE[kind](iou[best, row], number)
    return final


@given(scored, lowerings)
def test_scores_are_those_of_the_papers_algorithm(
    rows: list[tuple[list[int], int]], lowering: tuple[str, float]
) -> None:
    kind, number = lowering
    boxes, scores = tensors(rows)
    expected = oracle(boxes, scores, kind, number)
    result = soften(boxes, scores, lowering=MAKERS[kind](number), score_threshold=0.0)
    assert len(result.keep) == len(rows)
    for row, score in expected.items():
        assert float(result.scores[row]) == pytest.approx(score, abs=1e-6)
    lowered = result.scores[result.keep]
    assert (lowered.diff() <= 0).all()


@given(scored, lowerings, thresholds)
def test_a_higher_threshold_cuts_off_and_changes_nothing_above_it(
    rows: list[tuple[list[int], int]], lowering: tuple[str, float], threshold: float
) -> None:
    boxes, scores = tensors(rows)
    way = MAKERS[lowering[0]](lowering[1])
    every = soften(boxes, scores, lowering=way, score_threshold=0.0)
    some = soften(boxes, scores, lowering=way, score_threshold=threshold)
    stays = every.scores[every.keep] >= threshold
    assert some.keep.tolist() == every.keep[stays].tolist()
    assert some.scores[some.keep].tolist() == every.scores[some.keep].tolist()


@given(scored, st.sampled_from([0.0, 0.25, 0.5, 0.99]))
def test_a_lowering_to_nothing_is_greedy_nms(rows: list[tuple[list[int], int]], iou: float) -> None:
    boxes, scores = tensors(rows)
    scores = scores + 0.01  # above 0, which is what silenced boxes fall to
    hard = soften(
        boxes,
        scores,
        lowering=lambda ious: (ious <= np.float64(iou)).astype(np.float32),
        score_threshold=0.01,
    )
    greedy = suppress(boxes, scores, iou_threshold=iou)
    for name in ("keep", "suppressed_by", "iou"):
        assert getattr(hard, name).tolist() == getattr(greedy, name).tolist()
    assert greedy.lowered_by is greedy.suppressed_by
    assert torch.equal(greedy.scores, scores)


FIRST, NEAR, NEARER, FAR = [0.0, 0, 10, 10], [0.0, 0, 10, 5], [0.0, 0, 10, 8], [50.0, 0, 60, 10]


def test_scores_are_lowered_by_hand() -> None:
    boxes, scores = torch.tensor([FIRST, NEAR, FAR]), torch.tensor([0.9, 0.8, 0.7])
    half = soften(boxes, scores, lowering=linear(0.3), score_threshold=0.1)  # IoU 0.5
    assert half.keep.tolist() == [0, 2, 1]
    assert half.scores.tolist() == pytest.approx([0.9, 0.4, 0.7])
    assert half.lowered_by.tolist() == [-1, 0, -1]
    assert half.suppressed_by.tolist() == [-1, -1, -1]
    assert half.iou.tolist() == pytest.approx([0, 0.5, 0])
    bell = soften(boxes, scores, lowering=gaussian(0.5), score_threshold=0.1)
    assert float(bell.scores[1]) == pytest.approx(0.8 * math.exp(-0.5))
    at_the_threshold = soften(boxes, scores, lowering=linear(0.5), score_threshold=0.1)
    assert at_the_threshold.scores.tolist() == scores.tolist()


def test_who_lowered_a_box_most_is_remembered_also_when_it_fell() -> None:
    """The third shares 0.5 with the first and 0.8 with the second: together they leave 0.7 × 0.5 × 0.2."""
    boxes, scores = torch.tensor([NEAR, FIRST, NEARER]), torch.tensor([0.95, 0.9, 0.7])
    fallen = soften(boxes, scores, lowering=linear(0.0), score_threshold=0.1)
    assert fallen.keep.tolist() == [0, 1]
    assert fallen.suppressed_by.tolist() == [-1, -1, 1]
    assert fallen.lowered_by.tolist() == [-1, 0, 1]
    # NEAR takes 5/8 of NEARER, FIRST 4/5
    assert fallen.iou.tolist() == pytest.approx([0, 0.5, 0.8])
    assert float(fallen.scores[2]) == pytest.approx(0.7 * 3 / 8 * 1 / 5)


def test_a_later_box_that_lowers_less_does_not_take_the_blame() -> None:
    boxes, scores = torch.tensor([FIRST, NEAR, NEARER]), torch.tensor([0.95, 0.9, 0.7])
    fallen = soften(boxes, scores, lowering=linear(0.0), score_threshold=0.1)
    assert fallen.keep.tolist() == [0, 1]
    assert float(fallen.scores[2]) == pytest.approx(0.7 * 1 / 5 * 3 / 8)  # by both
    assert fallen.suppressed_by.tolist() == [-1, -1, 0]
    assert float(fallen.iou[2]) == pytest.approx(0.8)


def said(boxes: list[list[float]], scores: list[list[float]]) -> RoIPredictions:
    rois, foreground = torch.tensor(boxes), torch.tensor(scores)
    background = 1 - foreground.sum(1, keepdim=True)
    each_class = rois[:, None].repeat(1, foreground.shape[1], 1)
    classes = ("person", "dog")[: foreground.shape[1]]
    return RoIPredictions(rois, each_class, torch.cat([background, foreground], 1), classes, 99, 99)


def test_select_tells_the_networks_score_and_the_lowered_one() -> None:
    config = DetectionConfig(nms="linear", nms_iou=0.3, score_threshold=0.35)
    found = select(said([FAR, NEAR, FIRST, NEARER], [[0.5], [0.8], [0.9], [0.7]]), config)
    assert found.roi_index.tolist() == [2, 0, 1]
    assert found.scores.tolist() == pytest.approx([0.9, 0.5, 0.4])
    assert found.lowered is not None
    assert found.lowered.scores.tolist() == pytest.approx([0.9, 0.5, 0.8])
    assert found.lowered.by.tolist() == [-1, -1, 0]
    assert found.lowered.iou.tolist() == pytest.approx([0, 0, 0.5])
    assert found.suppressed.roi_index.tolist() == [3]
    assert found.suppressed.by.tolist() == [0]
    assert found.suppressed.scores.tolist() == pytest.approx([0.7])  # what the network said
    assert found.suppressed.iou.tolist() == pytest.approx([0.8])


def test_greedy_selection_lowers_nothing() -> None:
    assert select(said([FIRST, NEAR], [[0.9], [0.8]]), DetectionConfig()).lowered is None


def test_classes_do_not_lower_each_other_and_places_are_counted_over_both() -> None:
    config = DetectionConfig(nms="gaussian", score_threshold=0.05)
    rows = said([FIRST, NEAR, FIRST, NEAR], [[0.9, 0], [0.8, 0], [0, 0.95], [0, 0.85]])
    found = select(rows, config)
    assert found.lowered is not None
    lowered = 0.85 * math.exp(-0.5), 0.8 * math.exp(-0.5)
    assert found.scores.tolist() == pytest.approx([0.95, 0.9, *lowered])
    assert found.labels.tolist() == [2, 1, 2, 1]
    assert found.lowered.by.tolist() == [-1, -1, 0, 1]


def test_of_nothing_nothing_is_lowered() -> None:
    for nms in ("linear", "gaussian"):
        found = select(said([FIRST], [[0.1]]), DetectionConfig(nms=nms))  # type: ignore[arg-type]
        assert len(found.boxes) == len(found.suppressed.boxes) == 0
