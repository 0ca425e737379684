"""What widgets hold, for code that has to read, set or reset them by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st


def value(key: str, default: Any = None) -> Any:
    """What the widget of this key holds; the default while it holds nothing."""
    return st.session_state.get(key, default)


def put(key: str, new: Any) -> None:
    """Set a widget. Only in a callback, or before the widget is made in this run."""
    st.session_state[key] = new


def reset(defaults: Mapping[str, Any]) -> None:
    """Set several widgets: for the callback of a reset button."""
    for key, default in defaults.items():
        put(key, default)
