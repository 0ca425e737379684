"""The Proposals page: first screen, sections, knobs, and saved files."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image as PillowImage

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.proposals import best_overlap, propose, recall
from fastrcnn_core.proposals import funnel as funnel_of
from fastrcnn_core.selective_search import STRATEGIES
from fastrcnn_core.structures import Image
from pages.ui.cache import searches
from pages.ui.cache.searches import waiting_for
from pages.ui.components.wording import counted, duration
from pages.ui.proposals import (
    knobs,
    saving,
    segmentation,
    sweeps,
)
from pages.ui.proposals.view import View
from pages.ui.state.proposals import (
    SECTIONS,
)
from pages.ui.state.selected_picture import Picture
from tests.support import proposals_page
from tests.support.app import ROOT, complaints, link, open_app, words
from tests.support.proposals_page import view_of

street = proposals_page.street


def no_search(image: Image, config: ProposalConfig) -> None:
    raise AssertionError("searched again")


def test_the_figures_are_those_of_the_core(street: Path) -> None:
    app = open_app("proposals")
    assert not complaints(app)
    data = open_dataset(street)
    annotated = data.load(data.names[0])
    boxes = propose(annotated.image, ProposalConfig())
    overlaps = best_overlap(proposals=boxes, gt_boxes=annotated.boxes, limits=[len(boxes)])[0]
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Recall 0.5"] == f"{recall(overlaps, 0.5):.2f}"
    assert shown["at 0.7"] == f"{recall(overlaps, 0.7):.2f}"
    assert shown["MABO"] == f"{overlaps.mean():.2f}"
    assert f"{len(boxes)} proposals, out of" in words(app)


def test_the_table_says_of_everybody_where_the_best_box_stands_and_from_where_on_one_is_found(
    street: Path,
) -> None:
    table = open_app("proposals", min_side="8").dataframe[0].value
    looked_at = view_of(street)
    iou = pairwise_iou(looked_at.proposals, looked_at.people)
    assert table["Person"].tolist() == [1, 2]
    np.testing.assert_allclose(table["Best IoU"], iou.max(axis=0))
    assert table["Rank"].tolist() == (iou.argmax(axis=0) + 1).tolist()
    assert table["Found from"].tolist() == ((iou >= 0.5).argmax(axis=0) + 1).tolist()


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_opens_by_link(section: str) -> None:
    app = open_app("proposals", section=section)
    assert not complaints(app)
    assert app.segmented_control(key="section").value == section
    assert link(app).get("section", SECTIONS[0]) == section


@pytest.mark.parametrize(("former", "section"), [("Engines", "Methods"), ("Knobs", "Sweep")])
def test_a_former_link_opens_the_renamed_section(former: str, section: str) -> None:
    app = open_app("proposals", section=former)
    assert not complaints(app)
    assert app.segmented_control(key="section").value == section


@pytest.mark.parametrize("method", ["single", "package"])
@pytest.mark.parametrize("section", ["Grouping", "Funnel", "Quality"])
def test_every_method_can_be_looked_into(method: str, section: str) -> None:
    app = open_app("proposals", section=section, method=method)
    assert not complaints(app)
    assert "does not report its merges" in words(app) or (method, section) != (
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


def test_a_picture_of_ones_own_is_searched_but_not_judged() -> None:
    app = open_app("proposals")
    pixels = np.random.default_rng(1).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    file = io.BytesIO()
    PillowImage.fromarray(pixels).save(file, "PNG")
    app.file_uploader(key="upload").upload("mine.png", file.getvalue(), "image/png").run()
    for section in SECTIONS:
        app.segmented_control(key="section").set_value(section).run()
        assert not complaints(app), section
    assert {metric.value for metric in app.metric if metric.label != "Time"} == {"–"}
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


def test_a_knobs_axis_names_its_unit() -> None:
    assert knobs.axis("min_side") == "Smallest proposal side (pixels)"
    assert knobs.axis("order") == "Ranking"


def test_a_knob_is_tried_where_it_stands_and_within_its_picture(street: Path) -> None:
    shown = view_of(street, min_side=11, search_side=1024)
    assert 11 in sweeps.values(shown, "min_side")
    assert sweeps.values(shown, "search_side") == [96]
    assert sweeps.values(shown, "max_aspect")[-1] is None
    assert sorted(sweeps.values(shown, "order")) == ["area", "pseudo_random", "rank"]


def test_saved_json_is_what_the_command_line_writes(street: Path) -> None:
    shown = view_of(street)
    saved = json.loads(saving.as_json(shown))["images"]
    assert [(image["name"], image["height"], image["width"]) for image in saved] == [
        ("tiny00", 64, 96)
    ]
    np.testing.assert_allclose(saved[0]["boxes"], shown.proposals, atol=0.01)


def test_the_saved_table_has_every_boxs_rank_origin_and_best_iou(street: Path) -> None:
    shown = view_of(street)
    rows = pd.read_csv(io.StringIO(saving.as_csv(shown)))
    assert rows["rank"].tolist() == list(range(1, len(shown.proposals) + 1))
    assert set(rows["strategy"]) <= {str(strategy) for strategy in STRATEGIES["fast"]}
    iou = pairwise_iou(shown.proposals, shown.people)
    assert rows["best_iou"].tolist() == pytest.approx(iou.max(axis=1).tolist(), abs=1e-4)
    assert rows["person"].tolist() == (iou.argmax(axis=1) + 1).tolist()


def test_times_and_counts_are_told_as_short_as_a_reader_needs() -> None:
    durations = [duration(seconds) for seconds in (0.0002, 0.0312, 0.314, 12.3, 400)]
    assert durations == ["under 1 ms", "31 ms", "0.31 s", "12 s", "6 min 40 s"]
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
