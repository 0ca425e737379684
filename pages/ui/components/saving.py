"""A menu that saves a picture or a chart as PNG, SVG or PDF, drawn by matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from fastrcnn_core.drawing import Format

_MIME: dict[Format, str] = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}


def caption(text: str, *, key: str, file: str, figure: Callable[[], Figure]) -> None:
    """Write a caption, and beside it the menu; the file is made when its button is pressed.

    Args:
        key: of the picture or chart. file: the file's name, without its ending.
        figure: draws it anew, for the file.
    """
    with st.container(horizontal=True, wrap=False, gap="small"):
        st.caption(text)
        menu = st.popover(
            "",
            icon=":material/download:",
            type="tertiary",
            help="Save as PNG, SVG or PDF",
            key=f"save-{key}",
            on_change="rerun",
        )
    if menu.open:
        with menu:
            for kind in _MIME:
                st.download_button(
                    kind.upper(),
                    partial(_encoded, figure, kind),
                    f"{file}.{kind}",
                    _MIME[kind],
                    key=f"save-{key}-{kind}",
                    type="tertiary",
                    icon=":material/download:",
                    on_click="ignore",
                )


def _encoded(figure: Callable[[], Figure], kind: Format) -> bytes:
    from fastrcnn_core.drawing import encode  # imports matplotlib

    return encode(figure(), kind)
