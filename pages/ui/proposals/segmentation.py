"""Where does the search start? The first segmentation at several scales k and in several colour spaces."""

from __future__ import annotations

from typing import Literal

import numpy as np
import streamlit as st

from fastrcnn_core.proposals import best_overlap
from fastrcnn_core.selective_search.colour_spaces import COLOUR_SPACES, ColourSpace
from fastrcnn_core.selective_search.engine import FINEST_K, STRATEGIES
from fastrcnn_core.selective_search.segmentation import segment, sort_edges
from pages.ui.cache import searches
from pages.ui.components import knob_widgets, source
from pages.ui.proposals import painting
from pages.ui.proposals.view import View, number, plural

_SCALES = (50, 100, 300)
_TALLEST = 700  # pixels on screen, of a picture that is more than three times as high as wide
_COARSEST_K = 1000  # chosen here: a photograph is a dozen regions then
_NAMES = {
    "I": "I: intensity alone",
    "rgI": "rgI: two shares of colour, and intensity",
    "rgb": "rgb: each channel's share",
    "C": "C: opponent colours",
    "H": "H: hue alone",
}


def show(view: View) -> None:
    """The same picture cut four ways, side by side."""
    st.subheader("Where does the search start?", anchor=False)
    scales = st.segmented_control("Compare", ["Scales k", "Colour spaces"], default="Scales k",
                                  required=True, key="compare-segmentations") == "Scales k"  # fmt: skip
    chosen = _scales() if scales else _spaces()
    for column, (space, k) in zip(st.columns(4), chosen, strict=False):
        cut = searches.segmented(view.image, space, k, view.config)
        caption = f"{space}, k = {k:g}: {plural(cut.count, 'region')}"
        column.image(
            painting.regions(view.image.pixels, cut.labels, cut.count),
            caption,
            width=width_on_screen(cut.labels.shape),
            alt=caption,
        )
    st.markdown(_WHAT_K_DOES)
    _why_group(view)
    with st.expander("The rule, with its numbers", icon=":material/function:"):
        st.markdown(_RULE)
    source.show(segment, sort_edges)


def width_on_screen(shape: tuple[int, ...]) -> Literal["stretch"] | int:
    """As wide as its column, but no column of pixels that one scrolls through for minutes."""
    height, width = shape
    return "stretch" if height <= 3 * width else max(1, _TALLEST * width // height)


def _scales() -> list[tuple[ColourSpace, float]]:
    """One colour space, three scales and one of the reader's own."""
    pick, slide = st.columns(2)
    space = pick.selectbox("Colour space", COLOUR_SPACES, COLOUR_SPACES.index("HSV"),
                           format_func=_space, key="segmentation-space")  # fmt: skip
    with slide:
        own = _k("k of the last picture", 600, key="segmentation-own-k")
    return [(space, k) for k in (*_SCALES, own)]


def _spaces() -> list[tuple[ColourSpace, float]]:
    """One scale, and four colour spaces of the reader's choice."""
    pick, slide = st.columns(2)
    spaces = pick.multiselect("Colour spaces, up to four", COLOUR_SPACES, ["HSV", "Lab", "I", "rgI"],
                              max_selections=4, format_func=_space, key="segmentation-spaces")  # fmt: skip
    with slide:
        k = _k("k", 100, key="segmentation-k")
    return [(space, k) for space in spaces]


def _k(label: str, first: int, *, key: str) -> float:
    """A scale, dragged or typed."""
    scale = (FINEST_K, _COARSEST_K, 10)
    return knob_widgets.slider(int, scale, label=label, default=first, shared={"key": key})


def _space(name: str) -> str:
    return _NAMES.get(name, name)


def _why_group(view: View) -> None:
    """Why Selective Search, if the segmentation is there already? This picture's own numbers answer."""
    if not len(view.people):
        return
    strategy = STRATEGIES["single"][0]
    trace = searches.traced(view.image, strategy, view.config)
    before, after = best_overlap(
        proposals=trace.boxes,
        gt_boxes=view.people,
        limits=(trace.hierarchy.regions, len(trace.boxes)),
    )
    who = int(np.argmax(after - before))
    st.markdown(
        f"**Why group, if the regions are there already?** No region is a whole {view.noun}. Of the regions at "
        f"{strategy.space}, k = {strategy.k:g}, the one that fits {view.noun} {who + 1} best reaches an IoU of "
        f"**{number(before[who])}**; the boxes of merged regions reach **{number(after[who])}**."
    )


_WHAT_K_DOES = (
    "**What k does.** A higher k asks for a stronger border between two regions, so that fewer and larger regions "
    "remain. Small k keeps a hand apart from its sleeve; large k melts a dark coat into a dark wall, and no later "
    "merge can take them apart. That is why a search runs at several k, and in several colour spaces: a border "
    "that one of them misses, another one sees."
)
_RULE = r"""
Felzenszwalb and Huttenlocher join pixels along the edges of the grid, the most similar neighbours first. Regions
$A$ and $B$ become one over an edge of weight $w$ if it is no larger than what either has inside, with some slack:

$$ w \;\le\; \min\left(\mathrm{Int}(A) + \frac{k}{|A|},\;\; \mathrm{Int}(B) + \frac{k}{|B|}\right) $$

$\mathrm{Int}$ is the largest step inside a region, $|A|$ its number of pixels. With $k = 100$, a region of 10 pixels
accepts steps of 10 grey levels more than it has inside; one of 1,000 pixels accepts a tenth of a level. At the end,
regions below $k$ pixels join a neighbour.
"""
