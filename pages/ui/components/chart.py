"""The one chart helper: a chart described once, drawn by Plotly on the page and by matplotlib in files.

Every chart of the app goes through `show`: one theme, one legend, alt text, larger type on a projector, a stable
height, and a menu that saves it as PNG, SVG or PDF.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from fastrcnn_core.palette import GREY, HALO, Dash
from pages.ui.components import chart_files, saving
from pages.ui.state import projector

HEIGHT = 280
_LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"}
_CONFIG = {"displaylogo": False, "displayModeBar": False}
_PROJECTOR_TYPE = 19  # pixels: 1.6 times the theme's
_PROJECTOR_HEIGHT = 1.4  # times the height


@dataclass(frozen=True, eq=False)
class Line:
    """A line of a chart.

    Args:
        name: in the legend. x, y: its points, numbers or words, of the same length; None leaves a gap.
        colour, dash: the dash says again, for the colour-blind, what the colour says.
        markers: whether its points are marked. steps: whether a value holds until the next point.
        faint: behind another line; neither in the legend nor hovered over.
        in_legend: whether the legend has it.
        hover: what is said at a point, as a Plotly template. note: what is said after it.
    """

    name: str
    x: Any
    y: Any
    colour: str
    dash: Dash = "solid"
    width: float = 2.5
    markers: bool = False
    steps: bool = False
    faint: bool = False
    in_legend: bool = True
    hover: str = "%{y:.2f}"
    note: str = ""

    def trace(self) -> dict[str, Any]:
        """Return the line as Plotly's."""
        shape = "hv" if self.steps else "linear"
        line = {"color": self.colour, "dash": self.dash, "width": self.width, "shape": shape}
        trace: dict[str, Any] = {
            "type": "scatter",
            "mode": "lines+markers" if self.markers else "lines",
            "x": self.x,
            "y": self.y,
            "name": self.name,
            "line": line,
        }
        if self.faint:
            return trace | {"opacity": 0.3, "showlegend": False, "hoverinfo": "skip"}
        note = escape(self.note or self.name)
        hover = {"hovertemplate": f"{self.hover}<extra>{note}</extra>"}
        return trace | hover | {"showlegend": self.in_legend}


@dataclass(frozen=True, eq=False)
class Bars:
    """A row of bars.

    Args:
        name: in the legend. x, y: of each bar; with `horizontal`, x are the lengths and y the names.
        colour: of all bars, or of each. hatch: "/", "x" or "." says again what the colour says.
        texts: written at the bars. counts: what `%{customdata}` is in the hover's template.
    """

    name: str
    x: Any
    y: Any
    colour: str | Sequence[str]
    hatch: str = ""
    horizontal: bool = False
    texts: Sequence[str] = ()
    counts: Sequence[int] = ()
    hover: str = ""

    def trace(self) -> dict[str, Any]:
        """Return the bars as Plotly's."""
        strokes = {"size": 6, "solidity": 0.25, "fgcolor": "rgba(255,255,255,0.7)"}
        trace: dict[str, Any] = {
            "type": "bar",
            "x": self.x,
            "y": self.y,
            "name": self.name,
            "orientation": "h" if self.horizontal else "v",
            "marker": {
                "color": self.colour if isinstance(self.colour, str) else list(self.colour),
                "line": {"color": HALO, "width": 0.5},
                "pattern": {"shape": self.hatch, "fillmode": "overlay", **strokes},
            },
        }
        if self.texts:
            # The theme's grey would not be read on a bar; outside of it the theme knows its own background.
            colours = trace["marker"]["color"]
            ink = _ink(colours) if isinstance(colours, str) else [_ink(each) for each in colours]
            inside = {"insidetextfont": {"color": ink}, "insidetextanchor": "middle"}
            trace |= {"text": list(self.texts), "textposition": "auto", **inside}
        if self.counts:
            trace["customdata"] = list(self.counts)
        return trace | (
            {"hovertemplate": f"{self.hover}<extra>{escape(self.name)}</extra>"}
            if self.hover
            else {"hoverinfo": "skip"}
        )


def _ink(colour: str) -> str:
    """Return dark or white, whichever is read better on a colour. Source: ITU-R BT.601's luma."""
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return HALO if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#FFFFFF"


@dataclass(frozen=True)
class Star:
    """One point that stands out, with its name in the legend."""

    name: str
    x: float
    y: float | None
    colour: str
    hover: str = "%{y:.2f}"

    def trace(self) -> dict[str, Any]:
        """Return the point as Plotly's."""
        rim = {"color": HALO, "width": 1}
        return {
            "type": "scatter",
            "mode": "markers",
            "x": [self.x],
            "y": [self.y],
            "name": self.name,
            "marker": {"symbol": "star", "size": 14, "color": self.colour, "line": rim},
            "hovertemplate": f"{self.hover}<extra></extra>",
        }


@dataclass(frozen=True)
class Guide:
    """A vertical line at a value, such as where a knob stands, with a label beside it."""

    x: float
    label: str = ""
    colour: str = GREY
    dash: Dash = "dot"

    def shape(self) -> dict[str, Any]:
        """Return the line as Plotly's."""
        line = {"color": self.colour, "width": 2, "dash": self.dash}
        place = {"x0": self.x, "x1": self.x, "y0": 0, "y1": 1, "yref": "paper"}
        return {"type": "line", **place, "line": line}

    def annotation(self, *, flips_at: float) -> dict[str, Any]:
        """Return the label as Plotly's: right of the line, left of it from `flips_at` on."""
        return {
            **{"x": self.x, "y": 1, "yref": "paper", "yanchor": "top"},
            **{"text": f" {self.label} ", "showarrow": False},
            "xanchor": "left" if self.x < flips_at else "right",
        }


@dataclass(frozen=True)
class Axis:
    """An axis of a chart.

    Args:
        title: with the unit. range: None leaves it to the data. log: counts in powers of ten.
        words: whether the values are words, each in its own place.
        format: of the ticks, as d3 writes it. suffix: behind each tick. tick: distance of two ticks.
        visible: False leaves out ticks and title. reversed: the first value on top.
    """

    title: str = ""
    range: tuple[float, float] | None = None
    log: bool = False
    words: bool = False
    format: str = ""
    suffix: str = ""
    tick: float | None = None
    visible: bool = True
    reversed: bool = False

    def layout(self) -> dict[str, Any]:
        """Return the axis as Plotly's; it is not zoomed by dragging where its range is given."""
        axis: dict[str, Any] = {
            "title": {"text": self.title, "standoff": 8},
            "automargin": True,
            "visible": self.visible,
        }
        if self.range is not None:
            axis |= {"range": list(self.range), "fixedrange": True}
        elif not self.log:
            axis["rangemode"] = "tozero"
        optional = {
            "type": "log" if self.log else "category" if self.words else None,
            "tickformat": self.format or None,
            "ticksuffix": self.suffix or None,
            "dtick": 1 if self.log else self.tick,
            "minor": {"showgrid": False} if self.log else None,
            "autorange": "reversed" if self.reversed else None,
        }
        return axis | {name: value for name, value in optional.items() if value is not None}


Mark = Line | Bars | Star


@dataclass(frozen=True, eq=False)
class Chart:
    """A chart, described once for the page and for files.

    Args:
        marks: what is drawn, the first below. x, y: the axes. guides: vertical lines.
        height: in pixels of the screen, before a projector enlarges it.
        side_by_side: whether bars of one place stand beside each other, not upon each other.
        shared_hover: whether all lines speak when the pointer is above one place.
        revision: zoom stays while this stays; it changes when the chart shows something else.
    """

    marks: tuple[Mark, ...]
    x: Axis
    y: Axis
    guides: tuple[Guide, ...] = ()
    height: int = HEIGHT
    side_by_side: bool = False
    shared_hover: bool = False
    revision: str = "same"

    @property
    def has_legend(self) -> bool:
        """True if more than one mark has a name in the legend."""
        return sum(not isinstance(mark, Line) or mark.in_legend for mark in self.marks) > 1

    def spec(self, *, projected: bool = False) -> dict[str, Any]:
        """Return the chart as Plotly's data and layout; `projected` for type that the last row reads."""
        layout: dict[str, Any] = {
            "height": self.height,
            "margin": {"l": 0, "r": 8, "t": 8, "b": 0},
            "xaxis": self.x.layout(),
            "yaxis": self.y.layout(),
            "legend": _LEGEND,
            "showlegend": self.has_legend,
            "barmode": "group" if self.side_by_side else "stack",
            "bargap": 0.1,
            "shapes": [guide.shape() for guide in self.guides],
            "annotations": [
                guide.annotation(flips_at=0.9 * self.x.range[1] if self.x.range else np.inf)
                for guide in self.guides
                if guide.label
            ],
            "uirevision": self.revision,
        }
        if self.shared_hover:
            layout["hovermode"] = "x unified"
        data = [mark.trace() for mark in self.marks]
        if projected:
            _enlarge(data, layout)
        return {"data": data, "layout": layout}


def show(
    chart: Chart, *, key: str, alt: str, question: str = "", caption: str = "", file: str = ""
) -> None:
    """Put a chart on the page, with a caption below it and a menu that saves it.

    Args:
        key: unique on the page, and the same whatever the chart shows.
        alt: what a screen reader says of it.
        question: that the chart answers, above it. caption: below it.
        file: name of the saved file, without its ending; the key if left out.
    """
    if question:
        st.markdown(f"**{question}**")
    st.plotly_chart(chart.spec(projected=projector.is_on()), key=key, config=_CONFIG, alt=alt)
    saving.caption(
        caption,
        key=key,
        file=file or key,
        figure=lambda: chart_files.figure(chart, title=question),
    )


def _enlarge(data: list[dict[str, Any]], layout: dict[str, Any]) -> None:
    """Set all type larger: the page's theme would set each of these smaller."""
    font = {"size": _PROJECTOR_TYPE}
    layout["height"] = round(_PROJECTOR_HEIGHT * layout["height"])
    layout["font"] = font
    layout["legend"] = layout["legend"] | {"font": font}
    for name in ("xaxis", "yaxis"):
        axis = layout[name]
        layout[name] = axis | {"tickfont": font, "title": axis["title"] | {"font": font}}
    layout["annotations"] = [note | {"font": font} for note in layout["annotations"]]
    for trace in data:
        if trace["type"] == "bar":
            trace["textfont"] = font
            if "insidetextfont" in trace:
                trace["insidetextfont"] = trace["insidetextfont"] | font
