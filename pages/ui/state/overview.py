"""The Overview page's selection: whether the network's stages are wanted."""

from __future__ import annotations

from dataclasses import dataclass

from pages.ui.state.page_selection import PageSelection, in_widget


@dataclass(frozen=True)
class OverviewSelection(PageSelection):
    """A visitor's selection on the page Overview.

    Args:
        runs_network: whether the button was pressed that sends the picture through the network.
    """

    runs_network: bool = in_widget("look-inside", False)
