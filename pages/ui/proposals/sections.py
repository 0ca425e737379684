"""Which part of the Proposals page is open: one at a time, and only that one computes."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from fastrcnn_core.selective_search import Strategy
from pages.ui.state import widget_state

SECTIONS = ("Segmentation", "Grouping", "Funnel", "Quality", "Engines", "Knobs")
_OPEN, _STRATEGY, _WISH = "section", "grouping-strategy", "grouping-wish"


def pick() -> str:
    """The open section's name; it stands in the link."""
    return str(
        st.segmented_control(
            "Look inside",
            SECTIONS,
            default=SECTIONS[0],
            required=True,
            key=_OPEN,
            bind="query-params",
            label_visibility="collapsed",
        )
    )


def go_to(section: str) -> None:
    """Open this part: for a button's callback."""
    widget_state.put(_OPEN, section)


@dataclass(frozen=True)
class Wish:
    """Somebody wants to see a merge.

    Args:
        search: which picture was searched, and how. strategy: whose grouping. merge: from 1; 0 is the segmentation.
        pair: two nodes that were compared then and passed over; None for the merge itself.
        number: one more than the wish before, so that the same wish can be said again.
    """

    search: str
    strategy: Strategy
    merge: int
    pair: tuple[int, int] | None
    number: int


def go_to_merge(search: str, strategy: Strategy, merge: int, pair: tuple[int, int] | None) -> None:
    """Open the grouping of this strategy at this merge, or at a pair compared then: for a button's callback."""
    before: Wish | None = widget_state.value(_WISH)
    go_to("Grouping")
    widget_state.put(_STRATEGY, strategy)
    widget_state.put(_WISH, Wish(search, strategy, merge, pair, before.number + 1 if before else 1))


def strategy_key() -> str:
    """The key of the widget that chooses whose grouping is shown."""
    return _STRATEGY


def wish(search: str, strategy: Strategy) -> Wish | None:
    """The merge that somebody wanted to see last, if it is one of this search's and this strategy's."""
    wanted: Wish | None = widget_state.value(_WISH)
    is_here = wanted is not None and (wanted.search, wanted.strategy) == (search, strategy)
    return wanted if is_here else None
