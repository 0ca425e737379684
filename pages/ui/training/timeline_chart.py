"""What became of the detections on one picture from checkpoint to checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from fastrcnn_core import palette

if TYPE_CHECKING:
    from pages.ui.components.detection_view import DetectionView

_QUESTION = "How many does each checkpoint find?"


def show(views: Mapping[int, DetectionView], step: int) -> None:
    """Hits, false alarms and missed people by checkpoint, a line at the one that is shown."""
    drawn = _lines(views)
    line = {"color": palette.GREY, "width": 1.5, "dash": "dot"}
    edge = {"type": "line", "x0": step, "x1": step, "yref": "paper", "y0": 0, "y1": 1, "line": line}
    layout = {
        "height": 220,
        "margin": {"l": 0, "r": 8, "t": 8, "b": 0},
        "xaxis": {"title": {"text": "Step", "standoff": 4}, "rangemode": "tozero"},
        "yaxis": {"rangemode": "tozero", "tickformat": "d", "dtick": _between_ticks(drawn)},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "hovermode": "x unified",
        "shapes": [edge],
        "uirevision": "growth",
    }
    bar = {"displaylogo": False, "displayModeBar": False}
    figure = {"data": drawn, "layout": layout}
    st.plotly_chart(figure, key="plot-growth", config=bar, alt=_QUESTION)
    st.caption(f"{_QUESTION} The dotted line is the checkpoint that is shown.")


def _between_ticks(lines: list[dict[str, Any]]) -> int | None:
    """1 for a handful of people, who are never counted by halves; None leaves it to Plotly."""
    return 1 if max(count for line in lines for count in line["y"]) <= 8 else None


def _lines(views: Mapping[int, DetectionView]) -> list[dict[str, Any]]:
    tallies = {step: view.tally for step, view in views.items()}
    known = {step: tally for step, tally in tallies.items() if tally is not None}
    if not known:  # nobody annotated the picture
        counts = [len(view.detections.boxes) for view in views.values()]
        return [_line("Detections", list(views), counts, palette.BLUE, "solid")]
    steps = list(known)
    return [
        _line("Hits", steps, [it.hits for it in known.values()], palette.BLUE, "solid"),
        _line(
            "False alarms",
            steps,
            [it.background + it.duplicates for it in known.values()],
            palette.VERMILION,
            "dash",
        ),
        _line("Missed", steps, [it.missed for it in known.values()], palette.GREEN, "dot"),
    ]


def _line(name: str, steps: list[int], counts: list[int], colour: str, dash: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": steps,
        "y": counts,
        "name": name,
        "line": {"color": colour, "dash": dash, "width": 2.5},
        "hovertemplate": f"%{{y}}<extra>{name}</extra>",
    }
