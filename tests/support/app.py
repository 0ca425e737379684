"""The app without a browser, for the tests of the pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest, app_test

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120  # a busy machine is no failure


class _VisitedBefore(PagesManager):
    """A server on which `st.navigation` has run: AppTest makes each run the first of a fresh server.

    What happens on a fresh one is tested with AppTest as it is.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        PagesManager.uses_pages_directory = False


app_test.PagesManager = _VisitedBefore  # type: ignore[attr-defined]


def open_app(page: str = "", **link: str) -> AppTest:
    """A new visitor on a server that remembers nothing, on one of the pages, by a link with these words."""
    st.cache_data.clear()
    st.cache_resource.clear()
    return visit(page, **link)


def visit(page: str = "", **link: str) -> AppTest:
    """Another new visitor of the same server."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=SECONDS)
    for word, value in link.items():
        app.query_params[word] = value
    app.run()
    return app.switch_page(f"pages/{page}.py").run() if page else app


def link(app: AppTest) -> dict[str, str]:
    """The words of the link that the visitor would share."""
    return {
        word: value[0] if isinstance(value, list) else value
        for word, value in app.query_params.items()
    }


def complaints(app: AppTest) -> str:
    """Everything on the page that says that something failed, foreseen or not."""
    message = [str(item.value) for item in app.markdown]
    failed = [
        item for item in message if item.startswith((":material/error:", ":material/bug_report:"))
    ]
    return " ".join(
        [*(item.value for item in app.error), *(item.value for item in app.exception), *failed]
    )


def words(app: AppTest) -> str:
    """All that is written on the page and in the side bar."""
    return "\n".join(
        str(item.value) for item in [*app.title, *app.markdown, *app.caption, *app.subheader]
    )
