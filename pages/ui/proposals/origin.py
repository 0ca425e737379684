"""Origin of a proposal: its strategy, its merge, its rank, and its IoU with each person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.selective_search import Strategy
from fastrcnn_core.selective_search.grouping import Hierarchy
from pages.ui.cache import searches
from pages.ui.proposals.view import View
from pages.ui.state.proposals import request_merge

_WORDS = {"C": "colour", "T": "texture", "S": "size", "F": "fill"}


@dataclass(frozen=True)
class Origin:
    """The origin of a proposal.

    Args:
        strategy: the first one that found it, by rank; None for the package, which has none.
        node: its node in that strategy's hierarchy, beyond these an unmerged pair, or the package's own number.
        also: further strategies that found the very same box.
    """

    strategy: Strategy | None
    node: int
    also: tuple[Strategy, ...]


def origin_of(view: View, proposal: int) -> Origin:
    """Return the origin of a proposal, by its index in rank order."""
    return origin_of_found(view, int(view.funnel.stages[-1].survivors[proposal]))


def origin_of_found(view: View, index: int) -> Origin:
    """Return the origin of any box of the search, proposal or not."""
    found = view.funnel.found
    if not found.strategies:
        return Origin(None, int(found.node[index]), ())
    same = np.flatnonzero((found.boxes == found.boxes[index]).all(axis=1))
    own = int(found.strategy[index])
    also = sorted({int(index) for index in found.strategy[same]} - {own})
    return Origin(
        found.strategies[own],
        int(found.node[index]),
        tuple(found.strategies[index] for index in also),
    )


def show(view: View, chosen: int | None) -> None:
    """Show the selected proposal's origin, or how to select one."""
    st.subheader("Where did this box come from?", anchor=False)
    if not len(view.proposals):
        st.caption(
            "There is none to choose: no box passed the filters. *Funnel* shows which one took them."
        )
        return
    if chosen is None:
        way = (
            "a box in the picture, or a row of the table"
            if len(view.people)
            else "a box in the picture"
        )
        st.caption(f"Choose {way}. A second click takes the next larger box at that place.")
        return
    x1, y1, x2, y2 = view.proposals[chosen]
    st.markdown(
        f"**Rank {chosen + 1:,}** of {len(view.proposals):,}: {x2 - x1:.0f} × {y2 - y1:.0f} pixels, "
        f"top left corner at ({x1:.0f}, {y1:.0f})."
    )
    source = origin_of(view, chosen)
    if source.strategy is None:
        st.markdown(
            f"The package's region {source.node + 1:,}, in its own order. It does not say how a region came about."
        )
    else:
        story(view, source.strategy, source, key="play-origin", label="Play its grouping")
    _fits(view, chosen)


def words(strategy: Strategy) -> str:
    """Label a strategy."""
    looked_at = " + ".join(_WORDS[letter] for letter in strategy.similarity)
    return f"{strategy.space}, k = {strategy.k:g}, {looked_at}"


def story(view: View, strategy: Strategy, source: Origin, *, key: str, label: str) -> None:
    """Show the strategy and the merge that made a box, and a button that plays the grouping."""
    hierarchy = searches.traced(view.image, strategy, view.config).hierarchy
    merge, pair = _when(hierarchy, source.node)
    merges = len(hierarchy.merged_pairs)
    if pair is not None:
        after = f"after merge {merge:,} of {merges:,}" if merge else "before any merge"
        happened = (
            f"**two regions that were compared** {after}, and not merged: both merged with others"
        )
    elif merge:
        happened = f"made by **merge {merge:,}** of {merges:,}"
    else:
        happened = "**a region of the first segmentation**, before any merge"
    st.markdown(f"Strategy **{words(strategy)}**: {happened}.")
    if source.also:
        names = "; ".join(map(words, source.also[:3])) + ("; …" if len(source.also) > 3 else "")
        count = (
            "one more strategy" if len(source.also) == 1 else f"{len(source.also)} more strategies"
        )
        st.caption(f"The very same box was found by {count}: {names}.")
    play = st.button(
        label,
        icon=":material/play_circle:",
        key=key,
        on_click=request_merge,
        args=(view.search, strategy, merge, pair),
    )
    if play:
        st.rerun()


def _when(hierarchy: Hierarchy, node: int) -> tuple[int, tuple[int, int] | None]:
    """Return after how many merges the box was first met, and its pair of regions if they never merged."""
    row = node - len(hierarchy.sizes)
    if row < 0:
        return max(0, node - hierarchy.regions + 1), None
    first, second = hierarchy.unmerged_pairs[row]
    return int(hierarchy.unmerged_since[row]), (int(first), int(second))


def _fits(view: View, chosen: int) -> None:
    """Word the proposal's IoU with each person whom it overlaps."""
    if not len(view.people):
        return
    iou = pairwise_iou(view.proposals[[chosen]], view.people)[0]
    touched = [
        f"{view.noun} {person + 1}: **{iou[person]:.2f}**"
        for person in np.argsort(-iou)
        if iou[person] > 0
    ]
    st.markdown(
        "IoU with " + ", ".join(touched) + "." if touched else f"It overlaps no {view.noun}."
    )
