"""The Proposals page's selection: the open section, a proposal, and a merge to show."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from fastrcnn_core.selective_search import Strategy
from pages.ui.state import link_words
from pages.ui.state.page_selection import PageSelection, in_widget

SECTIONS = ("Segmentation", "Grouping", "Funnel", "Quality", "Methods", "Sweep")
THIS_PICTURE, THE_DATA = "This picture", "The data set"


@dataclass(frozen=True)
class SelectedProposal:
    """A proposal of one search, by its index in rank order; None for a click beside all boxes.

    Args:
        search: which picture was searched, and how.
    """

    search: str
    index: int | None


@dataclass(frozen=True)
class MergeRequest:
    """A merge that the visitor wants to see.

    Args:
        search: which picture was searched, and how. strategy: whose grouping. merge: from 1; 0 is the segmentation.
        pair: two nodes that were compared then and not merged; None for the merge itself.
        number: one more than the request before, so that the same can be made again.
    """

    search: str
    strategy: Strategy
    merge: int
    pair: tuple[int, int] | None
    number: int


@dataclass(frozen=True)
class ProposalsSelection(PageSelection):
    """A visitor's selection on the page Proposals.

    Args:
        section: the open one. proposal: whose origin is shown.
        strategy: whose grouping is played. merge: the last merge that was asked for.
        quality_of: this picture, or the data set. watches_recall: whether the page follows a running recall job.
    """

    section: str = in_widget("section", SECTIONS[0])
    proposal: SelectedProposal | None = in_widget("selected-proposal", None)
    strategy: Strategy | None = in_widget("grouping-strategy", None)
    merge: MergeRequest | None = in_widget("merge-request", None)
    quality_of: str = in_widget("quality-of", THIS_PICTURE)
    watches_recall: bool = in_widget("watches-recall", False)


def request_merge(
    search: str, strategy: Strategy, merge: int, pair: tuple[int, int] | None
) -> None:
    """Open the grouping of a strategy at a merge, or at a pair that was compared then: for a button's callback."""
    before = ProposalsSelection.current().merge
    request = MergeRequest(search, strategy, merge, pair, before.number + 1 if before else 1)
    ProposalsSelection.select(section="Grouping", strategy=strategy, merge=request)


def requested_merge(search: str, strategy: Strategy) -> MergeRequest | None:
    """Return the last merge that was requested, if it is one of this search and this strategy."""
    request = ProposalsSelection.current().merge
    is_here = request is not None and (request.search, request.strategy) == (search, strategy)
    return request if is_here else None


def followed_key(image_key: str) -> str:
    """Return the key of the widget that selects whose best box is followed on a picture."""
    return f"followed-{image_key}"


def follow_person(image_key: str, row: int) -> None:
    """Follow a person's best box through the filters of a picture: for a button's callback."""
    st.session_state[followed_key(image_key)] = row
    ProposalsSelection.select(section="Funnel")


_FORMER_SECTIONS = {"Engines": "Methods", "Knobs": "Sweep"}


def follow_former_link() -> None:
    """Adopt a section that an older link names by its former word; called before the section's widget is made."""
    key = ProposalsSelection.key("section")
    if new := _FORMER_SECTIONS.get(st.query_params.get(key, "")):
        link_words.replace(key, new)
        ProposalsSelection.select(section=new)
