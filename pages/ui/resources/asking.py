"""Which box a visitor asks about: a word in the session and in the link."""

from __future__ import annotations

import streamlit as st

_BOX, _WRITTEN = "asked-box", "asked-box-written"
_WORD = "box"


def asked_box() -> str | None:
    """The word of the box; one that somebody else wrote into the link wins once."""
    linked = st.query_params.get(_WORD)
    if linked is not None and linked != st.session_state.get(_WRITTEN):
        ask_about(linked)
    word: str | None = st.session_state.get(_BOX)
    return word


def ask_about(word: str) -> None:
    """Ask about this box from now on."""
    st.session_state[_BOX] = word


def write_asked_box(word: str | None) -> None:
    """Make the link say which box is told of; None takes the word out."""
    if word is None:
        st.query_params.pop(_WORD, None)
    elif st.query_params.get(_WORD) != word:
        st.query_params[_WORD] = word
    st.session_state[_WRITTEN] = word
