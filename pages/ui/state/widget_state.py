"""Values of widgets by key, for components that read, set or reset them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st


def value(key: str, default: Any = None) -> Any:
    """Return the value of a widget; the default while it has none."""
    return st.session_state.get(key, default)


def put(key: str, new: Any) -> None:
    """Set a widget. Only in a callback, or before the widget is made in this run."""
    st.session_state[key] = new


def take(key: str) -> Any:
    """Return a value and forget it; None if there is none."""
    return st.session_state.pop(key, None)


def reset(defaults: Mapping[str, Any]) -> None:
    """Set several widgets: for the callback of a reset button."""
    for key, default in defaults.items():
        put(key, default)
