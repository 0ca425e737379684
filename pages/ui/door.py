"""Every page is reached through `app.py`, even by a link that is the first thing a fresh server is asked for.

Until `st.navigation` has run once, Streamlit takes each script in `pages/` for a page of its own and runs it without
`app.py`: a tab that is reloaded after the server restarted would have no side bar. Such a page turns back to the door.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.ui import resources

_PAGES = Path(__file__).resolve().parents[1]
_OPEN = "door-is-open"


def open_door() -> None:
    """Called by `app.py`."""
    resources.put(_OPEN, True)


def expect_open() -> None:
    """Called by what every page begins with: goes back to `app.py`, once, if it has not run."""
    if resources.value(_OPEN):
        return
    resources.put(_OPEN, True)
    pages = sorted(_PAGES.glob("[a-z]*.py"))
    st.navigation([_page(path) for path in pages], position="hidden")
    st.rerun()


def _page(path: Path) -> st.Page:
    return st.Page(f"pages/{path.name}", default=path.stem == "overview")
