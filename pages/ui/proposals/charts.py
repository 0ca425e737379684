"""Line charts of the Proposals page: one look, both themes, colours that do not depend on the order of the lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from fastrcnn_core import palette
from pages.ui.state import projector

JUDGED = "Recall, MABO"  # the axis of charts that show both
_HEIGHT = 280
_PROJECTED = 19  # pixels: 1.6 times what the theme takes
_LOG = {"type": "log", "dtick": 1, "minor": {"showgrid": False}, "tickformat": ",d"}
_CONFIG = {"displaylogo": False, "displayModeBar": False}


@dataclass(frozen=True, eq=False)
class Line:
    """One line of a chart.

    Args:
        name: in the legend. x, y: its points, numbers or words, of the same length; None leaves a gap.
        colour: from `palette`. dash: says the same again for the colour-blind.
        markers: whether its points are marked.
        steps: whether a value holds until the next point.
    """

    name: str
    x: Any
    y: Any
    colour: str
    dash: palette.Dash = "solid"
    markers: bool = False
    steps: bool = False


def lines(
    drawn: Sequence[Line],
    *,
    x_title: str,
    y_title: str,
    log_x: bool = False,
    at: float | None = None,
) -> go.Figure:
    """A chart of shares in [0, 1] or of counts; `at` is a line where the reader stands."""
    figure = go.Figure([_trace(line) for line in drawn])
    figure.update_layout(
        height=_HEIGHT,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis={"title": x_title} | (_LOG if log_x else {}),
        yaxis={"title": y_title, "rangemode": "tozero"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="x unified",
        showlegend=len(drawn) > 1,
    )
    if at is not None:
        figure.add_vline(x=at, line={"color": palette.GREY, "dash": "dot", "width": 2})
    return figure


def show(figure: go.Figure, *, key: str, question: str, alt: str) -> None:
    """Put the chart on the page under the question that it answers."""
    st.markdown(f"**{question}**")
    if projector.is_on():
        enlarge(figure)
    st.plotly_chart(figure, key=key, config=_CONFIG, alt=alt)


def enlarge(figure: go.Figure) -> None:
    """Type that the last row reads: the page's theme would set each of these smaller."""
    font = {"size": _PROJECTED}
    figure.update_layout(height=1.4 * figure.layout.height, font=font, legend={"font": font})
    figure.update_traces(textfont=font, selector={"type": "bar"})
    figure.update_xaxes(tickfont=font, title={"font": font})
    figure.update_yaxes(tickfont=font, title={"font": font})


def bars(
    names: Sequence[str], values: Sequence[float], texts: Sequence[str], colours: Sequence[str]
) -> go.Figure:
    """Horizontal bars from top to bottom, each with its text."""
    figure = go.Figure(
        go.Bar(
            x=list(values),
            y=list(names),
            orientation="h",
            text=list(texts),
            textposition="auto",
            # The theme's grey would not be read on a bar; outside of it the theme knows its own background.
            insidetextfont={"color": palette.HALO},
            marker={"color": list(colours)},
            hoverinfo="skip",
        )
    )
    figure.update_layout(
        height=56 + 44 * len(names),
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        xaxis={"visible": False},
        yaxis={"autorange": "reversed", "title": None},
        bargap=0.25,
    )
    return figure


def _trace(line: Line) -> Any:
    return go.Scatter(
        x=np.asarray(line.x),
        y=np.asarray(line.y),
        name=line.name,
        mode="lines+markers" if line.markers else "lines",
        line={
            "color": line.colour,
            "dash": line.dash,
            "width": 2.5,
            "shape": "hv" if line.steps else "linear",
        },
        hovertemplate="%{y:.2f}",
    )
