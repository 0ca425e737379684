"""A legend of swatches for tables, charts and thumbnails, and colours for numbered things, which have no role."""

from __future__ import annotations

from collections.abc import Iterable
from colorsys import hsv_to_rgb
from html import escape
from urllib.parse import quote

import streamlit as st

from fastrcnn_core.palette import DASHES, HALO, Role


def colour_of(number: int) -> tuple[int, int, int]:
    """Return red, green and blue for a number, far from its neighbours' hues: for instances and regions."""
    hue = (number * 0.618034) % 1.0  # the golden ratio never comes back to the same hue
    red, green, blue = hsv_to_rgb(hue, 0.75, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def legend(roles: Iterable[Role]) -> None:
    """Write a line of swatches with the roles' names."""
    entries = "".join(f"<span>{_swatch(role)} {escape(role.label)}</span>" for role in roles)
    style = "display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;font-size:.875rem;align-items:center"
    st.html(f'<div role="list" style="{style}">{entries}</div>')


def _swatch(role: Role) -> str:
    """Draw a short line in the role's colour and dash, on its halo if it has one, as an image tag."""
    dash, place = " ".join(map(str, DASHES[role.dash])), "x1='1' y1='6' x2='27' y2='6'"
    dark = f"stroke='{HALO}' stroke-opacity='{role.halo}' stroke-width='{role.width + 3}'"
    light = (
        f"stroke='{role.colour}' stroke-width='{role.width + 0.5}' "
        f"stroke-dasharray='{dash}' stroke-opacity='{role.opacity}'"
    )
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' width='28' height='12'>"
        f"<line {place} {dark}/><line {place} {light}/></svg>"
    )
    return f'<img alt="" src="data:image/svg+xml,{quote(svg)}" style="vertical-align:middle">'
