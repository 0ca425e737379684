"""Where did this box come from? Strategy, merge, rank, and how well it fits everybody."""

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
    """How a proposal came about.

    Args:
        strategy: which found it first, best ranked; None for the package, which has none.
        node: its node in that strategy's hierarchy, beyond these a pair that was passed over, or the package's own
            number.
        others: further strategies that found the very same box.
    """

    strategy: Strategy | None
    node: int
    others: tuple[Strategy, ...]


def origin_of(view: View, proposal: int) -> Origin:
    """Where the proposal came from; the index counts from 0 in rank order."""
    return origin_of_found(view, int(view.funnel.stages[-1].survivors[proposal]))


def origin_of_found(view: View, index: int) -> Origin:
    """Where any box of the search came from, whether it became a proposal or not."""
    found = view.funnel.found
    if not found.strategies:
        return Origin(None, int(found.node[index]), ())
    same = np.flatnonzero((found.boxes == found.boxes[index]).all(axis=1))
    own = int(found.strategy[index])
    others = sorted({int(it) for it in found.strategy[same]} - {own})
    return Origin(
        found.strategies[own], int(found.node[index]), tuple(found.strategies[it] for it in others)
    )


def show(view: View, chosen: int | None) -> None:
    """The chosen proposal's story, or how to choose one."""
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
    it = origin_of(view, chosen)
    if it.strategy is None:
        st.markdown(
            f"The package's region {it.node + 1:,}, in its own order. It does not say how a region came about."
        )
    else:
        story(view, it.strategy, it, key="play-origin", label="Play its grouping")
    _fits(view, chosen)


def words(strategy: Strategy) -> str:
    """A strategy for people."""
    looked_at = " + ".join(_WORDS[letter] for letter in strategy.similarity)
    return f"{strategy.space}, k = {strategy.k:g}, {looked_at}"


def story(view: View, strategy: Strategy, it: Origin, *, key: str, label: str) -> None:
    """The strategy and the merge that made a box, and a button of this key and label that plays it."""
    hierarchy = searches.traced(view.image, strategy, view.config).hierarchy
    merge, pair = _when(hierarchy, it.node)
    merges = len(hierarchy.merged_pairs)
    if pair is not None:
        after = f"after merge {merge:,} of {merges:,}" if merge else "before any merge"
        happened = (
            f"**two regions that were compared** {after}, and passed over: both merged with others"
        )
    elif merge:
        happened = f"made by **merge {merge:,}** of {merges:,}"
    else:
        happened = "**a region of the first segmentation**, before any merge"
    st.markdown(f"Strategy **{words(strategy)}**: {happened}.")
    if it.others:
        also = "; ".join(map(words, it.others[:3])) + ("; …" if len(it.others) > 3 else "")
        count = "one more strategy" if len(it.others) == 1 else f"{len(it.others)} more strategies"
        st.caption(f"The very same box was found by {count}: {also}.")
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
    """After how many merges the box was first met, and the pair whose box it is if they never merged."""
    row = node - len(hierarchy.sizes)
    if row < 0:
        return max(0, node - hierarchy.regions + 1), None
    one, other = hierarchy.unmerged_pairs[row]
    return int(hierarchy.unmerged_since[row]), (int(one), int(other))


def _fits(view: View, chosen: int) -> None:
    """Its IoU with everybody whom it touches."""
    if not len(view.people):
        return
    iou = pairwise_iou(view.proposals[[chosen]], view.people)[0]
    touched = [
        f"{view.noun} {who + 1}: **{iou[who]:.2f}**" for who in np.argsort(-iou) if iou[who] > 0
    ]
    st.markdown(
        "IoU with " + ", ".join(touched) + "." if touched else f"It touches no {view.noun}."
    )
