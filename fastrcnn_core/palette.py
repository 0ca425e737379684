"""The palette: one colour and one line style for each role that a box can play, in every picture and chart.

The colours are Okabe and Ito's, which the colour-blind can tell apart; line style and name say the same again.
Source: Okabe & Ito, "Color Universal Design", 2008.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
# Lengths of line and gap by turns, in pixels of the screen, of a line 2 pixels wide.
DASHES: dict[Dash, tuple[int, ...]] = {
    "solid": (),
    "dash": (7, 4),
    "dot": (2, 3),
    "dashdot": (7, 3, 2, 3),
}
# Drawn under a line so that it shows on bright and on dark pictures alike.
HALO = "#1B1B1B"


@dataclass(frozen=True)
class Role:
    """Style of the boxes of one role.

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
BACKGROUND_HIT = Role("background_hit", "False positive", VERMILION, "dash", width=2.0, halo=1.0)
SUPPRESSED = Role("suppressed", "Suppressed", PURPLE, "dot", width=1.5, opacity=0.4)
MISSED = Role("missed", "Missed", GREEN, "dash", width=2.5, halo=0.4, hatch="/")
CHOSEN = Role("chosen", "Chosen", "#FFFFFF", width=3.0, halo=1.0)


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
