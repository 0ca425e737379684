"""The Proposals page: what it says is what the core computes, and every part works on every picture."""

from __future__ import annotations

import base64
import io
import json
import subprocess
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from PIL import Image as PillowImage

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.proposals import best_overlap, propose, recall
from fastrcnn_core.proposals import funnel as funnel_of
from fastrcnn_core.proposals.quality import BestBox, Removal, best_by_stage
from fastrcnn_core.selective_search import STRATEGIES
from fastrcnn_core.structures import Image
from pages.ui.cache import searches
from pages.ui.cache.searches import waiting_for
from pages.ui.components.wording import counted, duration
from pages.ui.proposals import (
    knobs,
    miss_reasons,
    origin,
    painting,
    players,
    saving,
    segmentation,
    sweeps,
)
from pages.ui.proposals.view import View, view
from pages.ui.state.proposals import (
    SECTIONS,
    MergeRequest,
    ProposalsSelection,
    SelectedProposal,
    followed_key,
    request_merge,
    requested_merge,
)
from pages.ui.state.selected_picture import Picture
from tests.support.app import ROOT, complaints, link, open_app, words
from tests.support.datasets import write_tiny

TINY = ProposalConfig(min_side=8)


@pytest.fixture(autouse=True)
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four tiny pictures with two people each, that the server is started with."""
    folder = write_tiny(tmp_path / "street", count=4, people=2)
    monkeypatch.setenv("FASTRCNN_DATA", str(folder))
    return folder


def seen(street: Path, **knobs: Any) -> View:
    data = open_dataset(street)
    annotated = data.load(data.names[0])
    config = ProposalConfig(**{"min_side": 8} | knobs)
    return view(Picture(annotated.image, annotated, data), config)


def unpacked(packed: dict[str, str], *shape: int) -> npt.NDArray[Any]:
    """What `unpack` in the browser makes of it."""
    content = zlib.decompress(base64.b64decode(packed["data"]))
    return np.frombuffer(content, np.dtype(packed["type"]).newbyteorder("<")).reshape(shape)


# ---- the first screen


def test_the_figures_are_those_of_the_core(street: Path) -> None:
    app = open_app("proposals")
    assert not complaints(app)
    data = open_dataset(street)
    annotated = data.load(data.names[0])
    boxes = propose(annotated.image, ProposalConfig())
    overlaps = best_overlap(proposals=boxes, gt_boxes=annotated.boxes, limits=[len(boxes)])[0]
    shown = {it.label: it.value for it in app.metric}
    assert shown["Recall 0.5"] == f"{recall(overlaps, 0.5):.2f}"
    assert shown["at 0.7"] == f"{recall(overlaps, 0.7):.2f}"
    assert shown["MABO"] == f"{overlaps.mean():.2f}"
    assert f"{len(boxes)} proposals, out of" in words(app)


def test_the_table_says_of_everybody_where_the_best_box_stands_and_from_where_on_one_is_found(
    street: Path,
) -> None:
    table = open_app("proposals", min_side="8").dataframe[0].value
    looked_at = seen(street)
    iou = pairwise_iou(looked_at.proposals, looked_at.people)
    assert table["Who"].tolist() == [1, 2]
    np.testing.assert_allclose(table["Best IoU"], iou.max(axis=0))
    assert table["Rank"].tolist() == (iou.argmax(axis=0) + 1).tolist()
    assert table["Found"].tolist() == ((iou >= 0.5).argmax(axis=0) + 1).tolist()


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_opens_by_link(section: str) -> None:
    app = open_app("proposals", section=section)
    assert not complaints(app)
    assert app.segmented_control(key="section").value == section
    assert link(app).get("section", SECTIONS[0]) == section


@pytest.mark.parametrize("method", ["single", "package"])
@pytest.mark.parametrize("section", ["Grouping", "Funnel", "Quality"])
def test_every_method_can_be_looked_into(method: str, section: str) -> None:
    app = open_app("proposals", section=section, method=method)
    assert not complaints(app)
    assert "does not tell whom it merged" in words(app) or (method, section) != (
        "package",
        "Grouping",
    )


def test_a_filter_that_is_moved_searches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_app("proposals")
    monkeypatch.setattr("fastrcnn_core.selective_search.search", no_search)
    app.segmented_control(key="section").set_value("Funnel").run()
    before = words(app)
    app.slider(key="min-side").set_value(40).run()
    assert not complaints(app)
    assert words(app) != before


def no_search(image: Image, config: ProposalConfig) -> None:
    raise AssertionError("searched again")


def test_a_picture_of_ones_own_is_searched_but_not_judged() -> None:
    app = open_app("proposals")
    pixels = np.random.default_rng(1).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    file = io.BytesIO()
    PillowImage.fromarray(pixels).save(file, "PNG")
    app.file_uploader(key="upload").upload("mine.png", file.getvalue(), "image/png").run()
    for section in SECTIONS:
        app.segmented_control(key="section").set_value(section).run()
        assert not complaints(app), section
    assert {it.value for it in app.metric if it.label != "Time"} == {"–"}
    assert "has no annotation" in words(app)


def test_where_no_box_passes_the_filters_nobody_is_asked_to_choose_one() -> None:
    app = open_app("proposals", min_side="8")
    assert "There is none to choose" not in words(app)
    app.number_input(key="min-side-typed").set_value(200).run()
    assert not complaints(app)
    assert "There is none to choose: no box passed the filters." in words(app)
    assert "Choose a box" not in words(app)


def test_a_very_tall_picture_is_shown_whole_and_not_as_wide_as_its_place() -> None:
    assert segmentation.width_on_screen((2000, 40)) == 14
    assert segmentation.width_on_screen((300, 100)) == "stretch"
    assert segmentation.width_on_screen((40, 2000)) == "stretch"


def test_on_a_picture_without_people_nothing_can_be_recalled(street: Path) -> None:
    for mask in (street / "PedMasks").glob("*.png"):
        PillowImage.fromarray(np.zeros((64, 96), np.uint8)).save(mask)
    for section in SECTIONS:
        app = open_app("proposals", section=section)
        assert not complaints(app), section
    assert "nothing can be recalled" in words(app)


def test_the_page_needs_no_torch(street: Path) -> None:
    code = (
        "import sys; from tests.support.app import open_app, complaints\n"
        "app = open_app('proposals', section='Grouping')\n"
        "assert not complaints(app) and app.metric, complaints(app)\n"
        "raise SystemExit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()[-2000:]


def test_the_first_search_on_a_computer_says_what_it_is_doing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled = "fastrcnn_core.selective_search.compiled.kernels_are_cached"
    monkeypatch.setattr(compiled, lambda: False)
    assert "machine code" in waiting_for(ProposalConfig())
    assert "machine code" not in waiting_for(ProposalConfig(method="package"))
    monkeypatch.setattr(compiled, lambda: True)
    assert waiting_for(ProposalConfig()) == "Searching for proposals with 'fast'…"


def test_what_is_compiled_at_the_first_visit_is_not_counted_as_a_filters_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    filtered: list[int] = []

    def watched(found: Any, config: ProposalConfig) -> Any:
        filtered.append(len(found))
        return funnel_of(found, config)

    monkeypatch.setattr(searches, "funnel", watched)
    searches._warm_up.clear()
    pixels = np.random.default_rng(3).integers(0, 255, (40, 50, 3), dtype=np.uint8)
    searches.searched(Image(pixels), ProposalConfig(method="single"))
    assert filtered[0] < filtered[1], "a tiny picture goes through the filters before the visitor's"


# ---- where did this box come from?


def test_a_box_tells_its_strategy_and_its_merge(street: Path) -> None:
    shown = seen(street)
    for proposal in range(len(shown.proposals)):
        it = origin.origin_of(shown, proposal)
        assert it.strategy is not None
        traced = searches.traced(shown.image, it.strategy, shown.config)
        assert traced.all_boxes[it.node].tolist() == shown.proposals[proposal].tolist()
        for other in it.others:
            boxes = searches.traced(shown.image, other, shown.config).all_boxes
            assert (boxes == shown.proposals[proposal]).all(axis=1).any()


def test_the_packages_boxes_have_no_story(street: Path) -> None:
    shown = seen(street, method="package", scale=50.0)
    assert origin.origin_of(shown, 0).strategy is None


def test_from_a_chosen_box_one_goes_to_its_merge(street: Path) -> None:
    shown = seen(street, min_side=16)
    app = open_app("proposals")
    app.session_state["selected-proposal"] = SelectedProposal(shown.search, 0)
    app.run()
    it = origin.origin_of(shown, 0)
    assert it.strategy is not None
    assert f"Strategy **{origin.words(it.strategy)}**" in words(app)
    app.button(key="play-origin").click().run()
    assert not complaints(app)
    assert app.segmented_control(key="section").value == "Grouping"
    assert app.selectbox(key=ProposalsSelection.key("strategy")).value == it.strategy


def test_a_choice_does_not_outlive_its_picture_or_its_knobs(street: Path) -> None:
    shown = seen(street, min_side=16)
    app = open_app("proposals")
    app.session_state["selected-proposal"] = SelectedProposal(shown.search, 0)
    app.slider(key="min-side").set_value(20).run()
    assert "Choose a box in the picture" in words(app)


# ---- what the canvases get


def test_an_array_arrives_in_the_browser_as_it_left() -> None:
    for array in (np.arange(6, dtype=np.uint16), np.array([[0.5, -1e-9]], np.float32)):
        assert unpacked(players.pack(array), *array.shape).tolist() == array.tolist()


def test_the_viewer_knows_recall_and_the_best_boxes_at_every_n(street: Path) -> None:
    shown = seen(street)
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
    shown, strategy = seen(street), STRATEGIES["single"][0]
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
    looked_at = seen(street, method="single")
    traced = searches.traced(looked_at.image, strategy, looked_at.config)
    it, row = traced.hierarchy, len(traced.hierarchy.unmerged_pairs) // 2
    pair = (int(it.unmerged_pairs[row, 0]), int(it.unmerged_pairs[row, 1]))
    since = int(it.unmerged_since[row])
    told = players.wished(traced, MergeRequest(looked_at.search, strategy, since, pair, 1))
    assert (told["merge"], tuple(told["pair"])) == (since, pair)
    assert sum(told["similarities"]) == pytest.approx(float(it.unmerged_sums[row]), abs=1e-5)
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


# ---- the funnel, the knobs, the files


@pytest.mark.parametrize(
    ("stage", "removal", "said"),
    [
        ("minimum side", Removal(0, 12.0), "its shorter side has 12 pixels; 16 are asked for"),
        (
            "aspect ratio",
            Removal(0, 4.87),
            "its longer side is 4.9 times the shorter; 4 are allowed",
        ),
        ("deduplicated", Removal(0, 0.914, 3), "it repeats a better ranked box at IoU 0.91"),
        ("kept", Removal(0, 2411.0), "it stands at place 2,411; 2,000 are kept"),
    ],
)
def test_a_filter_that_takes_a_box_says_why(
    street: Path, stage: str, removal: Removal, said: str
) -> None:
    assert miss_reasons.words(removal, stage, seen(street, min_side=16, max_aspect=4.0)) == said


def path(*steps: tuple[str, float]) -> tuple[BestBox, ...]:
    return tuple(BestBox(stage, 0, iou, 1, None) for stage, iou in steps)


def test_the_search_or_the_filter_that_costs_most_is_to_blame() -> None:
    paths = [
        path(("found", 0.9), ("deduplicated", 0.8), ("kept", 0.4)),
        path(("found", 0.9), ("deduplicated", 0.6), ("kept", 0.6)),
        path(("found", 0.4), ("deduplicated", 0.3), ("kept", 0.1)),
        path(("found", 0.9), ("deduplicated", 0.899), ("kept", 0.899)),
    ]
    table = miss_reasons.everybody(paths)
    assert table["Lost to"].tolist() == ["kept", "deduplicated", "the search", "–"]
    assert table["kept"].tolist() == [0.4, 0.6, 0.1, 0.899]


def test_whoever_is_not_proposed_was_never_found_or_was_lost(street: Path) -> None:
    shown = seen(street)
    assert "**is proposed**" in miss_reasons.verdict(shown, 0, path(("found", 0.9), ("kept", 0.5)))
    assert "**was found and lost**" in miss_reasons.verdict(
        shown, 0, path(("found", 0.5), ("kept", 0.49))
    )
    assert "**was never found**" in miss_reasons.verdict(
        shown, 1, path(("found", 0.49), ("kept", 0.4))
    )


@pytest.mark.parametrize(
    ("stage", "removal", "expected"),
    [
        ("minimum side", Removal(0, 12.7), ("min_side", 12)),
        ("aspect ratio", Removal(0, 4.81), ("max_aspect", 4.9)),
        ("deduplicated", Removal(0, 0.914, 3), ("distinct_iou", 0.92)),
        ("deduplicated", Removal(0, 0.995, 3), ("distinct_iou", None)),
        ("kept", Removal(0, 2411.0), ("limit", 2411)),
    ],
)
def test_the_nearest_value_that_lets_a_lost_box_through_is_named(
    stage: str, removal: Removal, expected: tuple[str, Any]
) -> None:
    assert miss_reasons.remedy(removal, stage) == expected


def test_a_lost_box_is_given_back_by_the_knob_that_took_it(street: Path) -> None:
    shown = seen(street, min_side=25)
    steps = best_by_stage(shown.funnel, shown.people[0])
    taken = next(it for it in steps if it.stage == "minimum side")
    assert taken.removal is not None, "the person is thinner than that"
    name, value = miss_reasons.remedy(taken.removal, taken.stage)
    better = shown.with_knobs(**{name: value}).overlaps[-1, 0]
    app = open_app("proposals", section="Funnel", **{"min-side": "25"})
    app.selectbox(key=followed_key(shown.image.key)).set_value(0).run()
    assert not complaints(app)
    said = f"With the knob *Smallest proposal side* at {value}, the best that is kept has an IoU of **{better:.2f}**"
    assert said in words(app)
    assert better > steps[-1].iou


def test_from_a_followed_box_one_goes_to_its_merge(street: Path) -> None:
    shown = seen(street)
    best = best_by_stage(shown.funnel, shown.people[1])[0]
    assert best.index is not None
    strategy = origin.origin_of_found(shown, best.index).strategy
    app = open_app("proposals", section="Funnel", **{"min-side": "8"})
    app.selectbox(key=followed_key(shown.image.key)).set_value(1).run()
    app.button(key="play-followed").click().run()
    assert not complaints(app)
    assert app.segmented_control(key="section").value == "Grouping"
    assert app.selectbox(key=ProposalsSelection.key("strategy")).value == strategy


def test_a_knobs_axis_names_its_unit() -> None:
    assert knobs.axis("min_side") == "Smallest proposal side (pixels)"
    assert knobs.axis("order") == "Ranking"


def test_the_notebooks_aspect_limit_is_judged_on_this_picture(street: Path) -> None:
    tall = np.zeros((64, 96), np.uint8)
    tall[4:60, 40:50] = 1  # 5.6 : 1
    pixels = np.full((64, 96, 3), 70, np.uint8)
    pixels[tall > 0] = (230, 40, 30)
    for path in (street / "PNGImages").glob("*.png"):
        PillowImage.fromarray(pixels).save(path)
        PillowImage.fromarray(tall).save(street / "PedMasks" / f"{path.stem}_mask.png")
    app = open_app("proposals", section="Funnel", **{"min-side": "8"})
    assert "Pedestrian 1, 5.6 times as high as wide, falls from an IoU of" in words(app)


def test_a_knob_is_tried_where_it_stands_and_within_its_picture(street: Path) -> None:
    shown = seen(street, min_side=11, search_side=1024)
    assert 11 in sweeps.values(shown, "min_side")
    assert sweeps.values(shown, "search_side") == [96]
    assert sweeps.values(shown, "max_aspect")[-1] is None
    assert sorted(sweeps.values(shown, "order")) == ["area", "pseudo_random", "rank"]


def test_saved_json_is_what_the_command_line_writes(street: Path) -> None:
    shown = seen(street)
    saved = json.loads(saving.as_json(shown))["images"]
    assert [(it["name"], it["height"], it["width"]) for it in saved] == [("tiny00", 64, 96)]
    np.testing.assert_allclose(saved[0]["boxes"], shown.proposals, atol=0.01)


def test_the_saved_table_has_every_boxs_rank_origin_and_best_iou(street: Path) -> None:
    shown = seen(street)
    rows = pd.read_csv(io.StringIO(saving.as_csv(shown)))
    assert rows["rank"].tolist() == list(range(1, len(shown.proposals) + 1))
    assert set(rows["strategy"]) <= {str(strategy) for strategy in STRATEGIES["fast"]}
    iou = pairwise_iou(shown.proposals, shown.people)
    assert rows["best_iou"].tolist() == pytest.approx(iou.max(axis=1).tolist(), abs=1e-4)
    assert rows["person"].tolist() == (iou.argmax(axis=1) + 1).tolist()


def test_times_and_counts_are_told_as_short_as_a_reader_needs() -> None:
    told = [duration(seconds) for seconds in (0.0002, 0.0312, 0.314, 12.3, 400)]
    assert told == ["under 1 ms", "31 ms", "0.31 s", "12 s", "7 min"]
    assert [counted(1, "box"), counted(2000, "box"), counted(0, "picture")] == [
        "1 box",
        "2,000 boxes",
        "0 pictures",
    ]


def test_annotated_people_are_called_people_and_everything_else_objects(street: Path) -> None:
    data = open_dataset(street)
    annotated = data.load(data.names[0])
    assert View(Picture(annotated.image, annotated, data), ProposalConfig(), None).noun == "person"  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (200, 3)])
def test_a_picture_of_almost_nothing_can_be_looked_into(shape: tuple[int, int]) -> None:
    app = open_app("proposals", **{"min-side": "1"})
    file = io.BytesIO()
    pixels = np.random.default_rng(1).integers(0, 255, (*shape, 3), dtype=np.uint8)
    PillowImage.fromarray(pixels).save(file, "PNG")
    app.file_uploader(key="upload").upload("mine.png", file.getvalue(), "image/png").run()
    for section in SECTIONS:
        app.segmented_control(key="section").set_value(section).run()
        assert not complaints(app), section


def test_a_merge_that_was_wanted_is_wanted_of_its_own_search_and_strategy_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    visitor = SimpleNamespace(session_state={}, query_params={})
    monkeypatch.setattr("pages.ui.state.page_selection.st", visitor)
    one, other = STRATEGIES["fast"][:2]
    request_merge("this picture", one, 12, None)
    request_merge("this picture", one, 12, None)
    wanted = requested_merge("this picture", one)
    assert wanted is not None
    assert (wanted.merge, wanted.number) == (12, 2)  # said twice, so that it is heard twice
    assert requested_merge("this picture", other) is None
    assert requested_merge("another picture", one) is None  # its pairs are others
