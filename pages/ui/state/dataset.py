"""The Dataset page's selection: which pictures the gallery shows, and whether instance masks are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pages.ui.state.page_selection import PageSelection, in_widget

FILTERS = ("All", "Training", "Test", "Nobody there")


@dataclass(frozen=True)
class DatasetSelection(PageSelection):
    """What a visitor selected on the page Dataset.

    Args:
        filter: of the gallery, one of `FILTERS`. masks: whether instance masks are drawn.
        turned_to: the gallery and the picture to which its page was turned last; another of either turns it again.
    """

    filter: str = in_widget("show", FILTERS[0])
    masks: bool = in_widget("masks", False)
    turned_to: Any = in_widget("gallery-turned-to", None)
