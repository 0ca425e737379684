"""One colour and one line style for each role that a box can play, the same on every page.

The colours are Okabe and Ito's, which the colour-blind can tell apart; line style and name say the same again.
Source: Okabe & Ito, "Color Universal Design", 2008.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Literal

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
        halo: a dark line lies under it.
        hatch: Plotly's fill pattern inside; "" leaves the picture free.
    """

    name: str
    label: str
    colour: str
    dash: Dash = "solid"
    width: float = 2.0
    opacity: float = 1.0
    halo: bool = False
    hatch: str = ""


GROUND_TRUTH = Role("ground_truth", "Ground truth", GREEN, width=2.0)
FOREGROUND = Role("foreground", "Positive (foreground)", BLUE, width=2.0)
BACKGROUND = Role("background", "Negative (background)", VERMILION, "dash", width=1.5)
IGNORED = Role("ignored", "Ignored", GREY, "dot", width=1.5)
PROPOSAL = Role("proposal", "Proposal", SKY, width=1.0, opacity=0.8)
HIT = Role("hit", "Hit", YELLOW, width=2.5, halo=True)
DUPLICATE = Role("duplicate", "Duplicate", PURPLE, "dashdot", width=2.0, halo=True)
BACKGROUND_HIT = Role("background_hit", "Background hit", VERMILION, "dash", width=2.0, halo=True)
SUPPRESSED = Role("suppressed", "Suppressed", PURPLE, "dot", width=1.5, opacity=0.4)
MISSED = Role("missed", "Missed pedestrian", GREEN, "dash", width=2.5, hatch="/")
CHOSEN = Role("chosen", "Chosen", "#FFFFFF", width=3.0, halo=True)

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


def legend(roles: Iterable[Role]) -> None:
    """Write a line of swatches with their names, for what is not drawn by `figures` (tables, charts, thumbnails)."""
    entries = "".join(f"<span>{_swatch(role)} {escape(role.label)}</span>" for role in roles)
    style = "display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;font-size:.875rem;align-items:center"
    st.html(f'<div role="list" style="{style}">{entries}</div>')


def _swatch(role: Role) -> str:
    """A short line in the role's colour and dash, on its halo if it has one."""
    dash, place = _SVG_DASHES[role.dash], 'x1="1" y1="6" x2="27" y2="6"'
    halo = f'<line {place} stroke="{HALO}" stroke-width="{role.width + 3}"/>' if role.halo else ""
    line = (
        f'<line {place} stroke="{role.colour}" stroke-width="{role.width + 0.5}" '
        f'stroke-dasharray="{dash}" stroke-opacity="{role.opacity}"/>'
    )
    return (
        '<svg width="28" height="12" aria-hidden="true" style="vertical-align:middle">'
        f"{halo}{line}</svg>"
    )
