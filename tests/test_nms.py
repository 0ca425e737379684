"""Greedy NMS with torchvision as the oracle, soft-NMS with the paper's algorithm, and what is recorded."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.ops import box_iou, nms

from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.detection import select
from fastrcnn_core.errors import ScoreError
from fastrcnn_core.nms import gaussian_decay, greedy_nms, linear_decay, soft_nms
from fastrcnn_core.structures import RoIPredictions

# Small whole numbers make ties, duplicates, exact thresholds and boxes without area likely.
coordinate = st.integers(0, 12)
box = st.tuples(coordinate, coordinate, coordinate, coordinate).map(
    lambda b: [min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3])]
)
scored = st.lists(st.tuples(box, st.integers(0, 64)), max_size=40)
iou_thresholds = st.sampled_from([0.0, 0.1, 0.25, 1 / 3, 0.5, 2 / 3, 0.99, 1.0])


score_thresholds = st.sampled_from([0.0, 0.05, 0.25, 0.5])
decays = st.sampled_from([("linear", 0.0), ("linear", 0.3), ("gaussian", 0.5), ("gaussian", 2)])
ONE_BY_ONE: dict[str, Callable[[np.float32, float], np.float32]] = {
    "linear": lambda iou, at: 1 - iou if float(iou) > at else np.float32(1),
    "gaussian": lambda iou, sigma: np.exp(-(iou**2) / np.float32(sigma)),
}
DECAYS = {"linear": linear_decay, "gaussian": gaussian_decay}


def tensors(rows: list[tuple[list[int], int]]) -> tuple[Tensor, Tensor]:
    boxes = torch.tensor([row[0] for row in rows], dtype=torch.float32).reshape(-1, 4)
    return boxes, torch.tensor([row[1] / 64 for row in rows], dtype=torch.float32)


def crowd(count: int, *, spread: float, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * spread
    size = 40 + 60 * torch.rand(count, 2, generator=generator)
    boxes = torch.cat([corner, corner + size], dim=1)
    return boxes, torch.rand(count, generator=generator)


def test_the_better_box_suppresses_the_worse_and_is_recorded() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [50, 50, 60, 60], [0, 0, 10, 8]])
    result = greedy_nms(boxes, torch.tensor([0.6, 0.7, 0.9]), iou_threshold=0.5)
    assert result.keep.tolist() == [2, 1]
    assert result.suppressed_by.tolist() == [2, -1, -1]
    assert result.iou.tolist() == [pytest.approx(0.8), 0, 0]


def test_a_suppressed_box_suppresses_none() -> None:
    chain = torch.tensor(
        [[0.0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]]
    )  # neighbours share 6/14
    result = greedy_nms(chain, torch.tensor([0.9, 0.8, 0.7]), iou_threshold=0.4)
    assert result.keep.tolist() == [0, 2]


def test_at_the_threshold_both_stay() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 5]])
    assert len(greedy_nms(boxes, torch.tensor([0.9, 0.8]), iou_threshold=0.5).keep) == 2
    assert len(greedy_nms(boxes, torch.tensor([0.9, 0.8]), iou_threshold=0.49).keep) == 1


def test_of_equal_scores_the_earlier_box_stays() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10]] * 3)
    result = greedy_nms(boxes, torch.tensor([0.5, 0.5, 0.5]), iou_threshold=0.5)
    assert result.keep.tolist() == [0]
    assert result.suppressed_by.tolist() == [-1, 0, 0]


def test_a_box_is_suppressed_by_the_best_of_those_that_overlap_it() -> None:
    # The last box overlaps both kept ones; the first, with the higher score, came first.
    boxes = torch.tensor([[0.0, 0, 10, 10], [10, 0, 20, 10], [5, 0, 15, 10]])
    result = greedy_nms(boxes, torch.tensor([0.8, 0.9, 0.7]), iou_threshold=0.3)
    assert result.suppressed_by.tolist() == [-1, -1, 1]


def test_no_boxes_no_suppression() -> None:
    result = greedy_nms(torch.zeros(0, 4), torch.zeros(0), iou_threshold=0.5)
    assert (len(result.keep), len(result.suppressed_by), len(result.iou)) == (0, 0, 0)


@given(scored, iou_thresholds)
@example([([0, 0, 2, 3], 64), ([0, 2, 8, 4], 32)], 0.1)  # an IoU of 1/10, which no binary number is
def test_keep_is_torchvisions(rows: list[tuple[list[int], int]], iou_threshold: float) -> None:
    boxes, scores = tensors(rows)
    result = greedy_nms(boxes, scores, iou_threshold=iou_threshold)
    assert result.keep.tolist() == nms(boxes, scores, iou_threshold).tolist()


@pytest.mark.parametrize("spread", [30, 300, 3000])
@pytest.mark.parametrize("iou_threshold", [0.05, 0.3, 0.5, 0.7, 0.95])
def test_keep_is_torchvisions_for_crowds_larger_than_a_block(
    spread: float, iou_threshold: float
) -> None:
    boxes, scores = crowd(700, spread=spread)
    result = greedy_nms(boxes, scores, iou_threshold=iou_threshold)
    assert torch.equal(result.keep, nms(boxes, scores, iou_threshold))


@given(scored, iou_thresholds)
def test_every_suppressed_box_names_a_better_kept_one_that_overlaps_it_enough(
    rows: list[tuple[list[int], int]], iou_threshold: float
) -> None:
    boxes, scores = tensors(rows)
    result = greedy_nms(boxes, scores, iou_threshold=iou_threshold)
    suppressed = (result.suppressed_by >= 0).nonzero()[:, 0]
    by = result.suppressed_by[suppressed]
    assert sorted([*result.keep.tolist(), *suppressed.tolist()]) == list(range(len(rows)))
    assert set(by.tolist()) <= set(result.keep.tolist())
    assert (scores[by] >= scores[suppressed]).all()
    assert (result.iou[suppressed].double() > iou_threshold).all()
    torch.testing.assert_close(result.iou[suppressed], box_iou(boxes, boxes)[suppressed, by])
    assert result.iou[result.keep].eq(0).all()


@given(scored)
def test_the_order_in_which_boxes_come_changes_nothing_where_scores_differ(
    rows: list[tuple[list[int], int]],
) -> None:
    boxes, _ = tensors(rows)
    scores = torch.linspace(0, 1, len(rows))
    shuffled = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))
    straight = greedy_nms(boxes, scores, iou_threshold=0.5)
    mixed = greedy_nms(boxes[shuffled], scores[shuffled], iou_threshold=0.5)
    assert shuffled[mixed.keep].tolist() == straight.keep.tolist()


def oracle(boxes: Tensor, scores: Tensor, kind: str, number: float) -> dict[int, np.float32]:
    """Run figure 2 of the paper box by box: every box's final score, in the order in which it is selected.

    In float32 as in `soft_nms`, so that equal scores stay equal.
    """
    iou = box_iou(boxes, boxes).nan_to_num().numpy()
    left, final = dict(enumerate(scores.numpy())), {}
    while left:
        best = max(left, key=lambda row: (left[row], -row))
        final[best] = left.pop(best)
        for row in left:
            left[row] = left[row] * ONE_BY_ONE[kind](iou[best, row], number)
    return final


@given(scored, decays)
def test_soft_nms_scores_are_those_of_the_papers_algorithm(
    rows: list[tuple[list[int], int]], decay: tuple[str, float]
) -> None:
    kind, number = decay
    boxes, scores = tensors(rows)
    expected = oracle(boxes, scores, kind, number)
    result = soft_nms(boxes, scores, decay=DECAYS[kind](number), score_threshold=0.0)
    assert len(result.keep) == len(rows)
    for row, score in expected.items():
        assert float(result.scores[row]) == pytest.approx(score, abs=1e-6)
    decayed = result.scores[result.keep]
    assert (decayed.diff() <= 0).all()


@given(scored, decays, score_thresholds)
def test_a_higher_threshold_cuts_off_and_changes_nothing_above_it(
    rows: list[tuple[list[int], int]], decay: tuple[str, float], threshold: float
) -> None:
    boxes, scores = tensors(rows)
    function = DECAYS[decay[0]](decay[1])
    every = soft_nms(boxes, scores, decay=function, score_threshold=0.0)
    some = soft_nms(boxes, scores, decay=function, score_threshold=threshold)
    stays = every.scores[every.keep] >= threshold
    assert some.keep.tolist() == every.keep[stays].tolist()
    assert some.scores[some.keep].tolist() == every.scores[some.keep].tolist()


@given(scored, st.sampled_from([0.0, 0.25, 0.5, 0.99]))
def test_a_decay_to_zero_is_greedy_nms(rows: list[tuple[list[int], int]], iou: float) -> None:
    boxes, scores = tensors(rows)
    scores = scores + 0.01  # above 0, to which suppressed boxes decay
    hard = soft_nms(
        boxes,
        scores,
        decay=lambda ious: (ious <= np.float64(iou)).astype(np.float32),
        score_threshold=0.01,
    )
    greedy = greedy_nms(boxes, scores, iou_threshold=iou)
    for name in ("keep", "suppressed_by", "iou"):
        assert getattr(hard, name).tolist() == getattr(greedy, name).tolist()
    assert greedy.decayed_by is greedy.suppressed_by
    assert torch.equal(greedy.scores, scores)


FIRST, NEAR, NEARER, FAR = [0.0, 0, 10, 10], [0.0, 0, 10, 5], [0.0, 0, 10, 8], [50.0, 0, 60, 10]


def test_scores_are_decayed_by_hand() -> None:
    boxes, scores = torch.tensor([FIRST, NEAR, FAR]), torch.tensor([0.9, 0.8, 0.7])
    half = soft_nms(boxes, scores, decay=linear_decay(0.3), score_threshold=0.1)  # IoU 0.5
    assert half.keep.tolist() == [0, 2, 1]
    assert half.scores.tolist() == pytest.approx([0.9, 0.4, 0.7])
    assert half.decayed_by.tolist() == [-1, 0, -1]
    assert half.suppressed_by.tolist() == [-1, -1, -1]
    assert half.iou.tolist() == pytest.approx([0, 0.5, 0])
    bell = soft_nms(boxes, scores, decay=gaussian_decay(0.5), score_threshold=0.1)
    assert float(bell.scores[1]) == pytest.approx(0.8 * math.exp(-0.5))
    at_the_threshold = soft_nms(boxes, scores, decay=linear_decay(0.5), score_threshold=0.1)
    assert at_the_threshold.scores.tolist() == scores.tolist()


def test_the_box_that_decayed_another_most_is_recorded_also_when_it_is_dropped() -> None:
    boxes, scores = torch.tensor([NEAR, FIRST, NEARER]), torch.tensor([0.95, 0.9, 0.7])
    fallen = soft_nms(boxes, scores, decay=linear_decay(0.0), score_threshold=0.1)
    assert fallen.keep.tolist() == [0, 1]
    assert fallen.suppressed_by.tolist() == [-1, -1, 1]
    assert fallen.decayed_by.tolist() == [-1, 0, 1]
    # NEAR takes 5/8 of NEARER, FIRST 4/5
    assert fallen.iou.tolist() == pytest.approx([0, 0.5, 0.8])
    assert float(fallen.scores[2]) == pytest.approx(0.7 * 3 / 8 * 1 / 5)


def test_a_later_box_that_decays_less_is_not_recorded() -> None:
    boxes, scores = torch.tensor([FIRST, NEAR, NEARER]), torch.tensor([0.95, 0.9, 0.7])
    fallen = soft_nms(boxes, scores, decay=linear_decay(0.0), score_threshold=0.1)
    assert fallen.keep.tolist() == [0, 1]
    assert float(fallen.scores[2]) == pytest.approx(0.7 * 1 / 5 * 3 / 8)  # by both
    assert fallen.suppressed_by.tolist() == [-1, -1, 0]
    assert float(fallen.iou[2]) == pytest.approx(0.8)


def predictions(boxes: list[list[float]], scores: list[list[float]]) -> RoIPredictions:
    rois, foreground = torch.tensor(boxes), torch.tensor(scores)
    background = 1 - foreground.sum(1, keepdim=True)
    each_class = rois[:, None].repeat(1, foreground.shape[1], 1)
    classes = ("person", "dog")[: foreground.shape[1]]
    return RoIPredictions(rois, each_class, torch.cat([background, foreground], 1), classes, 99, 99)


def test_select_reports_the_score_before_and_after_soft_nms() -> None:
    config = DetectionConfig(nms="linear", nms_iou=0.3, score_threshold=0.35)
    found = select(predictions([FAR, NEAR, FIRST, NEARER], [[0.5], [0.8], [0.9], [0.7]]), config)
    assert found.roi_index.tolist() == [2, 0, 1]
    assert found.scores.tolist() == pytest.approx([0.9, 0.5, 0.4])
    assert found.decayed is not None
    assert found.decayed.scores.tolist() == pytest.approx([0.9, 0.5, 0.8])
    assert found.decayed.by.tolist() == [-1, -1, 0]
    assert found.decayed.iou.tolist() == pytest.approx([0, 0, 0.5])
    assert found.suppressed.roi_index.tolist() == [3]
    assert found.suppressed.by.tolist() == [0]
    assert found.suppressed.scores.tolist() == pytest.approx([0.7])  # before soft-NMS
    assert found.suppressed.iou.tolist() == pytest.approx([0.8])


def test_greedy_selection_decays_nothing() -> None:
    assert select(predictions([FIRST, NEAR], [[0.9], [0.8]]), DetectionConfig()).decayed is None


def test_classes_do_not_decay_each_other_and_rows_are_counted_over_both() -> None:
    config = DetectionConfig(nms="gaussian", score_threshold=0.05)
    rows = predictions([FIRST, NEAR, FIRST, NEAR], [[0.9, 0], [0.8, 0], [0, 0.95], [0, 0.85]])
    found = select(rows, config)
    assert found.decayed is not None
    decayed = 0.85 * math.exp(-0.5), 0.8 * math.exp(-0.5)
    assert found.scores.tolist() == pytest.approx([0.95, 0.9, *decayed])
    assert found.labels.tolist() == [2, 1, 2, 1]
    assert found.decayed.by.tolist() == [-1, -1, 0, 1]


def test_soft_nms_of_no_boxes_is_no_detection() -> None:
    for kind in DECAYS:
        found = select(predictions([FIRST], [[0.1]]), DetectionConfig(nms=kind))  # type: ignore[arg-type]
        assert len(found.boxes) == len(found.suppressed.boxes) == 0


def test_a_score_that_is_nan_suppresses_no_box() -> None:
    boxes = torch.tensor([[0, 0, 10, 20], [1, 0, 11, 20], [40, 0, 50, 20.0]])
    scores = torch.tensor([0.9, math.nan, 0.8])
    with pytest.raises(ScoreError, match="NaN"):
        greedy_nms(boxes, scores, iou_threshold=0.5)
    with pytest.raises(ScoreError, match="NaN"):
        soft_nms(boxes, scores, decay=linear_decay(0.5), score_threshold=0.0)
