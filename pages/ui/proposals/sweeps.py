"""Sweep of one knob: recall and MABO of this picture's proposals at several values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import pandas as pd
import streamlit as st

from fastrcnn_core import palette
from fastrcnn_core.config import ProposalConfig, ProposalOrder
from fastrcnn_core.flags import text
from fastrcnn_core.knobs import knobs as knobs_of
from fastrcnn_core.proposals import mean_average_best_overlap, recall
from fastrcnn_core.structures import FloatArray
from pages.ui.cache import searches
from pages.ui.cache.searches import ProposalSummary
from pages.ui.components import chart, source
from pages.ui.components.chart import Axis, Line
from pages.ui.components.wording import duration
from pages.ui.proposals import charts, knobs, tables
from pages.ui.proposals.view import View

# Chosen here: from where a knob hurts on one side to where it hurts on the other.
_VALUES: dict[str, tuple[Any, ...]] = {
    "sigma": (0.0, 0.4, 0.8, 1.2, 2.0, 3.0),
    "search_side": (160, 240, 360, 540, 800, 1024),
    "scale": (50.0, 150.0, 300.0, 450.0, 700.0, 1000.0),
    "min_size": (10, 30, 100, 300, 1000),
    "min_side": (1, 8, 16, 24, 32, 48, 64, 96),
    "max_aspect": (1.5, 2.0, 3.0, 4.0, 5.0, 7.0, None),
    "distinct_iou": (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, None),
    "order": get_args(ProposalOrder),
    "limit": (50, 100, 200, 500, 1000, 2000, 5000),
}


def show(view: View) -> None:
    """Show a picker of the knob, and the results of its values."""
    st.subheader("What does each knob do when it is moved?", anchor=False)
    names = [*knobs.FILTERS, *knobs.searching(view.config)]
    name = st.selectbox("Knob", names, format_func=knobs.label, key="swept-knob")
    knob = knobs_of(ProposalConfig)[name][1]
    stands = text(getattr(view.config, name))
    st.markdown(f"{knob.help} It stands at **{stands}**.")
    st.caption(f"Source of the default: {knob.source}.")
    tried = _try_all(view, name)
    if len(view.people):
        _chart(tried, name, stands)
    _table(tried, name)
    source.show(ProposalConfig)


def values(view: View, name: str) -> list[Any]:
    """List the values to try for a knob, the current one among them."""
    stands = getattr(view.config, name)
    longest = max(view.image.height, view.image.width)
    tried = {*_VALUES[name], stands}
    if name == "search_side":
        tried = {value for value in tried if value <= longest} | {
            min(longest, ProposalConfig().search_side)
        }
    numbers = sorted(value for value in tried if value is not None and not isinstance(value, str))
    return [
        *numbers,
        *sorted(value for value in tried if isinstance(value, str)),
        *([None] if None in tried else []),
    ]


def _try_all(view: View, name: str) -> dict[str, ProposalSummary]:
    """Measure the proposals at each value; by the value as text."""
    tried, bar = {}, st.empty()
    everything = values(view, name)
    for index, value in enumerate(everything):
        bar.progress(index / len(everything), f"{knobs.label(name)} = {text(value)}…")
        config = replace(view.config, **{name: value})
        tried[text(value)] = searches.summary(view.image, view.people, config)
    bar.empty()
    return tried


def _chart(tried: dict[str, ProposalSummary], name: str, stands: str) -> None:
    x: Any = list(tried)
    overlaps = [overlap.overlaps for overlap in tried.values()]
    high, mean = _recalls(overlaps, 0.7), [overlap.mean() for overlap in overlaps]
    lines = (
        Line("Recall at IoU 0.5", x, _recalls(overlaps, 0.5), palette.BLUE, markers=True),
        Line("Recall at IoU 0.7", x, high, palette.VERMILION, "dash", markers=True),
        Line("MABO", x, mean, palette.PURPLE, "dot", markers=True),
    )
    axis, at = Axis(knobs.axis(name), words=True), x.index(stands) if stands in x else None
    words = ", ".join(
        f"{value}: MABO {overlap.mean():.2f}" for value, overlap in zip(x, overlaps, strict=True)
    )
    chart.show(
        charts.shares(lines, x=axis, at=at),
        key="sweep",
        question="How good are this picture's proposals then?",
        alt=words,
    )


def _table(tried: dict[str, ProposalSummary], name: str) -> None:
    overlaps = [summary.overlaps for summary in tried.values()]
    rows = pd.DataFrame(
        {
            knobs.label(name): list(tried),
            "Proposals": [summary.proposals for summary in tried.values()],
            "Recall 0.5": _recalls(overlaps, 0.5),
            "Recall 0.7": _recalls(overlaps, 0.7),
            "MABO": [mean_average_best_overlap(best) for best in overlaps],
            "Time": [duration(summary.seconds) for summary in tried.values()],
        }
    )
    tables.show(rows, decimals=2)


def _recalls(overlaps: Sequence[FloatArray], iou: float) -> list[float | None]:
    return [recall(overlap, iou) for overlap in overlaps]
