"""Which part of the Proposals page is open: one at a time, and only that one computes."""

from __future__ import annotations

import streamlit as st

from fastrcnn_core.selective_search import Strategy
from pages.ui import resources

SECTIONS = ("Segmentation", "Grouping", "Funnel", "Quality", "Engines", "Knobs")
_OPEN, _STRATEGY, _START = "section", "grouping-strategy", "grouping-start"


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


def go_to_merge(strategy: Strategy, step: int) -> None:
    """Open the grouping of this strategy at this merge: for a button's callback."""
    resources.put(_OPEN, "Grouping")
    resources.put(_STRATEGY, strategy)
    resources.put(_START, step)


def strategy_key() -> str:
    """The key of the widget that chooses whose grouping is shown."""
    return _STRATEGY


def wanted_merge(strategy: Strategy) -> int | None:
    """The merge that a button asked for, if it was one of this strategy."""
    asked = resources.value(_STRATEGY)
    return resources.value(_START) if asked == strategy else None
