"""One colour and one line style for each role that a box can play, the same on every page.

The colours are Okabe and Ito's, which the colour-blind can tell apart; line style and name say the same again.
Source: Okabe & Ito, "Color Universal Design", 2008.
"""

from __future__ import annotations

from collections.abc import Iterable
from colorsys import hsv_to_rgb
from dataclasses import dataclass
from html import escape
from typing import Literal
from urllib.parse import quote

import streamlit as st

Dash = Literal["solid", "dash", "dot", "dashdot"]

GREEN, BLUE, VERMILION, SKY, YELLOW, PURPLE, ORANGE, GREY = (
    "#009E73",
    "#0072B2",
    "#D55E00",
    "#56B4E9",
    "#F0E442",
    "#CC79A7",
    "#E69F00",
    "#999999",
)
# Drawn under a line so that it shows on bright and on dark pictures alike.
HALO = "#1B1B1B"


@dataclass(frozen=True)
class Role:
    """How a box of one role looks.

    Args:
        name: its word in files and links. label: its words on screen.
        colour: of the line. dash: its style. width: in pixels of the screen.
        opacity: of line and mark, in [0, 1].
        halo: opacity of a dark line under it, in [0, 1]; bright colours need one to be seen on bright pictures.
        hatch: anything but "" hatches the inside.
    """

    name: str
    label: str
    colour: str
    dash: Dash = "solid"
    width: float = 2.0
    opacity: float = 1.0
    halo: float = 0.0
    hatch: str = ""


GROUND_TRUTH = Role("ground_truth", "Ground truth", GREEN, halo=0.4)
FOREGROUND = Role("foreground", "Positive (foreground)", BLUE, halo=0.4)
BACKGROUND = Role("background", "Negative (background)", VERMILION, "dash", width=1.5)
IGNORED = Role("ignored", "Ignored", GREY, "dot", width=1.5)
PROPOSAL = Role("proposal", "Proposal", SKY, width=1.0, opacity=0.8)
HIT = Role("hit", "Hit", YELLOW, width=2.5, halo=1.0)
DUPLICATE = Role("duplicate", "Duplicate", PURPLE, "dashdot", width=2.0, halo=1.0)
BACKGROUND_HIT = Role("background_hit", "Background hit", VERMILION, "dash", width=2.0, halo=1.0)
SUPPRESSED = Role("suppressed", "Suppressed", PURPLE, "dot", width=1.5, opacity=0.4)
MISSED = Role("missed", "Missed", GREEN, "dash", width=2.5, halo=0.4, hatch="/")
CHOSEN = Role("chosen", "Chosen", "#FFFFFF", width=3.0, halo=1.0)

# What a RoI's loss is worth, from next to nothing up: five colours of plasma, bright and wide is much, none of them
# green like the ground truth. Source: van der Walt & Smith, matplotlib's colour maps, 2015.
COSTS = (
    Role("cost_0", "under 0.2 % of the loss", "#5302A3", "dot", width=1.0, opacity=0.6),
    Role("cost_1", "0.2 to 0.8 %", "#8B0AA5", width=1.2),
    Role("cost_2", "0.8 to 2 %", "#DB5C68", width=1.8, halo=0.4),
    Role("cost_3", "2 to 5 %", "#FEBA2C", width=2.4, halo=1.0),
    Role("cost_4", "over 5 %", "#F0F921", width=3.2, halo=1.0),
)

ROLES = (
    GROUND_TRUTH,
    FOREGROUND,
    BACKGROUND,
    IGNORED,
    PROPOSAL,
    HIT,
    DUPLICATE,
    BACKGROUND_HIT,
    SUPPRESSED,
    MISSED,
    CHOSEN,
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
