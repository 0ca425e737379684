"""The link's words as they arrive, before any widget of the page takes them."""

from __future__ import annotations

import streamlit as st

_ARRIVED = "arrived-words"


def remember_arrived() -> None:
    """Remember the words of widgets that have not been made yet: only those take their value from the link."""
    words = {
        word: st.query_params.get_all(word)
        for word in st.query_params
        if word not in st.session_state
    }
    st.session_state[_ARRIVED] = words


def arrived() -> dict[str, list[str]]:
    """Return the words that `remember_arrived` found in this rerun, with their values."""
    words: dict[str, list[str]] = st.session_state.get(_ARRIVED, {})
    return words


def replace(word: str, value: str) -> None:
    """Replace a former value by the present one, as if the link had it."""
    st.query_params[word] = value
    if word in arrived():
        arrived()[word] = [value]
