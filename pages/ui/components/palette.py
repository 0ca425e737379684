"""Swatches, a legend, and the colours that no role has: `fastrcnn_core.palette` holds the roles' own.

The names of the core's palette can be had from here, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from colorsys import hsv_to_rgb
from html import escape
from urllib.parse import quote

import streamlit as st

from fastrcnn_core.palette import (
    BACKGROUND,
    BACKGROUND_HIT,
    BLUE,
    CHOSEN,
    DUPLICATE,
    FOREGROUND,
    GREEN,
    GREY,
    GROUND_TRUTH,
    HALO,
    HIT,
    IGNORED,
    MISSED,
    ORANGE,
    PROPOSAL,
    PURPLE,
    ROLES,
    SKY,
    SUPPRESSED,
    VERMILION,
    YELLOW,
    Dash,
    Role,
)

__all__ = [
    "BACKGROUND",
    "BACKGROUND_HIT",
    "BLUE",
    "CHOSEN",
    "COSTS",
    "DUPLICATE",
    "FOREGROUND",
    "GREEN",
    "GREY",
    "GROUND_TRUTH",
    "HALO",
    "HIT",
    "IGNORED",
    "MISSED",
    "ORANGE",
    "PROPOSAL",
    "PURPLE",
    "ROLES",
    "SKY",
    "SUPPRESSED",
    "VERMILION",
    "YELLOW",
    "Dash",
    "Role",
    "colour_of",
    "legend",
]

# What a RoI's loss is worth, from next to nothing up: five colours of plasma, bright and wide is much, none of them
# green like the ground truth. Source: van der Walt & Smith, matplotlib's colour maps, 2015.
COSTS = (
    Role("cost_0", "under 0.2 % of the loss", "#5302A3", "dot", width=1.0, opacity=0.6),
    Role("cost_1", "0.2 to 0.8 %", "#8B0AA5", width=1.2),
    Role("cost_2", "0.8 to 2 %", "#DB5C68", width=1.8, halo=0.4),
    Role("cost_3", "2 to 5 %", "#FEBA2C", width=2.4, halo=1.0),
    Role("cost_4", "over 5 %", "#F0F921", width=3.2, halo=1.0),
)

_SVG_DASHES: dict[Dash, str] = {"solid": "", "dash": "6 3", "dot": "2 3", "dashdot": "6 3 2 3"}


def colour_of(number: int) -> tuple[int, int, int]:
    """Red, green and blue that tell neighbouring numbers apart: for instances and regions, which play no role."""
    hue = (number * 0.618034) % 1.0  # the golden ratio never comes back to the same hue
    red, green, blue = hsv_to_rgb(hue, 0.75, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def legend(roles: Iterable[Role]) -> None:
    """Write a line of swatches with their names, for what is not drawn by `figures` (tables, charts, thumbnails)."""
    entries = "".join(f"<span>{_swatch(role)} {escape(role.label)}</span>" for role in roles)
    style = "display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;font-size:.875rem;align-items:center"
    st.html(f'<div role="list" style="{style}">{entries}</div>')


def _swatch(role: Role) -> str:
    """A short line in the role's colour and dash, on its halo if it has one, as an image."""
    dash, place = _SVG_DASHES[role.dash], "x1='1' y1='6' x2='27' y2='6'"
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
