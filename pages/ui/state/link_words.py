"""Which box a visitor asks about on a page: a word in the session and in the link."""

from __future__ import annotations

import streamlit as st


def asked(link: str) -> str | None:
    """The word that says which box; one that somebody else wrote into the link wins once.

    Args:
        link: the page's own name for it in the link, such as "box" or "roi".
    """
    linked = st.query_params.get(link)
    if linked is not None and linked != st.session_state.get(_written(link)):
        ask_about(link, linked)
    word: str | None = st.session_state.get(_asked(link))
    return word


def asked_number(link: str, run: str) -> int | None:
    """The number that is asked for of this run, as in `minute:40`; None if none is, or of another run."""
    name, _, number = (asked(link) or "").rpartition(":")
    return int(number) if name == run and number.isdecimal() else None


def take(link: str, run: str, chosen: int, *, put: int) -> None:
    """Ask for the number that a widget holds, if somebody moved it there.

    A widget that was replaced while its page was drawn reports what was put into it, and nobody chose that.

    Args:
        put: what was put into it when it was drawn.
    """
    before = asked_number(link, run)
    if chosen != (put if before is None else before):
        ask_about(link, f"{run}:{chosen}")


def ask_about(link: str, word: str) -> None:
    """Ask about this box from now on."""
    st.session_state[_asked(link)] = word


def write_asked(link: str, word: str | None) -> None:
    """Make the link say which box is told of; None takes the word out."""
    if word is None:
        st.query_params.pop(link, None)
    elif st.query_params.get(link) != word:
        st.query_params[link] = word
    st.session_state[_written(link)] = word


def _asked(link: str) -> str:
    return f"asked-{link}"


def _written(link: str) -> str:
    return f"asked-{link}-written"
