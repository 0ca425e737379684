"""Charts and pictures as matplotlib figures, for files; matplotlib is imported when the first one is saved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pages.ui.components.chart import Axis, Bars, Chart, Line
    from pages.ui.components.figures import Drawing

_HATCHES = {"": "", "/": "//", "x": "xx", ".": ".."}
_SHORT_SIDE = 480  # pixels, at least, of a saved picture
_GAP = 0.1  # between two bars, of their distance


def figure(chart: Chart, *, title: str = "") -> Figure:
    """Draw a chart with matplotlib."""
    from fastrcnn_core import drawing
    from pages.ui.components.chart import Bars, Line

    axes = drawing.chart_axes(x=chart.x.title, y=chart.y.title, title=title)
    bars = [mark for mark in chart.marks if isinstance(mark, Bars)]
    _draw_bars(axes, bars, side_by_side=chart.side_by_side)
    for mark in chart.marks:
        if isinstance(mark, Line):
            _draw_line(axes, mark)
        elif not isinstance(mark, Bars) and mark.y is not None:
            axes.plot(mark.x, mark.y, "*", color=mark.colour, label=mark.name, markersize=12)
    for guide in chart.guides:
        axes.axvline(guide.x, color=guide.colour, linestyle=drawing.LINESTYLES[guide.dash])
    _set_axis(axes, "x", chart.x)
    _set_axis(axes, "y", chart.y)
    if chart.has_legend:
        axes.legend(frameon=False, fontsize="small")
    made: Any = axes.figure
    return made


def picture(drawing: Drawing) -> Figure:
    """Draw a picture with its layers and their legend; layers that are off at first are left out."""
    from fastrcnn_core.drawing import draw_boxes, draw_legend, image_axes

    image = drawing.image
    axes = image_axes(image, scale=max(1.0, _SHORT_SIDE / min(image.width, image.height)))
    if drawing.masks is not None:
        shown = np.ma.masked_equal(drawing.masks, 0)
        extent = (0, image.width, image.height, 0)
        axes.imshow(shown, extent=extent, cmap="hsv", alpha=0.4, interpolation="nearest")
    layers = [layer for layer in drawing.layers if layer.shown]
    for layer in layers:
        draw_boxes(axes, layer.array, layer.role, labels=layer.texts)
    if drawing.legend and layers:
        draw_legend(axes, [replace(layer.role, label=layer.name) for layer in layers])
    made: Any = axes.figure
    return made


def _draw_line(axes: Axes, line: Line) -> None:
    from fastrcnn_core.drawing import LINESTYLES

    points = [(x, y) for x, y in zip(line.x, line.y, strict=True) if x is not None]
    axes.plot(
        [x for x, _ in points],
        [np.nan if y is None else y for _, y in points],
        color=line.colour,
        linestyle=LINESTYLES[line.dash],
        linewidth=0.7 * line.width,
        drawstyle="steps-post" if line.steps else "default",
        marker="o" if line.markers else "",
        markersize=4,
        alpha=0.3 if line.faint else 1.0,
        label="_" if line.faint or not line.in_legend else line.name,
    )


def _draw_bars(axes: Axes, rows: list[Bars], *, side_by_side: bool) -> None:
    """Draw rows of bars upon each other, or side by side."""
    base: Any = 0.0
    for number, bars in enumerate(rows):
        places = list(bars.y if bars.horizontal else bars.x)
        lengths = np.asarray(bars.x if bars.horizontal else bars.y, dtype=float)
        are_words = bool(places) and isinstance(places[0], str)
        at = np.arange(len(places)) if are_words else np.asarray(places, dtype=float)
        distance = float(np.diff(at).min()) if len(at) > 1 else 1.0
        wide = distance * (1 - _GAP) / (len(rows) if side_by_side else 1)
        if side_by_side:
            at = at + wide * (number - (len(rows) - 1) / 2)
        look: dict[str, Any] = {
            "color": bars.colour if isinstance(bars.colour, str) else list(bars.colour),
            "hatch": _HATCHES[bars.hatch],
            "edgecolor": "white" if bars.hatch else "none",
            "label": bars.name,
        }
        if bars.horizontal:
            drawn = axes.barh(at, lengths, height=wide, left=base, **look)
        else:
            drawn = axes.bar(at, lengths, width=wide, bottom=base, **look)
        if bars.texts:
            axes.bar_label(drawn, labels=list(bars.texts), label_type="center", fontsize="small")
        if are_words:
            (axes.set_yticks if bars.horizontal else axes.set_xticks)(at, labels=places)
        if not side_by_side:
            base = base + lengths


def _set_axis(axes: Axes, name: str, axis: Axis) -> None:
    if axis.log:
        axes.set(**{f"{name}scale": "log"})
    elif axis.range is not None:
        axes.set(**{f"{name}lim": axis.range})
    elif name == "y" and not axis.words:
        axes.set_ylim(bottom=0)
    drawn = axes.xaxis if name == "x" else axes.yaxis
    if axis.reversed:
        drawn.set_inverted(True)
    drawn.set_visible(axis.visible)
