"""The warning about a run that a link names and that is not here, until the visitor chooses one."""

from __future__ import annotations

import streamlit as st

from fastrcnn_core.runs import Run
from pages.ui.components.wording import plain
from pages.ui.state import runs


def show(watched: Run | None) -> None:
    """Show which run is missing, and which is shown instead; a button stays with that one."""
    missing = runs.missing_run()
    if missing is None:
        return
    instead = "" if watched is None else f" The page shows “{watched.name}” instead."
    st.warning(
        plain(f"The link names the run “{missing[:80]}”, which is not here.{instead}"),
        icon=":material/link_off:",
    )
    label = "Close" if watched is None else "Stay with the one shown"
    name = None if watched is None else watched.name
    st.button(label, key="forget-missing-run", on_click=runs.choose_run, args=(name,))
