"""One RoI: why it counts as what it does, and what it should learn."""

from __future__ import annotations

import numpy as np
import streamlit as st

from fastrcnn_core.boxes import encode
from pages.ui.components import figures, formulas, nouns, pickers
from pages.ui.roi_sampling import pictures, selection, tables, words
from pages.ui.roi_sampling.view import SamplingView


def show(view: SamplingView, chosen: int | None) -> None:
    """Show the table of sampled RoIs, and the details of the chosen candidate."""
    st.header("What is this RoI asked to learn?", anchor=False)
    if chosen is None:
        st.markdown("No RoI was drawn, so that there is none to ask about.")
        return
    st.caption("Choose a RoI: click on its mark in the picture, or on a row.")
    _drawn(view, chosen)
    left, right = st.columns(2, gap="large")
    with left:
        figures.show(pictures.match(view, chosen), key="match", caption=_caption(view, chosen))
    with right:
        name = words.candidate(view, chosen)
        st.markdown(f"**{name[0].upper()}{name[1:]}**")
        st.markdown(f"{words.why(view, chosen)} {words.was_drawn(view, chosen)}")
        _formulas(view, chosen)


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
