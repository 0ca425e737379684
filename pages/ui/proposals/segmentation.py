"""The initial segmentation at several scales k and in several colour spaces."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
import streamlit as st

from fastrcnn_core.proposals import best_overlap
from fastrcnn_core.selective_search.colour_spaces import COLOUR_SPACES, ColourSpace
from fastrcnn_core.selective_search.engine import FINEST_K, STRATEGIES
from fastrcnn_core.selective_search.segmentation import segment, sort_edges
from pages.ui.cache import searches
from pages.ui.components import knob_widgets, source
from pages.ui.components.wording import counted, share
from pages.ui.proposals import painting
from pages.ui.proposals.view import View

_SCALES = (50, 100, 300)
_TALLEST = 700  # pixels on screen, of a picture that is more than three times as high as wide
_TOLERANCE = 2  # pixels between two boundaries that count as one; usual for superpixels
_COARSEST_K = 1000  # chosen here: a photograph is a dozen regions then
_NAMES = {
    "I": "I: intensity alone",
    "rgI": "rgI: two shares of colour, and intensity",
    "rgb": "rgb: each channel's share",
    "C": "C: opponent colours",
    "H": "H: hue alone",
}


def show(view: View) -> None:
    """Show four segmentations of the picture side by side."""
    st.subheader("Where does the search start?", anchor=False)
    scales = st.segmented_control("Compare", ["Scales k", "Colour spaces"], default="Scales k",
                                  required=True, key="compare-segmentations") == "Scales k"  # fmt: skip
    chosen = _scales() if scales else _spaces()
    for column, (space, k) in zip(st.columns(4), chosen, strict=False):
        cut = searches.segmented(view.image, space, k, view.config)
        with column:
            _show_regions(view, cut.labels, f"{space}, k = {k:g}")
    st.markdown(_WHAT_K_DOES)
    _compare_with_reference(view, chosen[-1][1] if chosen else _SCALES[1])
    _why_group(view)
    with st.expander("The rule, with its numbers", icon=":material/function:"):
        st.markdown(_RULE)
    source.show(segment, sort_edges)


def _show_regions(view: View, labels: npt.NDArray[np.int32], title: str) -> None:
    count = int(labels.max()) + 1
    caption = f"{title}: {counted(count, 'region')}"
    painted = painting.regions(view.image.pixels, labels, count)
    st.image(painted, caption, width=width_on_screen(labels.shape), alt=caption)


def _compare_with_reference(view: View, k: float) -> None:
    """Show our segmentation beside scikit-image's with the same parameters, and tell the difference."""
    st.markdown("**Does an independent implementation find the same regions?**")
    engine = searches.segmented(view.image, "RGB", k, view.config).labels
    reference = searches.reference_segmentation(view.image, k, view.config)
    left, right = st.columns(2)
    with left:
        _show_regions(view, engine, f"This project, RGB, k = {k:g}")
    with right:
        _show_regions(view, reference, f"scikit-image's felzenszwalb, RGB, scale = {k:g}")
    st.markdown(reference_sentence(engine, reference, k, view.config.sigma))


def reference_sentence(
    engine: npt.NDArray[np.int32], reference: npt.NDArray[np.int32], k: float, sigma: float
) -> str:
    """Compare two segmentations by their number of regions and by the boundary recall of each."""
    counts = [counted(int(labels.max()) + 1, "region") for labels in (engine, reference)]
    return (
        f"With k = {k:g}, sigma = {sigma:g} and at least {round(k)} pixels a region, this project finds "
        f"**{counts[0]}** and scikit-image **{counts[1]}**. Of scikit-image's boundary pixels "
        f"**{boundary_recall(engine, reference):.0%}** lie within {_TOLERANCE} pixels of a boundary of this project; "
        f"the other way round it is {boundary_recall(reference, engine):.0%}. Both are Felzenszwalb and Huttenlocher's "
        "algorithm, but scikit-image joins each pixel to its 8 neighbours and merges pixels at every k. This project "
        f"joins a pixel to 4, so that regions grow more slowly, and merges the regions of k = {FINEST_K} to get "
        "coarser ones: more and smaller regions in a fraction of the time. Grouping merges them anyway."
    )


def boundary_recall(found: npt.NDArray[np.int32], truth: npt.NDArray[np.int32]) -> float:
    """Compute the share of the true boundary pixels near a found boundary; 1 without a true boundary."""
    from skimage.morphology import dilation, disk
    from skimage.segmentation import find_boundaries

    boundary = find_boundaries(truth)
    near = dilation(find_boundaries(found), disk(_TOLERANCE))
    return float(near[boundary].mean()) if boundary.any() else 1.0


def width_on_screen(shape: tuple[int, ...]) -> Literal["stretch"] | int:
    """Return the width of the column, or less for a very tall picture."""
    height, width = shape
    return "stretch" if height <= 3 * width else max(1, _TALLEST * width // height)


def _scales() -> list[tuple[ColourSpace, float]]:
    """Choose a colour space; return it with three fixed scales and a chosen one."""
    pick, slide = st.columns(2)
    space = pick.selectbox("Colour space", COLOUR_SPACES, COLOUR_SPACES.index("HSV"),
                           format_func=_space, key="segmentation-space")  # fmt: skip
    with slide:
        own = _k("k of the last picture", 600, key="segmentation-own-k")
    return [(space, k) for k in (*_SCALES, own)]


def _spaces() -> list[tuple[ColourSpace, float]]:
    """Choose a scale and up to four colour spaces."""
    pick, slide = st.columns(2)
    spaces = pick.multiselect("Colour spaces, up to four", COLOUR_SPACES, ["HSV", "Lab", "I", "rgI"],
                              max_selections=4, format_func=_space, key="segmentation-spaces")  # fmt: skip
    with slide:
        k = _k("k", 100, key="segmentation-k")
    return [(space, k) for space in spaces]


def _k(label: str, first: int, *, key: str) -> float:
    """Show a slider for a scale and return its value."""
    scale = (FINEST_K, _COARSEST_K, 10)
    return knob_widgets.slider(int, scale, label=label, default=first, shared={"key": key})


def _space(name: str) -> str:
    return _NAMES.get(name, name)


def _why_group(view: View) -> None:
    """Compare the best IoU of first regions and of merged ones on this picture."""
    if not len(view.people):
        return
    strategy = STRATEGIES["single"][0]
    trace = searches.traced(view.image, strategy, view.config)
    before, after = best_overlap(
        proposals=trace.boxes,
        gt_boxes=view.people,
        limits=(trace.hierarchy.regions, len(trace.boxes)),
    )
    person = int(np.argmax(after - before))
    st.markdown(
        f"**Why group, if the regions are there already?** No region is a whole {view.noun}. Of the regions at "
        f"{strategy.space}, k = {strategy.k:g}, the one that fits {view.noun} {person + 1} best reaches an IoU of "
        f"**{share(before[person])}**; the boxes of merged regions reach **{share(after[person])}**."
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
