"""A guard that every page is entered through `app.py`, even as the first request to a fresh server.

Until `st.navigation` has run once, Streamlit takes each script in `pages/` for a page of its own and runs it without
`app.py`: a tab that is reloaded after the server restarted would have no side bar. Such a page goes back to `app.py`.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from pages.ui.state import widget_state

_PAGES = Path(__file__).resolve().parents[2]
_ENTERED = "entered"


def require_entry() -> None:
    """Go back to `app.py`, once, if the page was begun without it. Called by what every page begins with."""
    has_entered = widget_state.value(_ENTERED)
    widget_state.put(_ENTERED, True)
    if has_entered or not PagesManager.uses_pages_directory:
        return
    st.navigation([_page(path) for path in sorted(_PAGES.glob("[a-z]*.py"))], position="hidden")
    st.rerun()


def _page(path: Path) -> st.Page:
    return st.Page(f"pages/{path.name}", default=path.stem == "overview")
