"""A run's numbers against its steps: losses, accuracies, what was sampled, the learning rate, validation AP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from scipy.signal import lfilter

from fastrcnn_core.runs import Columns
from pages.ui import palette

_HEIGHT = 260
_POINTS = 800  # more than a screen shows
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
    Line("foreground_accuracy", "Foreground right", palette.GREEN),
    Line("foreground_called_background", "Foreground called background", palette.VERMILION, "dash"),
)
COUNTS = (
    Line("foreground", "Positive (foreground)", palette.BLUE),
    Line("background", "Negative (background)", palette.VERMILION, "dash"),
)
RATE = (Line("learning_rate", "Learning rate", palette.PURPLE),)
QUALITY = (
    Line("proposal_recall_50", "Proposal recall: no detector gets higher", palette.GREY, "dot"),
    Line("AP50", "AP50", palette.BLUE),
    Line("AP", "AP", palette.ORANGE, "dash"),
)


def over_steps(
    runs: Mapping[str, Columns],
    lines: Sequence[Line],
    *,
    smoothing: float,
    top: float | None = None,
    marks: bool = False,
) -> go.Figure:
    """The lines against the step, raw values faint behind the smoothed ones; several runs are told apart by name.

    Args:
        smoothing: weight of the past in the running mean, in [0, 1); 0 shows the raw values alone.
        top: of the y axis, if it is known; the figure's own choice if None.
        marks: whether each value gets a mark: for those that are few.
    """
    traces = [
        trace
        for number, (name, columns) in enumerate(runs.items())
        for line in lines
        for trace in _traces(
            line,
            columns,
            label=f"{line.label}, {name}" if len(runs) > 1 else line.label,
            smoothing=smoothing,
            opacity=1.0 if number == 0 else 0.55,
            mode="lines+markers" if marks else "lines",
        )
    ]
    return go.Figure({"data": traces, "layout": _layout("-".join(runs), top)})


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


def _traces(
    line: Line, columns: Columns, *, label: str, smoothing: float, opacity: float, mode: str
) -> list[dict[str, Any]]:
    steps = np.asarray(columns["step"], dtype=float)
    values = np.asarray(columns[line.column], dtype=float)
    thinned = slice(None, None, max(1, len(steps) // _POINTS))
    shared = {
        "type": "scatter",
        "x": steps[thinned],
        "mode": mode,
        "line": {"color": line.colour, "dash": line.dash, "width": 2.5},
        "legendgroup": label,
    }
    mean = smoothed(values, smoothing)[thinned] if smoothing else values[thinned]
    drawn = shared | {
        "y": mean,
        "name": label,
        "opacity": opacity,
        "hovertemplate": "%{y:.4g} at step %{x}",
    }
    if not smoothing:
        return [drawn]
    faint = {"opacity": 0.25 * opacity, "showlegend": False, "hoverinfo": "skip"}
    thin = {"line": {"color": line.colour, "width": 1}}
    return [shared | faint | thin | {"y": values[thinned]}, drawn]


def _layout(revision: str, top: float | None) -> dict[str, Any]:
    return {
        "height": _HEIGHT,
        "margin": {"l": 0, "r": 8, "t": 8, "b": 0},
        "xaxis": {"title": "step", "rangemode": "tozero"},
        "yaxis": {"rangemode": "tozero"} | ({} if top is None else {"range": [0, top]}),
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "uirevision": revision,
    }
