"""The browser's Back button: each page that was visited is one step back, whatever the script wrote into the link."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_KEEPER = st.components.v2.component(
    "page-history",
    html="<span hidden></span>",
    js=(Path(__file__).parent / "history.js").read_text("utf-8"),
)


def one_step_a_page() -> None:
    """Take care of it in this visitor's browser, from the first page on. Called by `app.py` alone."""
    _KEEPER(key="page-history")
