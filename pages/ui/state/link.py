"""The link's words for data, picture, detector and device: a link that is sent on shows the same to others.

A word in the link that this server does not offer changes nothing, and the visitor is told; of a detector, by the page
itself, for as long as it is not here.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from fastrcnn_core.errors import UserError
from pages.ui.state import detectors, devices, selected_picture, sources

_WRITTEN, _UNKNOWN = "written-link", "unknown-words"


def follow_link() -> None:
    """Adopt the words that the app did not write itself; `unknown_words` has those that name nothing here."""
    unknown = {}
    for word, adopt in _ADOPT.items():
        value = st.query_params.get(word)
        if value is None or value == st.session_state.get(_WRITTEN, {}).get(word):
            continue  # nothing said, or only what we wrote ourselves
        if not adopt(value):
            unknown[word] = value
    if unknown:
        st.session_state[_UNKNOWN] = unknown


def unknown_words() -> dict[str, str]:
    """Return the link's words that name nothing here, with their values, until `forget_unknown_words`."""
    unknown: dict[str, str] = st.session_state.get(_UNKNOWN, {})
    return unknown


def forget_unknown_words() -> None:
    """Drop the words that name nothing here: the visitor has read about them."""
    st.session_state.pop(_UNKNOWN, None)


def write_link(*, picture: str | None) -> None:
    """Write what is shown into the link; words for defaults are left out, but for data and picture."""
    words = {
        "data": sources.chosen_source().token,
        "picture": picture,
        "detector": detectors.chosen_token(),
        "device": devices.device_in_link(),
    }
    for word, value in words.items():
        if value is None:
            st.query_params.pop(word, None)
        elif st.query_params.get(word) != value:
            st.query_params[word] = value
    st.session_state[_WRITTEN] = words


def _adopt_data(token: str) -> bool:
    if token == sources.UPLOADS:
        return sources.adopt_upload(st.query_params.get("picture", "")) and _choose_data(token)
    return any(source.token == token for source in sources.offered_sources()) and _choose_data(
        token
    )


def _choose_data(token: str) -> bool:
    sources.choose_source(token)
    return True


def _adopt_name(name: str) -> bool:
    try:
        is_here = name in selected_picture.offered_names()
    except (
        UserError
    ):  # the data cannot be opened: the page says so, and keeps the name for when it can
        is_here = True
    if is_here:
        selected_picture.choose_name(name)
    return is_here


_ADOPT: dict[str, Callable[[str], bool]] = {
    "data": _adopt_data,
    "picture": _adopt_name,
    "detector": detectors.adopt_token,
    "device": devices.adopt_device,
}
