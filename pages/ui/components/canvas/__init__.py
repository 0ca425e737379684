"""The canvas on which pictures and boxes are drawn in the browser; see `canvas.js`.

Python sends a scene, plain values for JSON; the browser keeps what the visitor did with it (zoom, roles switched off)
when the next scene comes. Streamlit's own chart is built anew, and loses both, whenever a number in it changes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

_HERE = Path(__file__).parent


def _part(suffix: str) -> str:
    return (_HERE / f"canvas.{suffix}").read_text("utf-8")


_DRAWING = st.components.v2.component(
    "drawing", html=_part("html"), css=_part("css"), js=_part("js")
)


def mount(scene: dict[str, Any], *, key: str, on_chosen: Callable[[], None]) -> None:
    """Draw the scene; after a click on a box, `on_chosen` is called and the widget of this key holds what was chosen.

    Args:
        scene: what `figures.Drawing.scene` makes.
        key: unique on the page, and the same for every picture.
    """
    _DRAWING(key=key, data=scene, on_chosen_change=on_chosen)
