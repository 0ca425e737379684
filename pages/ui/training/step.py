"""A recent step of a run: its pictures, the RoIs that were sampled, and what the head says of each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from fastrcnn_core.errors import UserError
from fastrcnn_core.runs import LivePicture, Run
from fastrcnn_core.structures import AnnotatedImage, FloatArray
from pages.ui import figures, palette, resources
from pages.ui.figures import Layer
from pages.ui.resources import Source

_WORST = 8  # rows of the table
_SPOKEN = 3  # RoIs of a picture at which the head's word is written
_HOLD = "hold-step"


def show(run: Run, *, moving: bool) -> None:
    """The step's pictures side by side, then the RoIs that cost most.

    Args:
        moving: whether the run goes on meanwhile, so that a reader may want to hold the step.
    """
    held = bool(resources.value(_HOLD, False)) and moving
    live = resources.live_step(run, held=held)
    if live is None or not live.pictures:
        return
    st.markdown(f"#### What did step {live.step} look at, and what does the head say of it?")
    if moving:
        st.toggle("Hold this step", key=_HOLD, help="The run goes on; only this picture stays.")
    try:
        data = resources.dataset(Source("run", run.name, run.data_setting()))
        seen = [
            (it, _as_seen(resources.annotated_image(data, it.name), it)) for it in live.pictures
        ]
    except UserError as error:
        st.caption(f"The pictures of this run cannot be shown: {error.problem}")
        return
    for place, (number, (picture, annotated)) in zip(
        st.columns(max(2, len(seen)), gap="large"), enumerate(seen), strict=False
    ):
        with place:
            _picture(picture, annotated, number)
    _worst(live.pictures, data.classes)


def _as_seen(annotated: AnnotatedImage, picture: LivePicture) -> AnnotatedImage:
    return annotated.flipped() if picture.flipped else annotated


def _picture(picture: LivePicture, annotated: AnnotatedImage, number: int) -> None:
    is_foreground = picture.labels > 0
    layers = [Layer(palette.GROUND_TRUTH, annotated.boxes)]
    notes = [_note(picture, row, annotated.classes) for row in range(len(picture.labels))]
    texts = _said_of_costliest(picture, annotated.classes)
    for role, which in ((palette.BACKGROUND, ~is_foreground), (palette.FOREGROUND, is_foreground)):
        rows = np.flatnonzero(which)
        layers.append(
            Layer(
                role,
                picture.boxes[rows],
                notes=[notes[row] for row in rows],
                texts=[texts[row] for row in rows],
            )
        )
    wrong = int((picture.scores.argmax(axis=1) != picture.labels).sum()) if len(notes) else 0
    figures.show(
        figures.draw(annotated.image, *layers),
        key=f"step-{number}",
        caption=f"{picture.name}{', mirrored' if picture.flipped else ''}: {is_foreground.sum()} positive and "
        f"{(~is_foreground).sum()} negative RoIs; the head is wrong about {wrong} of them. Written at the "
        f"{_SPOKEN} that cost most: what it says.",
    )


def _said_of_costliest(picture: LivePicture, classes: tuple[str, ...]) -> list[str]:
    """A word for each RoI: what the head says of the few with the largest loss, nothing of the others."""
    names = ("background", *classes)
    costliest = set(np.argsort(-_loss(picture), kind="stable")[:_SPOKEN].tolist())
    return [
        f"{names[int(scores.argmax())]} {scores.max():.2f}" if row in costliest else ""
        for row, scores in enumerate(picture.scores)
    ]


def _loss(picture: LivePicture) -> FloatArray:
    """(R,) what each RoI costs."""
    return picture.classification_loss + picture.box_loss


def _note(picture: LivePicture, row: int, classes: tuple[str, ...]) -> str:
    names = ("background", *classes)
    said = int(picture.scores[row].argmax())
    return (
        f"is {names[picture.labels[row]]}, IoU {picture.iou[row]:.2f}<br>"
        f"head says {names[said]}, {picture.scores[row, said]:.2f}<br>loss {_loss(picture)[row]:.2f}"
    )


def _worst(pictures: tuple[LivePicture, ...], classes: tuple[str, ...]) -> None:
    """The RoIs that cost most, as a table."""
    names = ("background", *classes)
    rows = [
        {
            "Picture": it.name,
            "Is": names[it.labels[row]],
            "IoU": float(it.iou[row]),
            "Head says": names[int(it.scores[row].argmax())],
            "Score of the truth": float(it.scores[row, it.labels[row]]),
            "Classification loss": float(it.classification_loss[row]),
            "Box loss": float(it.box_loss[row]),
            "Loss": float(_loss(it)[row]),
        }
        for it in pictures
        for row in range(len(it.labels))
    ]
    if not rows:
        return
    st.markdown("##### Which RoIs cost most?")
    st.dataframe(
        pd.DataFrame(rows).sort_values("Loss", ascending=False).head(_WORST),
        hide_index=True,
        key="worst-rois",
        column_config={
            name: st.column_config.NumberColumn(format="%.3f")
            for name in ("IoU", "Score of the truth", "Classification loss", "Box loss", "Loss")
        },
    )
