"""Matching, judging and drawing, with boxes whose IoU one can see."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from fastrcnn_core.boxes import decode
from fastrcnn_core.config import SamplingConfig
from fastrcnn_core.roi_sampling import assign, assigned_rois, best_match, sample_rois
from fastrcnn_core.structures import SampledRoIs

GT = torch.tensor([[0.0, 0, 10, 10]])
SAME = [0.0, 0, 10, 10]  # IoU 1
HALF = [0.0, 0, 10, 5]  # IoU 0.5
THIRD = [5.0, 0, 15, 10]  # IoU 1/3
NINTH = [8.0, 0, 18, 10]  # IoU 1/9
EDGE = [9.0, 0, 19, 10]  # IoU 1/19
FAR = [50.0, 50, 60, 60]  # IoU 0

STD = (0.1, 0.1, 0.2, 0.2)
NO_BOXES = torch.zeros(0, 4)


def boxes(rows: list[list[float]]) -> Tensor:
    return torch.tensor(rows).reshape(-1, 4)


def draw(
    proposals: list[list[float]],
    *,
    gt: Tensor = GT,
    labels: list[int] | None = None,
    config: SamplingConfig | None = None,
    seed: int = 0,
) -> SampledRoIs:
    return sample_rois(
        proposals=boxes(proposals),
        gt_boxes=gt,
        gt_labels=torch.tensor([1] * len(gt) if labels is None else labels, dtype=torch.int64),
        config=config or SamplingConfig(rois_per_image=128),
        delta_std=STD,
        generator=torch.Generator().manual_seed(seed),
    )


def test_the_match_is_the_ground_truth_with_the_highest_iou() -> None:
    gt = boxes([FAR, SAME])
    match = best_match(boxes([HALF, FAR]), gt)
    assert match.gt_index.tolist() == [1, 0]
    assert match.iou.tolist() == [0.5, 1.0]


def test_of_equals_the_first_ground_truth_is_the_match() -> None:
    assert best_match(boxes([SAME]), boxes([SAME, SAME])).gt_index.tolist() == [0]


def test_who_touches_nobody_matches_nobody() -> None:
    for gt in (GT, NO_BOXES):
        match = best_match(boxes([FAR]), gt)
        assert (match.iou.tolist(), match.gt_index.tolist()) == ([0.0], [-1])


def test_foreground_from_a_half_background_from_a_tenth_and_ignored_below() -> None:
    assignment = assign(
        boxes([SAME, HALF, THIRD, NINTH, EDGE, FAR]), GT, SamplingConfig(background_iou_low=0.1)
    )
    assert assignment.is_foreground.tolist() == [True, True, False, False, False, False]
    assert assignment.is_background.tolist() == [False, False, True, True, False, False]
    assert assignment.is_ignored.tolist() == [False, False, False, False, True, True]


def test_between_background_and_foreground_a_candidate_is_ignored() -> None:
    config = SamplingConfig(background_iou_high=0.3)
    assert assign(boxes([THIRD]), GT, config).is_ignored.tolist() == [True]


def test_the_lower_bound_belongs_to_background_and_the_upper_one_does_not() -> None:
    quarter = [0.0, 0, 10, 2.5]
    config = SamplingConfig(background_iou_low=0.25, background_iou_high=0.5)
    assignment = assign(boxes([quarter, HALF]), GT, config)
    assert assignment.is_background.tolist() == [True, False]
    config = SamplingConfig(background_iou_low=0.0, background_iou_high=0.25)
    assert assign(boxes([quarter]), GT, config).is_ignored.tolist() == [True]


def test_the_ground_truth_itself_is_a_foreground_candidate() -> None:
    rois = draw([FAR])
    assert rois.boxes[rois.is_foreground].tolist() == GT.tolist()


def test_the_ground_truth_is_no_candidate_when_the_knob_says_so() -> None:
    rois = draw([FAR], config=SamplingConfig(add_ground_truth=False))
    assert rois.boxes.tolist() == [FAR]
    assert not rois.is_foreground.any()


def test_foreground_is_at_most_its_share() -> None:
    rois = draw([SAME] * 200 + [THIRD] * 200)
    assert len(rois.boxes) == 128
    assert rois.is_foreground.sum() == 32


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.29, 29), (0.3, 30), (1.0, 100)])
def test_the_share_is_not_lost_to_rounding(share: float, expected: int) -> None:
    config = SamplingConfig(rois_per_image=100, foreground_share=share)
    assert draw([SAME] * 200 + [FAR] * 200, config=config).is_foreground.sum() == expected


def test_background_fills_what_foreground_leaves() -> None:
    rois = draw([SAME] * 9 + [THIRD] * 200)
    assert rois.is_foreground.sum() == 10  # the ground truth is the tenth
    assert len(rois.boxes) == 128


def test_too_few_candidates_give_fewer_rois_and_none_twice() -> None:
    rois = draw([SAME] * 3 + [THIRD] * 4)
    assert sorted(rois.candidate_index.tolist()) == list(range(8))


def test_ignored_candidates_are_never_drawn() -> None:
    rois = draw([EDGE] * 50 + [THIRD] * 5, config=SamplingConfig(background_iou_low=0.1))
    assert EDGE not in rois.boxes.tolist()
    assert len(rois.boxes) == 6


def test_foreground_comes_first() -> None:
    rois = draw([THIRD] * 20 + [SAME] * 5 + [FAR] * 20)
    assert rois.labels.tolist() == [1] * 6 + [0] * 40


def test_labels_are_the_matchs_and_background_is_0() -> None:
    rois = draw([FAR, SAME], gt=boxes([FAR, SAME]), labels=[3, 2])
    label_of = dict(zip(map(tuple, rois.boxes.tolist()), rois.labels.tolist(), strict=True))
    assert label_of == {tuple(FAR): 3, tuple(SAME): 2}
    assert draw([THIRD]).labels.tolist() == [1, 0]


def test_rois_remember_where_they_come_from() -> None:
    rois = draw([THIRD, FAR])  # candidate 2 is the ground truth
    assert rois.candidate_index[0] == 2
    order = rois.candidate_index.argsort()
    assert rois.candidate_index[order].tolist() == [0, 1, 2]
    assert rois.iou[order].tolist() == [pytest.approx(1 / 3), 0, 1]
    assert rois.gt_index[order].tolist() == [0, -1, 0]


def test_targets_carry_foreground_onto_its_ground_truth_and_are_0_for_background() -> None:
    rois = draw([HALF, THIRD])
    deltas = rois.targets * torch.tensor(STD)
    landed = decode(source=rois.boxes, deltas=deltas)[rois.is_foreground]
    torch.testing.assert_close(landed, GT.expand(2, 4), atol=1e-5, rtol=0)
    assert rois.targets[~rois.is_foreground].abs().max() == 0


def test_targets_are_divided_by_delta_std() -> None:
    rois = draw([HALF], config=SamplingConfig(add_ground_truth=False))
    assert rois.targets.tolist() == [
        [0.0, pytest.approx(0.5 / 0.1), 0.0, pytest.approx(0.6931472 / 0.2)]
    ]


def test_fault_crash_without_people_everything_is_background() -> None:
    rois = draw([FAR] * 100, gt=NO_BOXES)
    assert rois.labels.tolist() == [0] * 100
    assert rois.gt_index.tolist() == [-1] * 100
    assert rois.targets.abs().max() == 0


def test_no_proposals_leave_the_ground_truth_and_nothing_leaves_nothing() -> None:
    assert draw([]).boxes.tolist() == GT.tolist()
    assert len(draw([], gt=NO_BOXES).boxes) == 0


def test_the_same_seed_draws_the_same_rois_and_another_one_others() -> None:
    many = [[float(x), 0, x + 10, 10] for x in range(300)]
    drawn = [draw(many, seed=seed).candidate_index.tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_only_the_generator_that_is_passed_in_is_used() -> None:
    state = torch.get_rng_state()
    draw([THIRD] * 50)
    assert torch.equal(torch.get_rng_state(), state)


def test_every_background_candidate_has_the_same_chance() -> None:
    config = SamplingConfig(rois_per_image=10, add_ground_truth=False)
    counts = torch.zeros(40)
    for seed in range(400):
        counts[draw([FAR] * 40, config=config, seed=seed).candidate_index] += 1
    assert counts.min() > 60  # expected 100, standard deviation 8.7
    assert counts.max() < 140


@given(
    st.lists(st.sampled_from([SAME, HALF, THIRD, NINTH, EDGE, FAR]), max_size=60),
    st.integers(1, 40),
    st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    st.sampled_from([0.0, 0.1]),
)
def test_counts_are_what_the_candidates_allow(
    proposals: list[list[float]], wanted: int, share: float, low: float
) -> None:
    config = SamplingConfig(rois_per_image=wanted, foreground_share=share, background_iou_low=low)
    assignment = assign(torch.cat([boxes(proposals), GT]), GT, config)
    rois = draw(proposals, config=config)
    foreground = min(int(share * wanted), int(assignment.is_foreground.sum()))
    background = min(wanted - foreground, int(assignment.is_background.sum()))
    assert int(rois.is_foreground.sum()) == foreground
    assert len(rois.boxes) == foreground + background
    assert len(set(rois.candidate_index.tolist())) == len(rois.boxes)


def test_assigned_rois_are_all_that_could_be_drawn_with_the_same_labels_and_targets() -> None:
    config = SamplingConfig(rois_per_image=2048, foreground_share=0.5, background_iou_low=0.1)
    arguments = {
        "proposals": boxes([FAR, HALF, THIRD, EDGE, SAME, NINTH]),
        "gt_boxes": GT,
        "gt_labels": torch.tensor([2]),
        "config": config,
        "delta_std": STD,
    }
    every = assigned_rois(**arguments)  # type: ignore[arg-type]
    assert every.candidate_index.tolist() == [1, 4, 6, 2, 5]  # 6 is the ground truth
    assert every.labels.tolist() == [2, 2, 2, 0, 0]
    drawn = sample_rois(**arguments, generator=torch.Generator().manual_seed(0))  # type: ignore[arg-type]
    order = [
        every.candidate_index.tolist().index(index) for index in drawn.candidate_index.tolist()
    ]
    taken = every.take(torch.tensor(order))
    for name, value in vars(drawn).items():
        assert torch.equal(getattr(taken, name), value)
