"""A recent step of a run: its pictures, the RoIs that were sampled, and what the head says of each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import streamlit as st

from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.errors import UserError
from fastrcnn_core.runs import LivePicture, Run
from fastrcnn_core.structures import AnnotatedImage, FloatArray
from pages.ui import figures, palette, resources
from pages.ui.figures import Layer
from pages.ui.palette import Role
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
        if _is_other(run, data):
            st.caption(
                "The pictures of this run cannot be shown: its data set has changed since, and boxes would lie "
                "beside the people."
            )
            return
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


def _is_other(run: Run, data: Dataset) -> bool:
    """The data set is not what it was when the run was begun."""
    begun_with = run.environment().get("data", {}).get("hash")
    return begun_with is not None and begun_with != data.content_hash


def _as_seen(annotated: AnnotatedImage, picture: LivePicture) -> AnnotatedImage:
    return annotated.flipped() if picture.flipped else annotated


def _picture(picture: LivePicture, annotated: AnnotatedImage, number: int) -> None:
    is_foreground = picture.labels > 0
    layers = [Layer(palette.GROUND_TRUTH, annotated.boxes)]
    for role, which in ((palette.BACKGROUND, ~is_foreground), (palette.FOREGROUND, is_foreground)):
        layers += _layers(role, which, picture, annotated.classes)
    any_rois = bool(len(picture.labels))
    wrong = int((picture.scores.argmax(axis=1) != picture.labels).sum()) if any_rois else 0
    figures.show(
        figures.draw(annotated.image, *layers),
        key=f"step-{number}",
        caption=f"{picture.name}{', mirrored' if picture.flipped else ''}: {is_foreground.sum()} positive and "
        f"{(~is_foreground).sum()} negative RoIs; the head is wrong about {wrong} of them. Written at the "
        f"{_SPOKEN} that cost most: what it says.",
    )


def _layers(
    role: Role, which: npt.NDArray[np.bool_], picture: LivePicture, classes: tuple[str, ...]
) -> list[Layer]:
    """The RoIs of one role, and above them those that cost most, with what the head says of them."""
    notes = [_note(picture, row, classes) for row in range(len(picture.labels))]
    loud = np.zeros(len(notes), dtype=bool)
    loud[np.argsort(-_loss(picture), kind="stable")[:_SPOKEN]] = True
    quiet, loud = np.flatnonzero(which & ~loud), np.flatnonzero(which & loud)
    layers = [Layer(role, picture.boxes[quiet], notes=[notes[row] for row in quiet])]
    if len(loud):
        layers.append(
            Layer(
                replace(role, halo=1.0),
                picture.boxes[loud],
                notes=[notes[row] for row in loud],
                texts=[_said(picture.scores[row], classes) for row in loud],
                label=f"{role.label}, costs most",
            )
        )
    return layers


def _said(scores: FloatArray, classes: tuple[str, ...]) -> str:
    return f"{('background', *classes)[int(scores.argmax())]} {scores.max():.2f}"


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
