"""How rare are positives, and where do the thresholds cut? Two charts of all candidates of a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from fastrcnn_core import palette
from fastrcnn_core.config import SamplingConfig
from pages.ui.roi_sampling import words
from pages.ui.roi_sampling.pictures import ROLES
from pages.ui.roi_sampling.view import Kind, View

_BINS = 20
_STROKES = {"size": 7, "solidity": 0.2, "fgcolor": "rgba(255,255,255,0.7)"}
_PATTERNS: dict[Kind, str] = {"foreground": "", "background": "/", "ignored": "."}


def shares(view: View) -> go.Figure:
    """What part of the candidates, and of the drawn RoIs, is of each kind: two bars of 100 %."""
    counts = {kind: (len(view.rows(kind, drawn=True)), len(view.rows(kind))) for kind in ROLES}
    totals = np.maximum(np.sum(list(counts.values()), axis=0), 1)
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "y": ["drawn", "candidates"],
            "x": 100 * np.asarray(count) / totals,
            "name": words.NAMES[kind].capitalize(),
            "marker": _marker(kind),
            "customdata": list(count),
            "text": [f"{it:,}" if it else "" for it in count],
            "textposition": "inside",
            "insidetextanchor": "middle",
            "hovertemplate": "%{customdata:,} of the %{y}, %{x:.1f} %",
        }
        for kind, count in counts.items()
    ]
    layout = {
        "barmode": "stack",
        "height": 190,
        "margin": {"l": 0, "r": 8, "t": 8, "b": 0},
        "xaxis": {"range": [0, 100], "ticksuffix": " %", "fixedrange": True},
        "yaxis": {"fixedrange": True},
        "legend": _LEGEND,
    }
    return go.Figure({"data": traces, "layout": layout})


def histogram(view: View) -> go.Figure:
    """How many candidates have each IoU with their match, coloured by what they count as; the count grows in powers."""
    edges = np.linspace(0, 1, _BINS + 1)
    # Of a candidate right at an edge, the bar above it tells: thresholds are "from", not "above".
    traces = [
        {
            "type": "bar",
            "x": (edges[:-1] + edges[1:]) / 2,
            "y": np.histogram(np.nextafter(view.iou[view.rows(kind)], np.float32(2)), edges)[0],
            "name": words.NAMES[kind].capitalize(),
            "marker": _marker(kind),
            "hovertemplate": "%{y:,} candidates at IoU %{x:.3f} ± 0.025",
        }
        for kind in ROLES
    ]
    layout = {
        "barmode": "stack",
        "bargap": 0.08,
        "height": 280,
        "margin": {"l": 0, "r": 8, "t": 8, "b": 0},
        "xaxis": {"range": [0, 1.0], "title": "IoU with the match", "fixedrange": True},
        "yaxis": {"type": "log", "title": "candidates", "fixedrange": True, "dtick": 1},
        "legend": _LEGEND,
        **_thresholds(view.config),
    }
    return go.Figure({"data": traces, "layout": layout})


_LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}


def _marker(kind: Kind) -> dict[str, Any]:
    role = ROLES[kind]
    return {
        "color": role.colour,
        "line": {"color": palette.HALO, "width": 0.5},
        "pattern": {"shape": _PATTERNS[kind], "fillmode": "overlay", **_STROKES},
    }


def _thresholds(config: SamplingConfig) -> dict[str, Any]:
    """A dotted line at each bound."""
    bounds = sorted({config.background_iou_low, config.background_iou_high, config.foreground_iou})
    line = {"color": palette.GREY, "width": 2, "dash": "dot"}
    place = {"type": "line", "y0": 0, "y1": 1, "yref": "paper", "line": line}
    return {"shapes": [place | {"x0": bound, "x1": bound} for bound in bounds if bound > 0]}
