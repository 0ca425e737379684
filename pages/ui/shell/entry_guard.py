"""Every page is reached through `app.py`, even by a link that is the first thing a fresh server is asked for.

Until `st.navigation` has run once, Streamlit takes each script in `pages/` for a page of its own and runs it without
`app.py`: a tab that is reloaded after the server restarted would have no side bar. Such a page turns back to the door.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from pages.ui.state import widget_state

_PAGES = Path(__file__).resolve().parents[2]
_WAS_HERE = "was-at-the-door"


def expect_open() -> None:
    """Called by what every page begins with: goes back to `app.py`, once, if the page was begun without it."""
    was_here = widget_state.value(_WAS_HERE)
    widget_state.put(_WAS_HERE, True)
    if was_here or not PagesManager.uses_pages_directory:
        return
    st.navigation([_page(path) for path in sorted(_PAGES.glob("[a-z]*.py"))], position="hidden")
    st.rerun()


def _page(path: Path) -> st.Page:
    return st.Page(f"pages/{path.name}", default=path.stem == "overview")
