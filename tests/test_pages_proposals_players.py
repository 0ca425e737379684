"""The Proposals page's origin of a box, and the data of its two canvases."""

from __future__ import annotations

import base64
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.proposals import recall
from fastrcnn_core.selective_search import STRATEGIES
from fastrcnn_core.structures import Image
from pages.ui.cache import searches
from pages.ui.proposals import (
    origin,
    painting,
    players,
)
from pages.ui.proposals.view import view
from pages.ui.state.proposals import (
    MergeRequest,
    ProposalsSelection,
    SelectedProposal,
    request_merge,
    requested_merge,
)
from pages.ui.state.selected_picture import Picture
from tests.support import proposals_page
from tests.support.app import complaints, open_app, words
from tests.support.proposals_page import view_of

street = proposals_page.street


def unpacked(packed: dict[str, str], *shape: int) -> npt.NDArray[Any]:
    """Decode an array as `unpack` does in the browser."""
    content = zlib.decompress(base64.b64decode(packed["data"]))
    return np.frombuffer(content, np.dtype(packed["type"]).newbyteorder("<")).reshape(shape)


def test_a_box_tells_its_strategy_and_its_merge(street: Path) -> None:
    shown = view_of(street)
    for proposal in range(len(shown.proposals)):
        box = origin.origin_of(shown, proposal)
        assert box.strategy is not None
        traced = searches.traced(shown.image, box.strategy, shown.config)
        assert traced.all_boxes[box.node].tolist() == shown.proposals[proposal].tolist()
        for strategy in box.also:
            boxes = searches.traced(shown.image, strategy, shown.config).all_boxes
            assert (boxes == shown.proposals[proposal]).all(axis=1).any()


def test_the_packages_boxes_have_no_story(street: Path) -> None:
    shown = view_of(street, method="package", scale=50.0)
    assert origin.origin_of(shown, 0).strategy is None


def test_from_a_chosen_box_one_goes_to_its_merge(street: Path) -> None:
    shown = view_of(street, min_side=16)
    app = open_app("proposals")
    app.session_state["selected-proposal"] = SelectedProposal(shown.search, 0)
    app.run()
    box = origin.origin_of(shown, 0)
    assert box.strategy is not None
    assert f"Strategy **{origin.words(box.strategy)}**" in words(app)
    app.button(key="play-origin").click().run()
    assert not complaints(app)
    assert app.segmented_control(key="section").value == "Grouping"
    assert app.selectbox(key=ProposalsSelection.key("strategy")).value == box.strategy


def test_a_choice_does_not_outlive_its_picture_or_its_knobs(street: Path) -> None:
    shown = view_of(street, min_side=16)
    app = open_app("proposals")
    app.session_state["selected-proposal"] = SelectedProposal(shown.search, 0)
    app.slider(key="min-side").set_value(20).run()
    assert "Choose a box in the picture" in words(app)


def test_an_array_arrives_in_the_browser_as_it_left() -> None:
    for array in (np.arange(6, dtype=np.uint16), np.array([[0.5, -1e-9]], np.float32)):
        assert unpacked(players.pack(array), *array.shape).tolist() == array.tolist()


def test_the_viewer_knows_recall_and_the_best_boxes_at_every_n(street: Path) -> None:
    shown = view_of(street)
    data, count, people = players.viewer_data(shown), len(shown.proposals), len(shown.people)
    scores = unpacked(data["arrays"]["scores"], count + 1, 3)
    best = unpacked(data["arrays"]["best_index"], count + 1, people)
    iou = pairwise_iou(shown.proposals, shown.people)
    assert scores[0].tolist() == [0, 0, 0]
    for n in (1, 2, count // 2, count):
        overlaps = iou[:n].max(axis=0)
        expected = [recall(overlaps, 0.5), recall(overlaps, 0.7), overlaps.mean()]
        assert scores[n].tolist() == pytest.approx(expected)
        for person in range(people):
            if overlaps[person] > 0:
                assert best[n, person] == iou[:n, person].argmax()
            else:
                assert best[n, person] == -1


def test_of_equally_good_boxes_the_first_is_the_best_and_one_that_does_not_touch_is_none() -> None:
    iou = np.array([[0, 0.4], [0.3, 0.4], [0.3, 0.6]], np.float32)
    assert players.best_so_far(iou).tolist() == [[-1, -1], [-1, 0], [1, 0], [1, 2]]


def test_the_film_ends_with_the_best_box_of_the_whole_hierarchy(street: Path) -> None:
    shown, strategy = view_of(street), STRATEGIES["single"][0]
    traced = searches.traced(shown.image, strategy, shown.config)
    data = players.player_data(shown, traced)
    merges, regions = len(traced.hierarchy.merged_pairs), traced.hierarchy.regions
    overlaps = unpacked(data["arrays"]["overlaps"], merges + 1, len(shown.people))
    best = unpacked(data["arrays"]["best"], merges + 1, len(shown.people))
    best_boxes = unpacked(data["arrays"]["best_boxes"], best.max() + 1, 4)
    iou = pairwise_iou(traced.all_boxes, shown.people)
    for merge in (0, merges // 2, merges):
        so_far = iou[traced.merge_step <= merge].max(axis=0)
        assert overlaps[merge].tolist() == so_far.tolist()
        for person, row in enumerate(best[merge]):
            shows = pairwise_iou(best_boxes[[row]], shown.people)[0, person]
            assert shows == so_far[person]
    assert data["used"] == [True, True, True, True]
    assert data["count"] == regions


def test_a_wish_for_a_pair_that_was_passed_over_brings_its_four_similarities(street: Path) -> None:
    strategy = STRATEGIES["single"][0]
    looked_at = view_of(street, method="single")
    traced = searches.traced(looked_at.image, strategy, looked_at.config)
    hierarchy, row = traced.hierarchy, len(traced.hierarchy.unmerged_pairs) // 2
    pair = (int(hierarchy.unmerged_pairs[row, 0]), int(hierarchy.unmerged_pairs[row, 1]))
    since = int(hierarchy.unmerged_since[row])
    sent = players.wished(traced, MergeRequest(looked_at.search, strategy, since, pair, 1))
    assert (sent["merge"], tuple(sent["pair"])) == (since, pair)
    assert sum(sent["similarities"]) == pytest.approx(float(hierarchy.unmerged_sums[row]), abs=1e-5)
    merged = players.wished(traced, MergeRequest(looked_at.search, strategy, 1, None, 2))
    assert (merged["pair"], merged["similarities"]) == (None, None)


def test_the_scale_of_a_segmentation_can_be_dragged_and_typed(street: Path) -> None:
    app = open_app("proposals", section="Segmentation")
    app.number_input(key="segmentation-own-k-typed").set_value(137).run()
    assert not complaints(app)
    assert app.slider(key="segmentation-own-k").value == 137
    app.slider(key="segmentation-own-k").set_value(400).run()
    assert app.number_input(key="segmentation-own-k-typed").value == 400
    app.segmented_control(key="compare-segmentations").set_value("Colour spaces").run()
    app.number_input(key="segmentation-k-typed").set_value(99).run()
    assert app.slider(key="segmentation-k").value == 99


def test_a_large_label_map_is_thinned_to_what_a_screen_shows() -> None:
    pixels = np.zeros((40, 1000, 3), np.uint8)
    pixels[:, 500:] = 200
    shown = view(Picture(Image(pixels), None, None), ProposalConfig())
    traced = searches.traced(shown.image, STRATEGIES["single"][0], shown.config)
    data = players.player_data(shown, traced)
    assert data["labels_width"] == 500
    assert unpacked(data["arrays"]["labels"], 20, 500)[0, [0, 499]].tolist() == [0, 1]
    assert unpacked(data["arrays"]["colours"], 2, 3)[:, 0] == pytest.approx([0, 200], abs=1)


def test_regions_are_coloured_and_bordered_in_white() -> None:
    labels = np.array([[0, 0, 1, 1]] * 2, np.int32)
    painted = painting.regions(np.zeros((4, 8, 3), np.uint8), labels, 2)
    assert painted.shape == (2, 4, 3)
    assert painted[0, 1].tolist() == [255, 255, 255]
    assert painted[0, 0].tolist() != painted[0, 3].tolist()


def test_a_merge_that_was_wanted_is_wanted_of_its_own_search_and_strategy_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visitor = SimpleNamespace(session_state={}, query_params={})
    monkeypatch.setattr("pages.ui.state.page_selection.st", visitor)
    first, second = STRATEGIES["fast"][:2]
    request_merge("this picture", first, 12, None)
    request_merge("this picture", first, 12, None)
    wanted = requested_merge("this picture", first)
    assert wanted is not None
    assert (wanted.merge, wanted.number) == (12, 2)  # said twice, so that it is heard twice
    assert requested_merge("this picture", second) is None
    assert requested_merge("another picture", first) is None  # its pairs are others
