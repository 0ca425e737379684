"""Where did you come from, and what happened to you? One box's story."""

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
    """Tables to choose a box from, and the story of the chosen one."""
    st.header("Where did this box come from, and what happened to it?", anchor=False)
    if chosen is None:
        hint = "Choose" if view.sees_nothing else "Lower the confidence, or choose"
        st.markdown(f"There is no box to ask about. {hint} another picture.")
        return
    lists.show(view, chosen)
    match chosen:
        case Prediction(roi_index, label):
            origin = trace_prediction(
                view.predictions, view.detections, view.config, roi_index=roi_index, label=label
            )
            _prediction(view, origin)
        case GroundTruthBox(gt_index):
            _somebody(view, view.fates[gt_index])


def _prediction(view: DetectionView, origin: PredictionTrace) -> None:
    others = _nearest(view, origin)
    left, right = st.columns(2, gap="large")
    with left:
        drawing = pictures.journey(view, origin, others)
        figures.show(drawing, key="journey", caption=_journey_caption(view, origin, others))
    with right:
        st.markdown(f"**{words.title(origin, view.detections)}**")
        _told(box_outcomes.of_prediction(origin, view.detections, view.config))
        question = "How sure is the network of each class? The scores of one RoI add up to 1."
        scores = charts.class_scores(origin.scores, view.predictions.classes)
        chart.show(scores, key="class-scores", alt=question, caption=question)
        if len(origin.suppressed_rows):
            st.dataframe(
                tables.suppressed(view, origin.suppressed_rows[: tables.MOST]),
                key="silenced-by-it",
                hide_index=True,
                column_config=tables.FORMATS,
                height="auto" if len(origin.suppressed_rows) < 5 else 200,
            )
            st.caption(words.silenced(view.config))
    _formulas(view, origin, others)


def _formulas(view: DetectionView, origin: PredictionTrace, others: list[int]) -> None:
    with st.expander("Box regression with this box's numbers", icon=":material/function:"):
        st.markdown(
            "The network says four deltas for each class: the shift of the center in units of the proposal's size, "
            "and the log of the growth. From the proposal's center and size they make the box's."
        )
        st.latex(formulas.decoded(origin.roi, origin.deltas))
        again = "" if view.config.is_single_pass else ", the mean of all looks of the network"
        st.caption(f"The deltas are those of the box as it lies inside the picture{again}.")
        if others and view.annotated is not None:
            st.latex(formulas.iou(origin.box, view.annotated.boxes[others[0]]))


def _somebody(view: DetectionView, fate: MissDiagnosis) -> None:
    assert view.annotated is not None
    if fate.roi_index < 0:
        _told(box_outcomes.of_somebody(fate, view.annotated, view.detections, view.config))
        header.link("proposals", "Look at the proposals")
        return
    label = int(view.annotated.labels[fate.gt_index])
    origin = trace_prediction(
        view.predictions, view.detections, view.config, roi_index=fate.roi_index, label=label
    )
    left, right = st.columns(2, gap="large")
    with left:
        drawing = pictures.journey(view, origin, [fate.gt_index])
        figures.show(
            drawing, key="journey", caption=_journey_caption(view, origin, [fate.gt_index])
        )
    with right:
        st.markdown(f"**{nouns.numbered(view.annotated, fate.gt_index).capitalize()}**")
        _told(box_outcomes.of_somebody(fate, view.annotated, view.detections, view.config))
        if fate.stage == "proposals":
            header.link("proposals", "Look at the proposals")
        st.button(
            "Ask about that box",
            key="ask-that-box",
            icon=":material/search:",
            on_click=selection.choose,
            args=(view, Prediction(fate.roi_index, label)),
        )


def _told(story: box_outcomes.Story) -> None:
    st.markdown(f"{story.happened} {story.hint}")


def _nearest(view: DetectionView, origin: PredictionTrace) -> list[int]:
    """The ground truth of its class that the box overlaps most; empty if it overlaps none."""
    if view.annotated is None:
        return []
    overlap = pairwise_iou(origin.box[None], view.annotated.boxes)[0]
    overlap = np.where(view.annotated.labels == origin.label, overlap, 0.0)
    return [int(overlap.argmax())] if overlap.max(initial=0.0) > 0 else []


def _journey_caption(view: DetectionView, origin: PredictionTrace, others: list[int]) -> str:
    if not others or view.annotated is None:
        return "How did box regression move it? From the proposal to the box."
    target = view.annotated.boxes[others]
    before = float(pairwise_iou(origin.roi[None], target)[0, 0])
    after = float(pairwise_iou(origin.box[None], target)[0, 0])
    name = nouns.numbered(view.annotated, others[0])
    return (
        f"How did box regression move it? IoU with {name}: {before:.2f} before, {after:.2f} after."
    )
