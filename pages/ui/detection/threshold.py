"""Choice of the confidence threshold: curves and histogram of the split if it was evaluated, else of this picture."""

from __future__ import annotations

import dataclasses

import streamlit as st

from fastrcnn_core.detection import select
from fastrcnn_core.detection.matching import match_detections
from fastrcnn_core.evaluation import PrecisionRecallCurve, precision_recall_curve
from pages.ui.components import chart, detection_words, formulas
from pages.ui.components.detection_view import DetectionView
from pages.ui.detection import charts, controls, words
from pages.ui.jobs.split_evaluation import FLOOR, SplitEvaluationJob


def split_curve(job: SplitEvaluationJob | None, view: DetectionView) -> PrecisionRecallCurve | None:
    """Return the split's precision-recall curve at this NMS IoU; None until its evaluation was started."""
    return job.curve(view.config) if job is not None and job.predictions else None


def best(curve: PrecisionRecallCurve | None, *, split: str) -> None:
    """Offer the confidence with the best F1 on the split."""
    best = curve.best_threshold() if curve is not None else None
    if curve is None or best is None:
        return
    value = words.down(best)
    controls.offer_confidence(
        best,
        f"Best confidence: {value:.2f}",
        place="best",
        help=f"The confidence with the best F1 on the {split.lower()} at this NMS IoU: {curve.at(value).f1:.2f}.",
    )


def show(view: DetectionView, curve: PrecisionRecallCurve | None, *, split: str) -> None:
    """Show precision, recall and F1 by confidence, and a histogram of confidences, with the threshold."""
    if view.annotated is None:
        return
    st.header("Where should the threshold stand?", anchor=False)
    shown = curve if curve is not None else _of_picture(view)
    subject = split.lower() if curve is not None else "this picture"
    if not len(shown.scores):
        st.markdown("There is no box to rank here.")
        return
    left, right = st.columns(2, gap="large")
    at, best = view.config.score_threshold, shown.best_threshold()
    with left:
        question = f"What does each confidence give? Precision, recall and F1 on {subject}."
        curves = charts.curves(shown, threshold=at, best=best)
        chart.show(curves, key="curves", alt=question, caption=question)
    with right:
        question = f"How sure is the detector when it is right, and when it is wrong? Boxes after NMS on {subject}."
        histogram = charts.histogram(shown, threshold=at)
        chart.show(histogram, key="confidences", alt=question, caption=question)
    _words(view, shown, subject)


def _of_picture(view: DetectionView) -> PrecisionRecallCurve:
    assert view.annotated is not None
    low = dataclasses.replace(view.config, score_threshold=FLOOR)
    found = select(view.predictions, low)
    return precision_recall_curve([(found, match_detections(found, view.annotated))])


def _words(view: DetectionView, shown: PrecisionRecallCurve, subject: str) -> None:
    tally = shown.at(view.config.score_threshold)
    st.markdown(
        "A higher confidence drops wrong boxes first, and precision rises; then it drops right ones, and recall falls. "
        "F1 is high only where both are. The best value belongs to one detector, one data set and one NMS IoU; chosen "
        "on the split that it is judged by, it flatters a little."
    )
    with st.expander("Precision, recall and F1 with these numbers", icon=":material/function:"):
        wrong = tally.duplicates + tally.background
        st.latex(formulas.figures(hits=tally.hits, wrong=wrong, missed=tally.missed))
        st.caption(f"{subject.capitalize()}: {detection_words.counts(tally)}.")
