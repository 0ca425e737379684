"""People of a data set with the worst proposals, and a way to the pictures that they are on."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui.cache import datasets
from pages.ui.components.wording import counted
from pages.ui.jobs.proposal_recall import RecallJob
from pages.ui.proposals import miss_reasons
from pages.ui.proposals.view import View
from pages.ui.state import selected_picture
from pages.ui.state.proposals import follow_person

_SHOWN = 20  # chosen here: as many as an engineer looks through
_TABLE, _OPEN_BUTTON = "worst-found", "open-worst-found"


def show(view: View, job: RecallJob) -> None:
    """Show the people whose best proposals fit worst, and a button that opens the selected one."""
    rows = worst(job, noun=view.noun)
    lost = sum(int((overlaps[-1] < miss_reasons.FOUND).sum()) for overlaps in job.overlaps.values())
    st.markdown(
        f"**Which people are found worst?** {counted(lost, view.noun)} without a proposal of IoU 0.5."
    )
    table = st.dataframe(
        rows,
        key=_TABLE,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config={"Best IoU": st.column_config.NumberColumn(format="%.2f")},
    )
    chosen = table["selection"]["rows"]
    if chosen and chosen[0] < len(rows):
        _open(view, str(rows["Picture"][chosen[0]]), int(rows[view.noun.capitalize()][chosen[0]]))
    else:
        st.caption(f"Choose a row to see where this {view.noun} was lost.")


def worst(job: RecallJob, *, noun: str) -> pd.DataFrame:
    """Build a row for each person, worst first: the picture, the number on it from 1, and the best IoU."""
    people = [
        (name, person + 1, float(iou))
        for name, overlaps in job.overlaps.items()
        for person, iou in enumerate(overlaps[-1])
    ]
    rows = pd.DataFrame(people, columns=["Picture", noun.capitalize(), "Best IoU"])
    order = np.argsort(rows["Best IoU"].to_numpy(), kind="stable")[:_SHOWN]
    return rows.iloc[order].reset_index(drop=True)


def _open(view: View, name: str, person: int) -> None:
    """Show a button that opens this picture's funnel with this person followed."""
    pressed = st.button(
        f"See where {view.noun} {person} of {name} was lost",
        icon=":material/filter_alt:",
        key=_OPEN_BUTTON,
        on_click=_go,
        args=(view, name, person),
    )
    if pressed:
        st.rerun()  # the picture belongs to the whole page, not to this part of it


def _go(view: View, name: str, person: int) -> None:
    assert view.picture.dataset is not None  # a survey is of a data set
    image = datasets.annotated_image(view.picture.dataset, name).image
    selected_picture.choose_name(name)
    follow_person(image.key, person - 1)
