"""The warning on every page about a selected detector that is not here, until another is selected."""

from __future__ import annotations

import streamlit as st

from fastrcnn_core.runs import deleted_run
from pages.ui.components.wording import plain
from pages.ui.state import detectors, runs


def show() -> None:
    """Show what is missing and what the pages use instead. Called by `app.py` alone."""
    token = detectors.missing_detector()
    if token is None:
        return
    st.warning(
        plain(_instead(token)),
        title=plain(_what_happened(token)),
        icon=":material/link_off:",
    )
    if detectors.offered_detectors():
        st.button(
            "Stay with the one in use",
            key="forget-lost-detector",
            on_click=detectors.choose_default_detector,
        )


def _what_happened(token: str) -> str:
    name = _run(token)
    if name is None:
        return f"There is no detector “{token[:80]}” here."
    if any(run.name == name for run in runs.listed_runs()):
        return f"The run “{name}” has no checkpoint yet."
    if name == deleted_run():
        return f"The run “{name}” was deleted."
    return f"There is no run “{name[:80]}” here: it was renamed or deleted, or it is on another computer."


def _instead(token: str) -> str:
    if not detectors.offered_detectors():
        return "Train a detector on the page Training."
    name = _run(token)
    can_be_back = name is not None and name == deleted_run()
    back = " The run can be brought back on the page Training." if can_be_back else ""
    used = detectors.chosen_detector().label
    return f"The pages use another detector, “{used}”. Choose one in the side bar, or stay with it.{back}"


def _run(token: str) -> str | None:
    """Return the run that a detector's token names; None for a bundled detector."""
    kind, _, name = token.partition(":")
    return name if kind == "run" else None
