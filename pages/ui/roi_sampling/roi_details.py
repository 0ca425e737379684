"""One RoI: why it counts as what it does, and what it should learn."""

from __future__ import annotations

import numpy as np
import streamlit as st

from fastrcnn_core.boxes import encode
from pages.ui.components import figures, formulas, nouns, pickers
from pages.ui.roi_sampling import pictures, selection, tables, words
from pages.ui.roi_sampling.view import SamplingView


def reason(view: SamplingView, chosen: int | None) -> None:
    """Say beside the picture which RoI is chosen and why it counts as what it does: a click on another changes it."""
    if chosen is None:
        st.markdown("No RoI was drawn, so that there is none to ask about.")
        return
    name = words.candidate(view, chosen)
    st.markdown(f"**{name[0].upper()}{name[1:]}**. {words.why(view, chosen)}")


def show(view: SamplingView, chosen: int | None) -> None:
    """Show a close-up of the chosen candidate with its targets, and the table of sampled RoIs."""
    if chosen is None:
        return
    st.header("What is this RoI asked to learn?", anchor=False)
    left, right = st.columns(2, gap="large")
    with left:
        figures.show(pictures.match(view, chosen), key="match", caption=_caption(view, chosen))
    with right:
        st.markdown(words.was_drawn(view, chosen))
        _formulas(view, chosen)
    st.caption("Choose a RoI: click on its mark in the picture, or on a row.")
    _drawn(view, chosen)


def _drawn(view: SamplingView, chosen: int) -> None:
    rows = np.flatnonzero(view.drawn == chosen).tolist()
    pickers.table(
        tables.drawn(view),
        key="drawn-rois",
        chosen=rows[0] if rows else None,
        on_choose=lambda row: selection.choose(view, int(view.drawn[row])),
        column_config=tables.FORMATS,
        height=240 if len(view.drawn) > 5 else "auto",
    )


def _formulas(view: SamplingView, row: int) -> None:
    gt_index = int(view.matches[row])
    if gt_index < 0:
        return
    box, target = view.candidates[row], view.annotated.boxes[gt_index]
    st.latex(formulas.iou(box, target))
    if view.kind(row) != "foreground":
        return
    with st.expander("Its targets with these numbers", icon=":material/function:", expanded=True):
        deltas = encode(source=box[None], target=target[None])[0]
        st.latex(formulas.encoded(box, target, deltas))
        st.latex(formulas.targets(deltas, view.delta_std))
        st.caption(
            "From the RoI's center and size to its match's: the shift in units of the RoI's size, the log of the "
            "growth, each divided by its usual spread so that all four weigh alike."
        )


def _caption(view: SamplingView, row: int) -> str:
    match = int(view.matches[row])
    if match < 0:
        return "It overlaps no ground truth."
    return f"Whom does it show? Most of all {nouns.numbered(view.annotated, match)}, at IoU {view.iou[row]:.2f}."
