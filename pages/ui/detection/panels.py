"""The parts of the detection page: the picture, the figures that judge it, and where the threshold should stand."""

from __future__ import annotations

from functools import partial

import streamlit as st

from fastrcnn_core.config import EVALUATION_SCORE_THRESHOLD
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.evaluation import PrecisionRecallCurve
from pages.ui.components import detection_layers, detection_words, figures, nouns
from pages.ui.components.detection_view import DetectionView
from pages.ui.detection import box_outcomes, controls, pictures, selection, tables, words
from pages.ui.jobs.split_evaluation import FLOOR
from pages.ui.shell import header
from pages.ui.state.detection import Choice, DetectionSelection

# Chosen here: what fits beside the figures; the table has them all.
_MOST_MISSED = 6


def picture(view: DetectionView, chosen: Choice | None, selected: DetectionSelection) -> None:
    """Show the picture with its detections; its caption repeats the two thresholds and counts what they leave."""
    drawing = detection_layers.survivors(
        view,
        chosen=None if chosen is None else pictures.box_of(view, chosen),
        truth=selected.truth,
        suppressed=selected.suppressed,
    )
    figures.show(
        drawing,
        key="survivors",
        caption=_caption(view),
        alt=_alt(view),
        on_choose=partial(_choose, view),
    )
    _nothing_survives(view)
    _missed(view)


def numbers(view: DetectionView, ranking: PrecisionRecallCurve | None, *, split: str) -> None:
    """Show precision, recall, F1, hits and misses of this picture, and of the split once it was evaluated."""
    if view.tally is None:
        st.markdown(
            "This picture has no annotations, so the app cannot say which boxes are right. "
            "Choose a picture of a data set to see hits and misses."
        )
        return
    tallies = {"This picture": view.tally}
    if ranking is not None:
        tallies[split] = ranking.at(view.config.score_threshold)
    st.table(tables.figures(tallies), border="horizontal")
    if not view.tally.ground_truth:
        st.caption(_nothing_to_find(view))
    if ranking is not None and view.config.score_threshold < FLOOR:
        st.caption(f"The split is counted from confidence {FLOOR:.2f}.")


def _nothing_to_find(view: DetectionView) -> str:
    """Word why no detection can be a hit: other classes, crowds alone, or no annotation at all."""
    wrong = "every detection counts as a false positive"
    if view.unknown:
        classes = ", ".join(view.detections.classes)
        marked = f"{view.unknown} {'is' if view.unknown == 1 else 'are'} marked here"
        return f"{marked}, none of a class that this detector knows ({classes}): {wrong}."
    if view.annotated is not None and len(view.annotated.boxes):
        return f"Only crowds are marked here: but for detections in a crowd, {wrong}."
    return f"Nothing is marked here: {wrong}."


def downloads(view: DetectionView, data: Dataset | None) -> None:
    """Offer the detections as files; the picture is saved from its own toolbar."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Save the detections", width="content")
        st.download_button(
            "CSV",
            lambda: tables.csv(view),
            file_name=f"{view.image.name}-detections.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "COCO JSON",
            lambda: tables.coco(view, data),
            file_name=f"{view.image.name}-detections.json",
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )


def _caption(view: DetectionView) -> str:
    count, rois = len(view.detections.boxes), len(view.predictions.rois)
    counts = "" if view.tally is None else f": {detection_words.counts(view.tally)}"
    return f"{words.thresholds(view.config)} · {count} of {rois:,} boxes survive{counts}."


def _alt(view: DetectionView) -> str:
    return f"The picture {view.image.name} with its detections. {_caption(view)}"


def _nothing_survives(view: DetectionView) -> None:
    """Say what to do where no box survives."""
    if not len(view.predictions.rois):
        st.markdown(
            "Selective Search found no box here, so that the network had nothing to look at. "
            "Smaller boxes are kept when the smallest side is lower."
        )
        header.link("proposals", "Look at the proposals")
    elif not len(view.detections.boxes):
        _nothing_is_sure(view)


def _nothing_is_sure(view: DetectionView) -> None:
    """Say how confident the best box is, and offer to lower the threshold to it if it is worth looking at."""
    if view.sees_nothing:
        st.markdown(
            "The detector sees nothing here: no box reaches even the confidence "
            f"{EVALUATION_SCORE_THRESHOLD:.2f}, from which on detections count. "
            f"The most confident has {words.confidence(view.surest)}."
        )
        return
    st.markdown(
        f"No box reaches confidence {view.config.score_threshold:.2f}; "
        f"the most confident has {words.confidence(view.surest)}."
    )
    controls.offer_confidence(
        view.surest, f"Lower the confidence to {words.down(view.surest):.2f}", place="lower"
    )


def _missed(view: DetectionView) -> None:
    """Say for each missed annotation at which stage it was lost, one sentence each."""
    if view.judged is None or view.annotated is None or not len(view.judged.missed):
        return
    st.subheader("Who was missed, and where were they lost?", anchor=False)
    for row in view.judged.missed[:_MOST_MISSED]:
        outcome = box_outcomes.of_ground_truth(
            view.diagnoses[row], view.annotated, view.detections, view.config
        )
        name = nouns.numbered(view.annotated, int(row)).capitalize()
        st.markdown(f"**{name}.** {outcome.happened} {outcome.hint}")
    if len(view.judged.missed) > _MOST_MISSED:
        st.caption(f"And {len(view.judged.missed) - _MOST_MISSED} more: see “Annotated” below.")


def _choose(view: DetectionView, mark: figures.Chosen) -> None:
    """Choose the box whose mark was clicked on."""
    if (choice := pictures.clicked(view, mark)) is not None:
        selection.choose(view, choice)
