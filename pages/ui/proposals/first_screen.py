"""First screen of the Proposals page: the picture with its proposals, their recall, and the selected one's origin."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fastrcnn_core.structures import Image
from pages.ui.components import pickers, term_pictures
from pages.ui.components.wording import counted, duration, share
from pages.ui.proposals import origin, players, saving
from pages.ui.proposals.view import View
from pages.ui.state import projector
from pages.ui.state.proposals import ProposalsSelection, SelectedProposal

_FIRST = 100  # chosen here: as many as a person can look at
_VIEWER, _TABLE = "proposal-viewer", "proposal-table"


def show(view: View) -> None:
    """Show the picture left and figures right; a click or a row of the table selects a box."""
    chosen = chosen_proposal(view)
    left, right = st.columns([13, 8], gap="large")
    with left:
        players.viewer(
            view, first=_FIRST, chosen=chosen, key=_VIEWER, on_choose=lambda: _take_click(view)
        )
    with right:
        _figures(view)
        term_pictures.explain("iou", "recall")
        _who_is_found(view)
        origin.show(view, chosen)
        saving.show(view)


def chosen_proposal(view: View) -> int | None:
    """Return the selected proposal if it is one of this picture's under these knobs."""
    chosen = ProposalsSelection.current().proposal
    return chosen.index if chosen is not None and chosen.search == view.search else None


def choose(view: View, index: int | None) -> None:
    """Select a proposal."""
    ProposalsSelection.select(proposal=SelectedProposal(view.search, index))


def _take_click(view: View) -> None:
    """Select the clicked proposal, and no row of the table."""
    choose(view, players.clicked(_VIEWER))
    pickers.choose_row(_TABLE, None)


def _take_row(view: View, best: list[int]) -> None:
    row = pickers.chosen_row(_TABLE)
    choose(view, best[row] if row is not None and best[row] >= 0 else None)


def _figures(view: View) -> None:
    """Show recall, MABO and time of this picture's proposals."""
    metrics = (
        ("Recall 0.5", share(view.recall(0.5)), _RECALL.format(0.5)),
        ("at 0.7", share(view.recall(0.7)), _RECALL.format(0.7)),
        ("MABO", share(view.mabo), _MABO),
        ("Time", duration(view.timed.total_seconds), _TIME),
    )
    # Large type has no room for four of them beside the picture: two rows of two, not three and one left over.
    places = [*st.columns(2), *st.columns(2)] if projector.is_on() else [_row()] * 4
    for place, (label, value, about) in zip(places, metrics, strict=True):
        place.metric(label, value, help=about, width="content")
    st.caption(
        f"{counted(len(view.proposals), 'proposal')}, out of {len(view.funnel.found):,} boxes that the search found, "
        f"out of {_boxes_that_fit(view.image)} that fit into this picture." + _why_not_judged(view)
    )


def _row() -> DeltaGenerator:
    return st.container(horizontal=True, gap="xsmall")


def _boxes_that_fit(image: Image) -> str:
    """Word the number of boxes with integer edges in a picture."""
    count = image.width * (image.width + 1) * image.height * (image.height + 1) // 4
    for name, size in (("trillion", 10**12), ("billion", 10**9), ("million", 10**6)):
        if count >= size:
            return f"{count / size:,.0f} {name}"
    return f"{count:,}"


def _why_not_judged(view: View) -> str:
    if view.picture.annotated is None:
        return " Your own picture has no annotation, so nothing can say how good they are."
    return (
        ""
        if len(view.people)
        else f" No {view.noun} is annotated here, so nothing can be recalled."
    )


def _who_is_found(view: View) -> None:
    """Show a row for each person: its best proposal, that one's rank, and the first rank with an IoU of 0.5."""
    if not len(view.people):
        return
    reached = view.overlaps >= 0.5
    best = _best_ranks(view)
    rows = pd.DataFrame(
        {
            view.noun.capitalize(): range(1, len(best) + 1),
            "Best IoU": view.overlaps[-1],
            "Rank": [rank + 1 if rank >= 0 else None for rank in best],
            "Found from": [int(column.argmax()) if column.any() else None for column in reached.T],
        }
    )
    st.dataframe(
        rows,
        key=_TABLE,
        hide_index=True,
        on_select=lambda: _take_row(view, best),
        selection_mode="single-row",
        placeholder="–",
        column_config={
            view.noun.capitalize(): st.column_config.NumberColumn(width=58),
            "Best IoU": st.column_config.ProgressColumn(
                "Best IoU of all",
                format="%.2f",
                min_value=0,
                max_value=1,
                width=100,
                help="Among all proposals; the picture names the best of the first ones that it shows.",
            ),
            "Rank": st.column_config.NumberColumn(
                width=52, help="Rank of the best proposal; 1 comes first."
            ),
            "Found from": st.column_config.NumberColumn(
                width=80, help="The first rank whose box has an IoU of 0.5 or more."
            ),
        },
    )


def _best_ranks(view: View) -> list[int]:
    """Return the index of each person's best proposal, from 0; -1 if none overlaps."""
    best = view.overlaps.argmax(axis=0)  # the first n proposals with which the best IoU is reached
    return [int(first) - 1 for first in np.atleast_1d(best)]


_RECALL = "Share of the ground-truth boxes that have a proposal with an IoU of at least {}."
_MABO = "Mean average best overlap: each ground-truth box's best IoU with any proposal, averaged."
_TIME = (
    "Search and filters of this picture on this computer, one thread; a second look is remembered."
)
