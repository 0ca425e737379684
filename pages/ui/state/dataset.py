"""The Dataset page's selection: which pictures the gallery shows, and whether instance masks are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.ui.state.page_selection import PageSelection, in_widget

FILTERS = ("All", "Training", "Test", "Without annotations")


@dataclass(frozen=True)
class DatasetSelection(PageSelection):
    """A visitor's selection on the page Dataset.

    Args:
        filter: of the gallery, one of `FILTERS`. masks: whether instance masks are drawn.
        turned_to: the gallery and the picture to which its page was turned last; another of either turns it again.
    """

    filter: str = in_widget("show", FILTERS[0])
    masks: bool = in_widget("masks", False)
    turned_to: Any = in_widget("gallery-turned-to", None)


_FORMER_FILTERS = {"Nobody there": "Without annotations"}


def follow_former_link() -> None:
    """Adopt a filter that an older link names by its former word; called before the filter's widget is made."""
    key = DatasetSelection.key("filter")
    if new := _FORMER_FILTERS.get(st.query_params.get(key, "")):
        st.query_params[key] = new
        DatasetSelection.select(filter=new)
