"""Comparison of the search methods on one picture under the same filters, with the faults of the package."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pandas as pd
import streamlit as st

from fastrcnn_core import palette
from fastrcnn_core.config import PRESETS, ProposalMethod
from fastrcnn_core.selective_search import STRATEGIES, search
from fastrcnn_core.selective_search.package import compare_with_package
from pages.ui.components import figures, source, swatches
from pages.ui.components.wording import counted, duration, share
from pages.ui.proposals import package_comparison, tables
from pages.ui.proposals.view import View

METHODS: tuple[ProposalMethod, ...] = get_args(ProposalMethod)
# Measured on one core: `quality` and the package take some 10 µs a pixel.
_SECONDS_A_PIXEL = 1e-5
_PATIENCE = 6.0  # seconds; a longer search starts on request


def show(view: View) -> None:
    """Show a column for each method, its figures as a table, and the package's histograms."""
    st.subheader("Which method finds more?", anchor=False)
    if not _may_run(view):
        return
    shown: list[View] = []
    for column, method in zip(st.columns(len(METHODS)), METHODS, strict=True):
        with column:
            shown.append(_engine(view, method))
    if len(view.people):
        swatches.legend(
            [palette.GROUND_TRUTH, replace(palette.FOREGROUND, label="Best box of each")]
        )
    _table(shown)
    st.caption(
        "The same filters for all. The package (selectivesearch, from PyPI) runs with the knobs of the original "
        "notebook (scale 450, sigma 0.8, smallest region 30) and ranks nothing: its boxes come in its own order."
    )
    package_comparison.show(view)
    source.show(search, compare_with_package)


def _may_run(view: View) -> bool:
    """Tell whether to run: at once on small pictures, on large ones after a toggle."""
    seconds = 2 * view.image.width * view.image.height * _SECONDS_A_PIXEL
    if seconds <= _PATIENCE:
        return True
    st.caption(
        f"`quality` and the package look at every pixel many times: about {duration(seconds)} for this picture."
    )
    agreed = st.toggle("Run all methods", key=f"run-engines-{view.image.key}")
    return bool(agreed)


def _engine(view: View, method: ProposalMethod) -> View:
    notebook = PRESETS["notebook"].proposals
    knobs = {"scale": notebook.scale, "min_size": notebook.min_size} if method == "package" else {}
    searched = view.with_knobs(method=method, **knobs)
    st.markdown(f"**{method}**")
    best = sorted({int(rank) - 1 for rank in searched.overlaps.argmax(axis=0) if rank > 0})
    notes = [f"rank {rank + 1}" for rank in best]
    drawing = figures.draw(
        searched.image,
        figures.Layer(palette.GROUND_TRUTH, searched.people),
        figures.Layer(palette.FOREGROUND, searched.proposals[best], notes, label="Best boxes"),
        legend=False,
    )
    boxes, cost = counted(len(searched.proposals), "box"), duration(searched.timed.total_seconds)
    found = f"{about(method)}: {boxes} in {cost}"
    judged = f", MABO {share(searched.mabo)}" if len(searched.people) else ""
    figures.show(
        drawing,
        key=f"engine-{method}",
        caption=f"{found}{judged}",
        alt=f"{method}: {found}{judged}",
    )
    return searched


def about(method: ProposalMethod) -> str:
    """Tell how many strategies a method combines."""
    if method == "package":
        return "The selectivesearch package"
    count = len(STRATEGIES.get(method, ()))
    if not count:
        return "No strategies"
    return "1 strategy" if count == 1 else f"{count} strategies"


def _table(shown: list[View]) -> None:
    rows = pd.DataFrame(
        {
            "Method": METHODS,
            "Recall 0.5": [view.recall(0.5) for view in shown],
            "Recall 0.7": [view.recall(0.7) for view in shown],
            "MABO": [view.mabo for view in shown],
            "Seconds": [view.timed.total_seconds for view in shown],
            "Proposals": [len(view.proposals) for view in shown],
            "Found": [len(view.funnel.found) for view in shown],
        }
    )
    tables.show(rows, decimals=2)
