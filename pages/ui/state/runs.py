"""The watched run, out of the runs in the folder, which is listed once for each rerun of the script."""

from __future__ import annotations

import streamlit as st

from fastrcnn_core.runs import Run, list_runs

_LISTED, _RUN, _MISSING, _LINK = "listed-runs", "chosen-run", "missing-run", "run"


def list_again() -> tuple[Run, ...]:
    """List the runs folder, newest first, and remember it until the next rerun. Called first by the side bar."""
    found = list_runs()
    st.session_state[_LISTED] = found
    return found


def listed_runs() -> tuple[Run, ...]:
    """Return the runs as `list_again` found them in this rerun."""
    found: tuple[Run, ...] | None = st.session_state.get(_LISTED)
    return list_again() if found is None else found


def chosen_run() -> Run | None:
    """Return the visitor's run, the link's, or the newest; None while there is none. The link's word is remembered."""
    runs = {run.name: run for run in listed_runs()}
    linked = st.query_params.get(_LINK)
    if _RUN not in st.session_state and linked in runs:
        st.session_state[_RUN] = linked
    return runs.get(st.session_state.get(_RUN, ""), next(iter(runs.values()), None))


def missing_run() -> str | None:
    """Return the run that a link named and that is not here, until a run is chosen; called before `write_run_link`."""
    names = {run.name for run in listed_runs()}
    linked = st.query_params.get(_LINK)
    if linked and linked not in names:
        st.session_state[_MISSING] = linked
    missing: str | None = st.session_state.get(_MISSING)
    return None if missing in names else missing


def choose_run(name: str | None) -> None:
    """Watch a run; None for the newest."""
    st.session_state[_RUN] = name or ""
    st.session_state.pop(_MISSING, None)
    st.query_params.pop(_LINK, None)


def write_run_link(run: Run) -> None:
    """Write the watched run into the link."""
    if st.query_params.get(_LINK) != run.name:
        st.query_params[_LINK] = run.name
