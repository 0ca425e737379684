"""Recall and MABO of the proposals by count and by IoU, for this picture and for the data set."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from fastrcnn_core import palette
from fastrcnn_core.config import PRESETS
from fastrcnn_core.palette import Dash
from fastrcnn_core.proposals import best_overlap, recall_curve
from fastrcnn_core.structures import FloatArray
from pages.ui.components import chart, source
from pages.ui.components.chart import Axis, Line
from pages.ui.components.wording import counted, duration, plain, time_left
from pages.ui.jobs.proposal_recall import LIMITS, RecallJob, recall_job
from pages.ui.proposals import charts, tables, worst_recall
from pages.ui.proposals.view import View
from pages.ui.state.proposals import THE_DATA, THIS_PICTURE, ProposalsSelection

_IOUS = tuple(np.linspace(0.3, 1.0, 71).tolist())
_SHOWN_LIMITS = (100, 500, 1000, 2000)
_LOOKS: tuple[tuple[str, Dash], ...] = (
    (palette.VERMILION, "dot"),
    (palette.ORANGE, "dash"),
    (palette.SKY, "dashdot"),
    (palette.BLUE, "solid"),
)


def show(view: View) -> None:
    """Show curves of recall and MABO, of this picture or of the data set as far as it was searched."""
    st.subheader("How good are the proposals?", anchor=False)
    if view.picture.annotated is None:
        st.caption(
            "Your own picture has no annotation: nothing can say which boxes are right. Choose another picture."
        )
        return
    options = [THIS_PICTURE, THE_DATA]
    subject = st.segmented_control(
        "Of",
        options,
        default=THIS_PICTURE,
        required=True,
        key=ProposalsSelection.key("quality_of"),
        persist_state="session",
    )
    if subject == THIS_PICTURE:
        limits, overlaps = range(len(view.proposals) + 1), view.overlaps
        _curves(
            np.array(limits), overlaps, f"{counted(len(view.people), view.noun)} of this picture"
        )
    else:
        _of_the_data(view)
    source.show(best_overlap, recall_curve)


def is_growing(view: View) -> bool:
    """Tell whether the recall job of this data runs and is on screen, so that the page must refresh itself."""
    data = view.picture.dataset
    looked_at = data is not None and ProposalsSelection.current().quality_of == THE_DATA
    growing = False
    if data is not None and looked_at:
        job = recall_job(data, view.config)
        job.find_cached()
        growing = job.is_running
    ProposalsSelection.select(watches_recall=growing)
    return growing


def _of_the_data(view: View) -> None:
    assert view.picture.dataset is not None  # an annotated picture comes from a data set
    job = recall_job(view.picture.dataset, view.config)
    _progress(view, job)
    if job.overlaps:
        within = np.array(LIMITS) <= view.config.limit
        limits, overlaps = np.array(LIMITS)[within], job.all_overlaps()[within]
        of = f"{counted(overlaps.shape[1], view.noun)} on {counted(len(job.overlaps), 'picture')}"
        _curves(limits, overlaps, of)
        if overlaps.shape[1] and not job.is_running:  # rows that move cannot be chosen
            worst_recall.show(view, job)
    if job.problems:
        with st.expander(f"{counted(len(job.problems), 'picture')} could not be searched"):
            st.table(pd.Series(job.problems, name="Why"))


def _progress(view: View, job: RecallJob) -> None:
    """Show the recall job's progress, the time left, and a button to start or stop it."""
    if job.is_running != ProposalsSelection.current().watches_recall:
        st.rerun()  # it has just begun or ended: the page decides anew how often to look
    total = len(job.data)
    if job.is_running:
        st.progress(job.done / total, _stage(job))
        st.button(
            "Stop",
            icon=":material/stop:",
            key="stop-survey",
            on_click=job.stop,
            disabled=job.is_stopping,
        )
    elif job.is_complete:
        mean = job.proposals / max(1, len(job.overlaps))
        st.caption(f"All {total} pictures, {mean:,.0f} proposals a picture on average.")
    else:
        _invitation(view, job)


def _invitation(view: View, job: RecallJob) -> None:
    """Show the estimated time and the start button."""
    if job.error:
        st.error(plain(str(job.error)), icon=":material/error:")
    left = len(job.data) - job.done
    seconds = view.timed.total_seconds * left if job.seconds_left is None else job.seconds_left
    st.caption(
        f"{job.done} of {len(job.data)} pictures are computed and kept on disk. The rest takes about "
        f"{duration(seconds)}, in the background."
    )
    st.button(
        f"Compute for the other {left}" if job.done else f"Compute for all {left} pictures",
        icon=":material/play_arrow:",
        key="start-survey",
        type="primary",
        on_click=job.start,
    )


def _stage(job: RecallJob) -> str:
    """Word how far the job is, and the time left or that it is stopping."""
    total = len(job.data)
    if job.examined is not None:
        return f"Looking for stored proposals: {job.done} of {total} pictures have them"
    rest = ", stopping after this one" if job.is_stopping else time_left(job.seconds_left)
    return f"{job.done} of {total} pictures{rest}"


def _curves(limits: np.ndarray, overlaps: FloatArray, of: str) -> None:
    """Show two charts and a table of a few points."""
    if overlaps.shape[1] == 0:
        st.caption("No annotation here: there is nothing to recall.")
        return
    st.caption(
        f"{of[0].upper()}{of[1:]}. MABO is the mean average best overlap: the best IoU of each, averaged."
    )
    left, right = st.columns(2, gap="large")
    with left:
        _against_count(limits, overlaps, of)
    with right:
        _against_iou(limits, overlaps, of)
    st.markdown(enough(limits, overlaps))
    _table(limits, overlaps)


def enough(limits: np.ndarray, overlaps: FloatArray) -> str:
    """Word how many proposals find as many people as all of them do, and what each costs."""
    if overlaps.shape[1] == 0:
        return "No annotation here, so that no number of proposals is enough or too few."
    sentences = [
        _first_as_good(limits, recall_curve(overlaps, (iou,))[:, 0], iou) for iou in (0.5, 0.7)
    ]
    return " ".join(sentences) + (
        " Each proposal is a RoI that the head must look at: detection looks at all of them, a training step at "
        f"{PRESETS['paper'].sampling.rois_per_image} of a picture."
    )


def _first_as_good(limits: np.ndarray, recalls: FloatArray, iou: float) -> str:
    if recalls[-1] == 0:
        return f"At IoU {iou:g} none of the {limits[-1]:,} finds anybody."
    first = int(limits[np.argmax(recalls >= recalls[-1])])
    return f"At IoU {iou:g} the first **{first:,}** find as many as all {limits[-1]:,} do."


def _against_count(limits: np.ndarray, overlaps: FloatArray, of: str) -> None:
    at = recall_curve(overlaps, (0.5, 0.7))
    x = limits[1:] if limits[0] == 0 else limits
    rows = slice(-len(x), None)
    lines = (
        Line("Recall at IoU 0.5", x, at[rows, 0], palette.BLUE, steps=True),
        Line("Recall at IoU 0.7", x, at[rows, 1], palette.VERMILION, "dash", steps=True),
        Line("MABO", x, overlaps.mean(axis=1)[rows], palette.PURPLE, "dot", steps=True),
    )
    chart.show(
        charts.shares(lines, x=Axis("Proposals looked at", log=True, format=",d")),
        key="quality-by-count",
        question="How many boxes are enough?",
        alt=f"Recall and MABO of {of} against the number of proposals",
    )


def _against_iou(limits: np.ndarray, overlaps: FloatArray, of: str) -> None:
    rows = _rows(limits)
    curves = recall_curve(overlaps[list(rows.values())], _IOUS)
    lines = tuple(
        Line(f"First {limit:,}", _IOUS, curve, *_LOOKS[index], steps=True)
        for index, (limit, curve) in enumerate(zip(rows, curves, strict=True))
    )
    chart.show(
        charts.shares(lines, x=Axis("IoU asked for", range=(0.3, 1.0)), y_title="Recall"),
        key="quality-by-iou",
        question="How tightly do they fit?",
        alt=f"Recall of {of} against the IoU that is asked for",
    )


def _table(limits: np.ndarray, overlaps: FloatArray) -> None:
    rows = _rows(limits)
    at = recall_curve(overlaps, (0.5, 0.7))
    table = pd.DataFrame(
        {
            "Proposals": list(rows),
            "Recall 0.5": at[list(rows.values()), 0],
            "Recall 0.7": at[list(rows.values()), 1],
            "MABO": overlaps.mean(axis=1)[list(rows.values())],
        }
    )
    tables.show(table, decimals=3)


def _rows(limits: np.ndarray) -> dict[int, int]:
    """Return the limits of the table, each with its row; the last row if there are fewer."""
    shown = [limit for limit in _SHOWN_LIMITS if limit <= limits[-1]] or [int(limits[-1])]
    return {limit: int(np.searchsorted(limits, limit)) for limit in shown}
