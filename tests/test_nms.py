"""NMS: torchvision as the oracle, and the memory that torchvision has not."""

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.ops import box_iou, nms

from fastrcnn_core.nms import suppress

# Small whole numbers make ties, duplicates, exact thresholds and boxes without area likely.
coordinate = st.integers(0, 12)
box = st.tuples(coordinate, coordinate, coordinate, coordinate).map(
    lambda b: [min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3])]
)
scored = st.lists(st.tuples(box, st.integers(0, 4)), max_size=40)
thresholds = st.sampled_from([0.0, 0.1, 0.25, 1 / 3, 0.5, 2 / 3, 0.99, 1.0])


def tensors(rows: list[tuple[list[int], int]]) -> tuple[Tensor, Tensor]:
    boxes = torch.tensor([row[0] for row in rows], dtype=torch.float32).reshape(-1, 4)
    return boxes, torch.tensor([row[1] / 4 for row in rows], dtype=torch.float32)


def crowd(count: int, *, spread: float, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * spread
    size = 40 + 60 * torch.rand(count, 2, generator=generator)
    boxes = torch.cat([corner, corner + size], dim=1)
    return boxes, torch.rand(count, generator=generator)


def test_the_better_box_silences_the_worse_and_is_remembered() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [50, 50, 60, 60], [0, 0, 10, 8]])
    result = suppress(boxes, torch.tensor([0.6, 0.7, 0.9]), iou_threshold=0.5)
    assert result.keep.tolist() == [2, 1]
    assert result.suppressed_by.tolist() == [2, -1, -1]
    assert result.iou.tolist() == [pytest.approx(0.8), 0, 0]


def test_a_silenced_box_silences_nobody() -> None:
    chain = torch.tensor(
        [[0.0, 0, 10, 10], [4, 0, 14, 10], [8, 0, 18, 10]]
    )  # neighbours share 6/14
    result = suppress(chain, torch.tensor([0.9, 0.8, 0.7]), iou_threshold=0.4)
    assert result.keep.tolist() == [0, 2]


def test_at_the_threshold_both_stay() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 5]])
    assert len(suppress(boxes, torch.tensor([0.9, 0.8]), iou_threshold=0.5).keep) == 2
    assert len(suppress(boxes, torch.tensor([0.9, 0.8]), iou_threshold=0.49).keep) == 1


def test_of_equal_scores_the_earlier_box_stays() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10]] * 3)
    result = suppress(boxes, torch.tensor([0.5, 0.5, 0.5]), iou_threshold=0.5)
    assert result.keep.tolist() == [0]
    assert result.suppressed_by.tolist() == [-1, 0, 0]


def test_a_box_is_silenced_by_the_best_of_those_that_could() -> None:
    # The last box overlaps both kept ones; the first, with the higher score, came first.
    boxes = torch.tensor([[0.0, 0, 10, 10], [10, 0, 20, 10], [5, 0, 15, 10]])
    result = suppress(boxes, torch.tensor([0.8, 0.9, 0.7]), iou_threshold=0.3)
    assert result.suppressed_by.tolist() == [-1, -1, 1]


def test_no_boxes_no_suppression() -> None:
    result = suppress(torch.zeros(0, 4), torch.zeros(0), iou_threshold=0.5)
    assert (len(result.keep), len(result.suppressed_by), len(result.iou)) == (0, 0, 0)


@given(scored, thresholds)
@example([([0, 0, 2, 3], 4), ([0, 2, 8, 4], 2)], 0.1)  # an IoU of 1/10, which no binary number is
def test_keep_is_torchvisions(rows: list[tuple[list[int], int]], iou_threshold: float) -> None:
    boxes, scores = tensors(rows)
    ours = suppress(boxes, scores, iou_threshold=iou_threshold)
    assert ours.keep.tolist() == nms(boxes, scores, iou_threshold).tolist()


@pytest.mark.parametrize("spread", [30, 300, 3000])
@pytest.mark.parametrize("iou_threshold", [0.05, 0.3, 0.5, 0.7, 0.95])
def test_keep_is_torchvisions_for_crowds_larger_than_a_block(
    spread: float, iou_threshold: float
) -> None:
    boxes, scores = crowd(700, spread=spread)
    ours = suppress(boxes, scores, iou_threshold=iou_threshold)
    assert torch.equal(ours.keep, nms(boxes, scores, iou_threshold))


@given(scored, thresholds)
def test_every_silenced_box_names_a_better_kept_one_that_overlaps_it_enough(
    rows: list[tuple[list[int], int]], iou_threshold: float
) -> None:
    boxes, scores = tensors(rows)
    result = suppress(boxes, scores, iou_threshold=iou_threshold)
    silenced = (result.suppressed_by >= 0).nonzero()[:, 0]
    by = result.suppressed_by[silenced]
    assert sorted([*result.keep.tolist(), *silenced.tolist()]) == list(range(len(rows)))
    assert set(by.tolist()) <= set(result.keep.tolist())
    assert (scores[by] >= scores[silenced]).all()
    assert (result.iou[silenced].double() > iou_threshold).all()
    torch.testing.assert_close(result.iou[silenced], box_iou(boxes, boxes)[silenced, by])
    assert result.iou[result.keep].eq(0).all()


@given(scored)
def test_the_order_in_which_boxes_come_changes_nothing_where_scores_differ(
    rows: list[tuple[list[int], int]],
) -> None:
    boxes, _ = tensors(rows)
    scores = torch.linspace(0, 1, len(rows))
    shuffled = torch.randperm(len(rows), generator=torch.Generator().manual_seed(0))
    straight = suppress(boxes, scores, iou_threshold=0.5)
    mixed = suppress(boxes[shuffled], scores[shuffled], iou_threshold=0.5)
    assert shuffled[mixed.keep].tolist() == straight.keep.tolist()
