"""The notice above every page of what its link asks for in vain, until the visitor closes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from pages.ui.components.wording import plain
from pages.ui.state import link, link_words


@contextmanager
def above() -> Iterator[None]:
    """Show the notice above the block, whose widgets take their values from the link. Called by `app.py` alone."""
    place = st.empty()
    link_words.remember_arrived()
    try:
        yield
    finally:  # a page may stop early
        link.note_refused_words()
        if sentences := _sentences():
            with place.container():
                st.warning(plain(" ".join(sentences)), icon=":material/link_off:")
                st.button("Close", key="forget-unknown-words", on_click=link.forget_notices)


def _sentences() -> list[str]:
    named = ", ".join(f"{word} “{value[:80]}”" for word, value in link.unknown_words().items())
    unknown = f"The link names {named}: not on this server. What is here is shown instead."
    return [*([unknown] if named else []), *link.refused_words()]
