"""The funnel: each filter does what it says, by numbers that one can check by hand."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastrcnn_core.boxes import area, pairwise_iou
from fastrcnn_core.config import PRESETS, ProposalConfig
from fastrcnn_core.proposals import (
    FilterStage,
    best_overlap,
    funnel,
    mean_average_best_overlap,
    propose,
    recall,
    recall_curve,
)
from fastrcnn_core.selective_search import SearchResult, search
from fastrcnn_core.structures import FloatArray
from tests.support.builders import block_image as picture


def found(*boxes: tuple[float, float, float, float]) -> SearchResult:
    """Build a search result of these boxes, best ranked first."""
    count = np.arange(len(boxes), dtype=np.int32)
    rows = np.array(boxes, np.float32).reshape(-1, 4)
    return SearchResult(rows, 0 * count, count, count.astype(np.float32) + 1, ())


def survivors(result: SearchResult, stage: str, **knobs: object) -> list[int]:
    """Find the survivors of a stage with all other filters open."""
    open_ones = {"min_side": 1, "max_aspect": None, "distinct_iou": None, "limit": 20000}
    config = ProposalConfig(**{**open_ones, **knobs})  # type: ignore[arg-type]
    return [int(index) for index in funnel(result, config).stage(stage).survivors]


def test_both_sides_are_at_least_as_long_as_the_smallest() -> None:
    boxes = found((0, 0, 16, 16), (0, 0, 15, 90), (0, 0, 90, 15), (5, 5, 21, 40))
    assert survivors(boxes, "minimum side", min_side=16) == [0, 3]


def test_the_longer_side_is_at_most_so_many_times_the_shorter() -> None:
    boxes = found((0, 0, 20, 80), (0, 0, 20, 81), (0, 0, 80, 20), (0, 0, 81, 20))
    assert survivors(boxes, "aspect ratio", max_aspect=4.0) == [0, 2]
    assert survivors(boxes, "aspect ratio", max_aspect=None) == [0, 1, 2, 3]


def test_of_two_near_duplicates_the_better_ranked_one_stays() -> None:
    first, repeat, half = (0, 0, 100, 100), (0, 0, 100, 90), (0, 0, 100, 50)
    assert survivors(found(first, repeat, half), "deduplicated", distinct_iou=0.85) == [0, 2]
    assert survivors(found(repeat, first, half), "deduplicated", distinct_iou=0.85) == [0, 2]
    assert set(survivors(found(first, repeat, half), "deduplicated", distinct_iou=0.9)) == {0, 1, 2}


def test_without_an_iou_only_exact_repeats_go() -> None:
    boxes = found((0, 0, 100, 100), (0, 0, 100, 99), (0, 0, 100, 100))
    assert set(survivors(boxes, "deduplicated", distinct_iou=None)) == {0, 1}


def test_a_box_that_went_before_takes_nobody_with_it() -> None:
    thin, wide = (0, 0, 20, 100), (0, 0, 22, 100)
    assert survivors(found(thin, wide), "deduplicated", max_aspect=4.8, distinct_iou=0.85) == [1]


def test_there_are_at_most_so_many() -> None:
    boxes = found(*((50.0 * i, 0, 50.0 * i + 20, 20) for i in range(5)))
    assert survivors(boxes, "kept", limit=3) == [0, 1, 2]


def test_in_the_engines_order_boxes_that_repeat_nothing_stay_as_they_are_ranked() -> None:
    boxes = found(*((50.0 * i, 0, 50.0 * i + 20, 20 + i) for i in range(5)))
    assert survivors(boxes, "kept", order="rank") == [0, 1, 2, 3, 4]


def test_the_notebooks_order_is_the_largest_first() -> None:
    boxes = found((0, 0, 20, 20), (0, 0, 90, 90), (50, 0, 90, 30))
    assert survivors(boxes, "kept", order="area") == [1, 2, 0]


def test_a_random_order_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    boxes = found(*((50.0 * i, 0, 50.0 * i + 20, 20) for i in range(40)))
    orders = [survivors(boxes, "kept", order="pseudo_random", seed=seed) for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) == sorted(orders[2]) == list(range(40))


def test_a_random_order_still_prefers_what_is_ranked_high() -> None:
    """Multiply the rank by a number from 0 to 1: a low rank stays low, a high one may become low. Section 4.3."""
    boxes = found(*((50.0 * i, 0, 50.0 * i + 20, 20) for i in range(40)))
    first, last = np.zeros(40), np.zeros(40)
    for seed in range(30):
        order = survivors(boxes, "kept", order="pseudo_random", seed=seed)
        first[order[:10]] += 1
        last[order[-10:]] += 1
    assert first[:10].sum() > first[30:].sum()
    assert last[0] == 0


def test_the_stages_are_named_and_an_unknown_one_is_none() -> None:
    made = funnel(found((0, 0, 50, 50)), ProposalConfig())
    names = [stage.name for stage in made.stages]
    assert names == ["found", "minimum side", "aspect ratio", "deduplicated", "kept"]
    with pytest.raises(KeyError):
        made.stage("small enough")


def test_nothing_found_is_no_proposal() -> None:
    made = funnel(found(), ProposalConfig())
    assert made.proposals.shape == (0, 4)
    assert made.proposals.dtype == np.float32


@given(seed=st.integers(0, 10**6), count=st.integers(0, 60), data=st.data())
@settings(max_examples=40)
def test_every_proposal_passes_every_filter_and_nobody_else_was_better(
    seed: int, count: int, data: st.DataObject
) -> None:
    generator = np.random.default_rng(seed)
    corners = generator.integers(0, 30, (count, 2))
    boxes = np.concatenate([corners, corners + generator.integers(1, 40, (count, 2))], axis=1)
    config = ProposalConfig(
        min_side=data.draw(st.integers(1, 20)),
        max_aspect=data.draw(st.sampled_from([None, 1.0, 2.0, 4.0])),
        distinct_iou=data.draw(st.sampled_from([None, 0.5, 0.7, 1.0])),
        order=data.draw(st.sampled_from(["rank", "area", "pseudo_random"])),
        limit=data.draw(st.integers(1, 30)),
    )
    made = funnel(found(*map(tuple, boxes.tolist())), config)
    _expect_nested(made.stages)
    proposals = made.proposals
    sides = proposals[:, 2:] - proposals[:, :2]
    assert np.all(sides >= config.min_side)
    if config.max_aspect is not None:
        assert np.all(sides.max(axis=1) <= config.max_aspect * sides.min(axis=1))
    assert len(proposals) <= config.limit
    iou = pairwise_iou(proposals, proposals) - 2 * np.eye(len(proposals))
    assert np.all(iou <= (config.distinct_iou or 1) + 1e-6)
    if config.order == "area":
        assert np.all(np.diff(area(proposals)) <= 0)


def _expect_nested(stages: tuple[FilterStage, ...]) -> None:
    """Check that each stage is a subset of the one before, without repeats."""
    for before, after in pairwise(stages):
        assert set(after.survivors) <= set(before.survivors)
        assert len(set(after.survivors)) == len(after.survivors)


@pytest.mark.parametrize("order", ["rank", "area", "pseudo_random"])
@pytest.mark.parametrize("limit", [1, 7, 2000])
def test_proposals_are_what_the_funnel_ends_with_although_it_looks_no_further_than_it_must(
    limit: int, order: str
) -> None:
    config = ProposalConfig(method="fast", min_side=8, limit=limit, order=order)  # type: ignore[arg-type]
    made = funnel(search(picture(), config), config)
    np.testing.assert_array_equal(propose(picture(), config), made.proposals)


def test_notebook_fault_thin_people_are_lost_by_its_aspect_limit_and_by_ours_not() -> None:
    standing = (0.0, 0.0, 20.0, 90.0)
    for name, left in (("notebook", 0), ("paper", 1)):
        config = PRESETS[name].proposals  # type: ignore[index]
        assert len(funnel(found(standing), config).proposals) == left


# How good they are


def test_best_overlap_recall_and_mabo_by_hand() -> None:
    gt = np.array([[0, 0, 10, 10], [50, 50, 60, 60]], np.float32)
    proposals = np.array([[0, 0, 10, 5], [0, 0, 10, 8], [50, 50, 60, 60]], np.float32)
    overlaps = best_overlap(proposals=proposals, gt_boxes=gt, limits=(0, 1, 2, 3, 99))
    expected = [[0, 0], [0.5, 0], [0.8, 0], [0.8, 1], [0.8, 1]]
    np.testing.assert_allclose(overlaps, expected, rtol=1e-6)  # type: ignore[arg-type]
    assert [recall(row, 0.5) for row in overlaps] == [0, 0.5, 0.5, 1, 1]
    assert mean_average_best_overlap(overlaps[3]) == pytest.approx(0.9)
    curve = recall_curve(overlaps, (0.5, 0.9))
    assert curve.tolist() == [[0, 0], [0.5, 0], [0.5, 0], [1, 0.5], [1, 0.5]]


@pytest.mark.parametrize(("proposals", "people"), [(0, 2), (3, 0), (0, 0)])
def test_quality_without_proposals_or_without_people_is_told_as_such(
    proposals: int, people: int
) -> None:
    def boxes(count: int) -> FloatArray:
        return np.tile(np.array([[0, 0, 9, 9]], np.float32), (count, 1))

    overlaps = best_overlap(proposals=boxes(proposals), gt_boxes=boxes(people), limits=(1, 5))
    assert overlaps.tolist() == [[0] * people] * 2
    assert recall(overlaps[0], 0.5) == (0 if people else None)
    assert mean_average_best_overlap(overlaps[0]) == (0 if people else None)
    assert np.isnan(recall_curve(overlaps, (0.5,))).all() == (people == 0)
