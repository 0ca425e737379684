"""A trace shows what the search did, and nothing else."""

from functools import partial

import numpy as np
import pytest

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.selective_search import STRATEGIES, search
from fastrcnn_core.selective_search.proposal_trace import segmentation_of, trace_proposals
from tests.support.builders import block_image

picture = partial(block_image, seed=3, height=90, width=120, side=15)


@pytest.mark.parametrize("method", ["single", "fast"])
def test_every_box_of_a_search_is_found_again_at_its_node_of_its_strategy(method: str) -> None:
    config = ProposalConfig(method=method)  # type: ignore[arg-type]
    found = search(picture(), config)
    assert len(found.strategies) == len(STRATEGIES[method])
    for index, strategy in enumerate(found.strategies):
        own = found.strategy == index
        traced = trace_proposals(picture(), strategy, config)
        assert sorted(found.node[own]) == list(range(len(traced.all_boxes)))
        np.testing.assert_array_equal(found.boxes[own], traced.all_boxes[found.node[own]])


def test_a_pair_is_met_once_both_of_its_regions_are_there() -> None:
    traced = trace_proposals(picture(), STRATEGIES["single"][0], ProposalConfig())
    hierarchy, nodes = traced.hierarchy, len(traced.boxes)
    assert len(traced.merge_step) == len(traced.all_boxes)
    assert traced.merge_step[: hierarchy.regions].tolist() == [0] * hierarchy.regions
    assert traced.merge_step[nodes - 1] == len(
        hierarchy.merged_pairs
    )  # the last merge makes the whole picture
    for pair, met in zip(hierarchy.unmerged_pairs, traced.merge_step[nodes:], strict=True):
        assert met == traced.merge_step[pair].max()


def test_boxes_are_in_pixels_of_the_original_picture_when_a_smaller_copy_was_searched() -> None:
    config = ProposalConfig(search_side=64)
    traced = trace_proposals(picture(height=90, width=180), STRATEGIES["single"][0], config)
    assert traced.labels.shape == (32, 64)
    assert traced.boxes[-1].tolist() == [0, 0, 180, 90]  # the last node is the whole picture


def test_the_labels_are_the_regions_that_the_hierarchy_starts_from() -> None:
    traced = trace_proposals(picture(), STRATEGIES["single"][0], ProposalConfig())
    sizes = np.bincount(traced.labels.ravel())
    assert sizes.tolist() == traced.hierarchy.sizes[: traced.hierarchy.regions].tolist()


def test_a_segmentation_alone_is_the_one_that_a_trace_starts_from() -> None:
    strategy, config = STRATEGIES["single"][0], ProposalConfig()
    alone = segmentation_of(picture(), strategy.space, strategy.k, config)
    np.testing.assert_array_equal(alone.labels, trace_proposals(picture(), strategy, config).labels)


@pytest.mark.parametrize("index", [0, 5, 10])
def test_pairs_that_merged_and_pairs_that_were_passed_over_are_as_alike_as_the_search_found_them(
    index: int,
) -> None:
    config, strategy = ProposalConfig(), STRATEGIES["fast"][index]
    traced = trace_proposals(picture(), strategy, config)
    hierarchy, used = traced.hierarchy, [letter in strategy.similarity for letter in "CTSF"]
    sums = traced.unmerged_similarities[:, used].sum(axis=1)
    assert traced.unmerged_similarities.shape == (len(hierarchy.unmerged_pairs), 4)
    np.testing.assert_allclose(sums, hierarchy.unmerged_sums, atol=1e-5)
    merged = hierarchy.similarities[:, used].sum(axis=1)
    np.testing.assert_allclose(merged, hierarchy.sums, atol=1e-5)
