"""Where should the threshold be? Precision, recall and F1 against confidence, and how confident right and wrong are."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from fastrcnn_core import palette
from fastrcnn_core.evaluation import PrecisionRecallCurve
from fastrcnn_core.structures import FloatArray

_HEIGHT = 280
_BINS = 20
# Colour is not all that tells the bars apart.
_PATTERNS = {"hit": "", "duplicate": "x", "background_hit": "/"}
_STROKES = {"size": 7, "solidity": 0.2, "fgcolor": "rgba(255,255,255,0.7)"}


def curves(ranking: PrecisionRecallCurve, *, threshold: float, best: float | None) -> go.Figure:
    """Precision, recall and F1 at every confidence; the threshold is a line, the best F1 a star.

    From one detection's score down to the next one's nothing changes: that is what the steps say.
    """
    x = ranking.scores
    traces = [
        _curve(x, ranking.precision, "Precision", palette.SKY, "solid"),
        _curve(x, ranking.recall, "Recall", palette.ORANGE, "dash"),
        _curve(x, ranking.f1, "F1", palette.PURPLE, "solid", width=3.5),
    ]
    if best is not None:
        traces.append(_star(best, ranking.at(best).f1))
    layout = _layout(threshold) | {"yaxis": {"range": [0, 1.02], "fixedrange": True}}
    return go.Figure({"data": traces, "layout": layout})


def histogram(ranking: PrecisionRecallCurve, *, threshold: float) -> go.Figure:
    """How many hits, duplicates and background hits there are at each confidence."""
    parts = {
        palette.HIT: ranking.is_hit,
        palette.DUPLICATE: ranking.is_duplicate,
        palette.BACKGROUND_HIT: ~(ranking.is_hit | ranking.is_duplicate),
    }
    edges = np.linspace(0, 1, _BINS + 1)
    traces = [
        {
            "type": "bar",
            "x": (edges[:-1] + edges[1:]) / 2,
            "y": np.histogram(ranking.scores[which], edges)[0],
            "name": role.label,
            "marker": {
                "color": role.colour,
                "line": {"color": palette.HALO, "width": 1},
                "pattern": {"shape": _PATTERNS[role.name], "fillmode": "overlay", **_STROKES},
            },
            "hovertemplate": "%{y} at confidence %{x:.2f}",
        }
        for role, which in parts.items()
    ]
    bars = {"barmode": "stack", "bargap": 0.08}
    layout = _layout(threshold) | bars | {"yaxis": {"title": "detections", "fixedrange": True}}
    return go.Figure({"data": traces, "layout": layout})


def class_scores(scores: FloatArray, classes: tuple[str, ...], *, most: int = 8) -> go.Figure:
    """The scores of one RoI, the background's too, as bars; the highest of many."""
    names = ("background", *classes)
    rows = np.argsort(-scores, kind="stable")[:most][::-1]
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": scores[rows],
        "y": [names[row] for row in rows],
        "text": [f"{scores[row]:.3f}" for row in rows],
        "textposition": "auto",
        "marker": {"color": [palette.VERMILION if row == 0 else palette.BLUE for row in rows]},
        "hovertemplate": "%{y}: %{x:.3f}<extra></extra>",
    }
    layout = {
        "height": 40 + 34 * len(rows),
        "margin": {"l": 0, "r": 0, "t": 0, "b": 24},
        "xaxis": {"range": [0, 1], "fixedrange": True},
        "yaxis": {"fixedrange": True},
    }
    return go.Figure({"data": [bars], "layout": layout})


def _curve(
    x: FloatArray, y: FloatArray, name: str, colour: str, dash: str, width: float = 2.5
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": x,
        "y": y,
        "name": name,
        "mode": "lines",
        "line": {"color": colour, "dash": dash, "width": width, "shape": "hv"},
        "hovertemplate": "%{y:.2f} at confidence %{x:.2f}",
    }


def _star(x: float, y: float | None) -> dict[str, Any]:
    rim = {"color": palette.HALO, "width": 1}
    return {
        "type": "scatter",
        "x": [x],
        "y": [y],
        "mode": "markers",
        "name": f"Best F1, at {x:.2f}",
        "marker": {"symbol": "star", "size": 14, "color": palette.PURPLE, "line": rim},
        "hovertemplate": "F1 %{y:.2f} at confidence %{x:.2f}",
    }


def _layout(threshold: float) -> dict[str, Any]:
    """A confidence axis with the threshold as a dotted line and its value beside it."""
    line = {"color": palette.GREY, "width": 2, "dash": "dot"}
    place = {"x0": threshold, "x1": threshold, "y0": 0, "y1": 1, "yref": "paper"}
    label = {
        **{"x": threshold, "y": 1, "yref": "paper", "yanchor": "top"},
        "text": f" {threshold:.2f} ",
        "showarrow": False,
        "xanchor": "left" if threshold < 0.9 else "right",
    }
    return {
        "height": _HEIGHT,
        "margin": {"l": 0, "r": 8, "t": 8, "b": 0},
        "xaxis": {"range": [0, 1.01], "title": "confidence", "fixedrange": True},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "shapes": [{"type": "line", **place, "line": line}],
        "annotations": [label],
    }
