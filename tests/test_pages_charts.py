"""The chart helper: one description of a chart for the page, for a projector, and for files."""

import ast
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastrcnn_core import drawing, palette
from fastrcnn_core.structures import Image
from pages.ui.cache import networks
from pages.ui.components import chart_files, figures
from pages.ui.components.chart import Axis, Bars, Chart, Guide, Line, Star
from tests.support.app import ROOT, complaints, open_app
from tests.support.builders import write_untrained
from tests.support.datasets import write_tiny

STEPS = [1, 2, 4]
CHARTS = {
    "lines": Chart(
        (
            Line("Loss", STEPS, [3.0, None, 1.0], palette.BLUE, faint=True, in_legend=False),
            Line("Loss", STEPS, [3.0, 2.0, 1.0], palette.BLUE, "dash", markers=True),
            Line("Recall", STEPS, [0.1, 0.2, 0.3], palette.ORANGE, steps=True),
            Line("One run", [None], [None], palette.GREY, "dot"),
            Star("Best", 2, 0.5, palette.PURPLE),
        ),
        Axis("Step", range=(0, 5)),
        Axis("loss"),
        guides=(Guide(2, "2.00"),),
        shared_hover=True,
    ),
    "stacked bars": Chart(
        (
            Bars("Hit", [0.1, 0.2], [3, 0], palette.GREEN, hover="%{y}"),
            Bars("Wrong", [0.1, 0.2], [1, 2], palette.VERMILION, "/", hover="%{y}"),
        ),
        Axis("confidence"),
        Axis("count", log=True),
    ),
    "bars side by side": Chart(
        (
            Bars("Ours", [1, 2], [0.5, 0.5], palette.BLUE),
            Bars("Package", [1, 2], [0.9, 0.1], palette.VERMILION, "x"),
        ),
        Axis("Bin"),
        Axis("Share", format=".0%"),
        side_by_side=True,
    ),
    "bars with names": Chart(
        (Bars("Boxes", [9, 3], ["found", "kept"], palette.SKY, horizontal=True, texts=["9", "3"]),),
        Axis(visible=False),
        Axis(words=True, reversed=True),
        guides=(Guide(4),),
    ),
    "words": Chart(
        (Line("MABO", ["0.5", "any"], [0.4, 0.6], palette.BLUE, markers=True),),
        Axis("Limit", words=True),
        Axis("MABO", range=(0, 1.02)),
    ),
}


@pytest.mark.parametrize("name", CHARTS)
def test_on_a_projector_all_type_of_a_chart_is_larger(name: str) -> None:
    usual, projected = (CHARTS[name].spec(projected=where) for where in (False, True))
    layout = projected["layout"]
    sizes = {layout["font"]["size"], layout["legend"]["font"]["size"]}
    for axis in (layout["xaxis"], layout["yaxis"]):
        sizes |= {axis["tickfont"]["size"], axis["title"]["font"]["size"]}
    sizes |= {note["font"]["size"] for note in layout["annotations"]}
    sizes |= {trace["textfont"]["size"] for trace in projected["data"] if trace["type"] == "bar"}
    assert sizes == {19}
    assert layout["height"] > usual["layout"]["height"]
    assert "font" not in usual["layout"]


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_every_kind_of_chart_can_be_saved(name: str, kind: drawing.Format) -> None:
    content = drawing.encode(chart_files.figure(CHARTS[name], title="How good?"), kind)
    assert content[:100].startswith((b"\x89PNG", b"<?xml", b"%PDF"))


def test_a_saved_chart_has_the_lines_and_the_legend_of_the_page() -> None:
    axes = chart_files.figure(CHARTS["lines"]).axes[0]
    legend = axes.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["Loss", "Recall", "One run", "Best"]
    assert {line.get_drawstyle() for line in axes.lines} == {"default", "steps-post"}
    assert np.isnan(axes.lines[0].get_ydata()).tolist() == [False, True, False]


def test_stacked_bars_are_saved_upon_each_other() -> None:
    patches: Any = chart_files.figure(CHARTS["stacked bars"]).axes[0].patches
    assert [patch.get_y() for patch in patches] == [0, 0, 3, 0]
    patches = chart_files.figure(CHARTS["bars side by side"]).axes[0].patches
    assert [patch.get_y() for patch in patches] == [0, 0, 0, 0]
    assert patches[0].get_x() + patches[0].get_width() == pytest.approx(patches[2].get_x())


def test_a_saved_picture_has_the_layers_that_are_switched_on() -> None:
    image = Image(np.full((64, 96, 3), 100, np.uint8), "street")
    layer = figures.Layer(palette.HIT, np.array([[8.0, 8, 40, 56]]), texts=["0.97"])
    hidden = replace(layer, role=palette.PROPOSAL, shown=False)
    masks = np.zeros((64, 96), np.int32)
    shown = chart_files.picture(figures.draw(image, layer, hidden, masks=masks))
    legend = shown.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["Hit (1)"]
    assert drawing.encode(shown, "png").startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("page", "section"),
    [
        ("dataset", ""),
        ("roi_sampling", ""),
        ("detection", ""),
        ("proposals", "Funnel"),
        ("proposals", "Quality"),
        ("proposals", "Methods"),
        ("proposals", "Sweep"),
    ],
)
def test_every_chart_has_alt_text_and_large_type_on_a_projector(
    page: str, section: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTRCNN_DATA", str(write_tiny(tmp_path / "tiny", count=2)))
    write_untrained(tmp_path / "small.safetensors")
    monkeypatch.setattr(networks, "BUNDLED_FOLDER", tmp_path)
    app = open_app(page, projector="true", **({"section": section} if section else {}))
    assert not complaints(app)
    charts = app.get("plotly_chart")
    assert charts
    for drawn in charts:
        assert drawn.proto.alt
        assert json.loads(drawn.proto.spec)["layout"]["font"]["size"] == 19


def test_no_page_draws_with_plotly_but_through_the_helper() -> None:
    for path in (ROOT / "pages").rglob("*.py"):
        if path.name == "chart.py":
            continue
        tree = ast.parse(path.read_text("utf-8"))
        used = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert "plotly_chart" not in used, path
