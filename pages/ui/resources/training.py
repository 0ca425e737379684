"""Which run a visitor watches, and what of its growing files was read so far."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from fastrcnn_core.runs import Columns, Run, list_runs
from pages.ui.resources.choice import Source
from pages.ui.resources.memory import Bounded

_RUN, _LINK = "chosen-run", "run"
# Chosen here: some dozens of runs of a few thousand steps.
_METRICS_BYTES = 100_000_000


def chosen_run() -> Run | None:
    """The visitor's, the link's, or the newest; None while there is none. What the link says is remembered."""
    runs = {run.name: run for run in list_runs()}
    linked = st.query_params.get(_LINK)
    if _RUN not in st.session_state and linked in runs:
        choose_run(linked)
    return runs.get(st.session_state.get(_RUN, ""), next(iter(runs.values()), None))


def run_of_link_is_missing() -> str | None:
    """The name in the link if there is no such run; asked before the link is written anew."""
    linked = st.query_params.get(_LINK)
    return linked if linked and all(run.name != linked for run in list_runs()) else None


def choose_run(name: str | None) -> None:
    """Watch this run from now on; None for the newest."""
    st.session_state[_RUN] = name or ""
    st.query_params.pop(_LINK, None)


def pick_run(names: list[str], chosen: str) -> str:
    """The picker of the run that is watched; returns its name."""
    st.session_state["pick-run"] = chosen
    return str(
        st.selectbox(
            "Run",
            names,
            key="pick-run",
            on_change=lambda: choose_run(st.session_state["pick-run"]),
        )
    )


def write_run_link(run: Run) -> None:
    """Make the link say which run is watched."""
    if st.query_params.get(_LINK) != run.name:
        st.query_params[_LINK] = run.name


def data_of(run: Run) -> Source:
    """Where the pictures are on this machine that the run learned from. Raises DataError if they are not here."""
    return Source("run", run.name, _data_here(str(run.folder), os.environ.get("FASTRCNN_DATA", "")))


def metrics(run: Run) -> Columns:
    """Every step's numbers; only what came since the last look is read."""
    return _grown(run, "metrics")


def validation(run: Run) -> Columns:
    """What was measured on the validation part; only what came since the last look is read."""
    return _grown(run, "validation")


def _grown(run: Run, what: str) -> Columns:
    """Columns never change: longer ones take their place. A replaced file is told by its own number."""
    key = (str(run.folder), what)
    columns: Columns = getattr(run, what)(_read().get(key))
    _read().put(key, columns)
    return columns


@st.cache_resource(show_spinner=False)
def _read() -> Bounded[tuple[str, str], Columns]:
    return Bounded(_METRICS_BYTES, size=lambda columns: 64 * len(columns) * len(columns.values))


@st.cache_data(max_entries=64, ttl=60, show_spinner=False)
def _data_here(folder: str, used_here: str) -> str:
    """For a run that came in a zip it opens what this machine uses, which is slow for a large data set."""
    return Run(Path(folder)).data_here()
