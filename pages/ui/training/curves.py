"""A run's numbers against its steps: losses, accuracies, what was sampled, the learning rate, validation AP."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from scipy.signal import lfilter

from fastrcnn_core import palette
from fastrcnn_core.runs import Columns

_HEIGHT = 260
_POINTS = 300  # as many as half a screen can show apart
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """One quantity in a plot: its column, its words, and how it looks."""

    column: str
    label: str
    colour: str
    dash: str = "solid"


LOSSES = (
    Line("classification_loss", "Classification", palette.BLUE),
    Line("box_loss", "Box", palette.ORANGE, "dash"),
)
ACCURACIES = (
    Line("accuracy", "All RoIs right", palette.BLUE),
    Line("foreground_accuracy", "Positives right", palette.GREEN, "dot"),
    Line("foreground_called_background", "Positives called background", palette.VERMILION, "dash"),
)
COUNTS = (
    Line("foreground", "Positive", palette.BLUE),
    Line("background", "Negative", palette.VERMILION, "dash"),
)
RATE = (Line("learning_rate", "Learning rate", palette.PURPLE),)
QUALITY = (
    Line("proposal_recall_50", "Recall of the proposals", palette.GREY, "dot"),
    Line("AP50", "AP50", palette.BLUE),
    Line("AP", "AP", palette.ORANGE, "dash"),
)
# Runs that are compared have a colour each, and then the dash alone says which quantity it is.
RUN_COLOURS = (palette.BLUE, palette.VERMILION, palette.GREEN, palette.PURPLE)


def over_steps(
    runs: Mapping[str, Columns],
    lines: Sequence[Line],
    *,
    smoothing: float,
    top: float | None = None,
    marks: bool = False,
) -> go.Figure:
    """The lines against the step, raw values faint behind the smoothed ones.

    One run: a colour each quantity. Several: a colour each run, a dash each quantity.

    Args:
        smoothing: weight of the past in the running mean, in [0, 1); 0 shows the raw values alone.
        top: of the y axis, if it is known; the figure's own choice if None.
        marks: whether each value gets a mark: for those that are few.
    """
    traces = [
        trace
        for name, line in _lines(tuple(runs), lines)
        for trace in _traces(
            line, runs[name], run=name if len(runs) > 1 else "", smoothing=smoothing, marks=marks
        )
    ]
    if len(runs) > 1 and len(lines) > 1:
        traces += [_legend_entry(line) for line in lines]
    has_legend = len(lines) > 1
    return go.Figure({"data": traces, "layout": _layout("-".join(runs), top, has_legend)})


def _lines(names: tuple[str, ...], lines: Sequence[Line]) -> list[tuple[str, Line]]:
    if len(names) == 1:
        return [(names[0], line) for line in lines]
    coloured = zip(names, RUN_COLOURS, strict=False)
    return [
        (name, dataclasses.replace(line, colour=colour))
        for name, colour in coloured
        for line in lines
    ]


def smoothed(values: Floats, weight: float) -> Floats:
    """Running mean with exponentially fading weights, without the pull of a first 0: (S,) → (S,).

    Source: Kingma & Ba, Adam, 2015, section 3 (the bias correction).
    """
    if not len(values):
        return values
    known = np.isfinite(values)
    total = lfilter([1 - weight], [1, -weight], np.where(known, values, 0.0))
    share = lfilter([1 - weight], [1, -weight], known.astype(float))
    mean: Floats = total / np.where(share > 0, share, np.nan)
    return mean


def _shown(steps: int) -> npt.NDArray[np.int64]:
    """Which of so many steps are drawn: evenly spread, the first and the last among them."""
    if steps <= _POINTS:
        return np.arange(steps)
    return np.unique(np.linspace(0, steps - 1, _POINTS).round().astype(np.int64))


def _traces(
    line: Line, columns: Columns, *, run: str, smoothing: float, marks: bool
) -> list[dict[str, Any]]:
    steps = np.asarray(columns["step"], dtype=np.int64)
    values = np.asarray(columns[line.column], dtype=float)
    rows = _shown(len(steps))
    shared = {
        "type": "scatter",
        "x": steps[rows].tolist(),
        "mode": "lines+markers" if marks else "lines",
    }
    drawn = shared | {
        "y": _rounded(smoothed(values, smoothing)[rows] if smoothing else values[rows]),
        "name": line.label,
        "showlegend": not run,
        "line": {"color": line.colour, "dash": line.dash, "width": 2.5},
        "hovertemplate": f"%{{y:.4g}}<extra>{escape(f'{line.label}, {run}' if run else line.label)}</extra>",
    }
    if not smoothing or run:  # raw values of several runs hide each other
        return [drawn]
    faint = {"opacity": 0.3, "showlegend": False, "hoverinfo": "skip"}
    thin = {"line": {"color": line.colour, "width": 1}}
    return [shared | faint | thin | {"y": _rounded(values[rows])}, drawn]


def _rounded(values: Floats) -> list[float | None]:
    """Four digits are more than a screen shows, and less to send."""
    return [float(f"{value:.4g}") if np.isfinite(value) else None for value in values]


def _legend_entry(line: Line) -> dict[str, Any]:
    look = {"color": palette.GREY, "dash": line.dash, "width": 2.5}
    return {"type": "scatter", "x": [None], "y": [None], "mode": "lines"} | {
        "name": line.label,
        "line": look,
    }


def _layout(revision: str, top: float | None, has_legend: bool) -> dict[str, Any]:
    return {
        "height": _HEIGHT if has_legend else _HEIGHT - 20,
        "margin": {"l": 0, "r": 8, "t": 8, "b": 0},
        "xaxis": {"title": {"text": "Step", "standoff": 4}, "rangemode": "tozero"},
        "yaxis": {"rangemode": "tozero", "exponentformat": "e"}
        | ({} if top is None else {"range": [0, top]}),
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "showlegend": has_legend,
        "hovermode": "x unified",
        "uirevision": revision,
    }
