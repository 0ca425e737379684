"""Details of the chosen box: its proposal, its box regression, its scores, and its outcome."""

from __future__ import annotations

import numpy as np
import streamlit as st

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.diagnosis import MissDiagnosis
from fastrcnn_core.prediction_trace import PredictionTrace, trace_prediction
from pages.ui.components import chart, figures, formulas, nouns
from pages.ui.components.detection_view import DetectionView
from pages.ui.detection import box_outcomes, charts, lists, pictures, selection, tables, words
from pages.ui.shell import header
from pages.ui.state.detection import Choice, GroundTruthBox, Prediction


def show(view: DetectionView, chosen: Choice | None) -> None:
    """Show tables to choose a box from, and the details of the chosen one."""
    st.header("Where did this box come from, and what happened to it?", anchor=False)
    if chosen is None:
        hint = "Choose" if view.sees_nothing else "Lower the confidence, or choose"
        st.markdown(f"There is no box to ask about. {hint} another picture.")
        return
    lists.show(view, chosen)
    match chosen:
        case Prediction(roi_index, label):
            trace = trace_prediction(
                view.predictions, view.detections, view.config, roi_index=roi_index, label=label
            )
            _prediction(view, trace)
        case GroundTruthBox(gt_index):
            _ground_truth(view, view.diagnoses[gt_index])


def _prediction(view: DetectionView, trace: PredictionTrace) -> None:
    gt_rows = _nearest_ground_truth(view, trace)
    left, right = st.columns(2, gap="large")
    with left:
        drawing = pictures.journey(view, trace, gt_rows)
        figures.show(drawing, key="journey", caption=_journey_caption(view, trace, gt_rows))
    with right:
        st.markdown(f"**{words.title(trace, view.detections)}**")
        _outcome(box_outcomes.of_prediction(trace, view.detections, view.config))
        question = "How sure is the network of each class? The scores of one RoI add up to 1."
        scores = charts.class_scores(trace.scores, view.predictions.classes)
        chart.show(scores, key="class-scores", alt=question, caption=question)
        if len(trace.suppressed_rows):
            st.dataframe(
                tables.suppressed(view, trace.suppressed_rows[: tables.MOST]),
                key="suppressed-by-it",
                hide_index=True,
                column_config=tables.FORMATS,
                height="auto" if len(trace.suppressed_rows) < 5 else 200,
            )
            st.caption(words.suppressed(view.config))
    _formulas(view, trace, gt_rows)


def _formulas(view: DetectionView, trace: PredictionTrace, gt_rows: list[int]) -> None:
    with st.expander("Box regression with this box's numbers", icon=":material/function:"):
        st.markdown(
            "The network says four deltas for each class: the shift of the center in units of the proposal's size, "
            "and the log of the growth. From the proposal's center and size they make the box's."
        )
        st.latex(formulas.decoded(trace.roi, trace.deltas))
        again = "" if view.config.is_single_pass else ", the mean of all looks of the network"
        st.caption(f"The deltas are those of the box as it lies inside the picture{again}.")
        if gt_rows and view.annotated is not None:
            st.latex(formulas.iou(trace.box, view.annotated.boxes[gt_rows[0]]))


def _ground_truth(view: DetectionView, diagnosis: MissDiagnosis) -> None:
    assert view.annotated is not None
    if diagnosis.roi_index < 0:
        _outcome(
            box_outcomes.of_ground_truth(diagnosis, view.annotated, view.detections, view.config)
        )
        header.link("proposals", "Look at the proposals")
        return
    label = int(view.annotated.labels[diagnosis.gt_index])
    trace = trace_prediction(
        view.predictions, view.detections, view.config, roi_index=diagnosis.roi_index, label=label
    )
    left, right = st.columns(2, gap="large")
    with left:
        drawing = pictures.journey(view, trace, [diagnosis.gt_index])
        figures.show(
            drawing, key="journey", caption=_journey_caption(view, trace, [diagnosis.gt_index])
        )
    with right:
        st.markdown(f"**{nouns.numbered(view.annotated, diagnosis.gt_index).capitalize()}**")
        _outcome(
            box_outcomes.of_ground_truth(diagnosis, view.annotated, view.detections, view.config)
        )
        if diagnosis.stage == "proposals":
            header.link("proposals", "Look at the proposals")
        st.button(
            "Show that box",
            key="ask-that-box",
            icon=":material/search:",
            on_click=selection.choose,
            args=(view, Prediction(diagnosis.roi_index, label)),
        )


def _outcome(outcome: box_outcomes.Outcome) -> None:
    st.markdown(f"{outcome.happened} {outcome.hint}")


def _nearest_ground_truth(view: DetectionView, trace: PredictionTrace) -> list[int]:
    """Find the ground-truth box of its class with the highest IoU; empty if the box overlaps none."""
    if view.annotated is None:
        return []
    overlap = pairwise_iou(trace.box[None], view.annotated.boxes)[0]
    overlap = np.where(view.annotated.labels == trace.label, overlap, 0.0)
    return [int(overlap.argmax())] if overlap.max(initial=0.0) > 0 else []


def _journey_caption(view: DetectionView, trace: PredictionTrace, gt_rows: list[int]) -> str:
    if not gt_rows or view.annotated is None:
        return "How did box regression move it? From the proposal to the box."
    target = view.annotated.boxes[gt_rows]
    before = float(pairwise_iou(trace.roi[None], target)[0, 0])
    after = float(pairwise_iou(trace.box[None], target)[0, 0])
    name = nouns.numbered(view.annotated, gt_rows[0])
    return (
        f"How did box regression move it? IoU with {name}: {before:.2f} before, {after:.2f} after."
    )
