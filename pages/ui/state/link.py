"""The link's words for data, picture, detector and device: a link that is sent on shows the same to others.

A word in the link that this server does not offer changes nothing, and the visitor is told; of a detector, by the page
itself, for as long as it is not here. So is a value that a widget which is bound to the link refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args, get_origin

import streamlit as st

from fastrcnn_core.errors import UserError
from fastrcnn_core.flags import flags
from fastrcnn_core.knobs import bounds
from pages.ui.state import detectors, devices, link_words, selected_picture, sources

_WRITTEN, _UNKNOWN, _REFUSED = "written-link", "unknown-words", "refused-words"


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
    """Return the link's words that name nothing here, with their values, until `forget_notices`."""
    unknown: dict[str, str] = st.session_state.get(_UNKNOWN, {})
    return unknown


def note_refused_words() -> None:
    """Note the values in the link that the widgets of this rerun did not take; called when the page was shown.

    Streamlit takes such a value out of the link, or puts the nearest one there.
    """
    for word, values in link_words.arrived().items():
        if word not in st.session_state or st.query_params.get_all(word) == values:
            continue
        used, value = st.session_state[word], " ".join(values)
        if not _is_same(value, used):
            reason = _reason(word, value)
            sentence = f"{word}={value[:80]} in the link is {reason}: {_written(used)} is used."
            st.session_state.setdefault(_REFUSED, {})[word] = sentence


def refused_words() -> list[str]:
    """Return a sentence for each value that a widget did not take, until `forget_notices`."""
    return list(st.session_state.get(_REFUSED, {}).values())


def forget_notices() -> None:
    """Drop what the link asks for in vain: the visitor has read about it."""
    st.session_state.pop(_UNKNOWN, None)
    st.session_state.pop(_REFUSED, None)


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


def _is_same(value: str, used: Any) -> bool:
    """Tell whether a value in the link is what the widget holds: Streamlit takes a default out of the link, too."""
    try:
        return float(value) == used
    except ValueError:
        return value.lower() == _written(used).lower()


def _written(used: Any) -> str:
    """Write a widget's value as it stands in the link."""
    if isinstance(used, list):
        return " ".join(map(str, used)) or "nothing"
    return str(used).lower() if isinstance(used, bool) else str(used)


def _reason(word: str, value: str) -> str:
    """Say why a widget did not take a value: by its knob's bounds, if it is a knob's."""
    of_knobs = {flag.name: (flag.kind, bounds(flag.about)) for flag in flags()}
    kind, limits = of_knobs.get(word.removeprefix("train-"), (None, ""))
    if get_origin(kind) is Literal:
        return f"not one of {', '.join(get_args(kind))}"
    if not limits:
        return "not possible here"
    try:
        float(value)
    except ValueError:
        return "not a number"
    return f"outside {limits}"


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
