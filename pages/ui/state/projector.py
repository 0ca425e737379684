"""Projector mode: bigger type and thicker lines, a switch in the side bar and in the link."""

from __future__ import annotations

import streamlit as st

KEY = "projector"


def is_on() -> bool:
    """Tell whether the visitor switched projector mode on."""
    return bool(st.session_state.get(KEY, False))
