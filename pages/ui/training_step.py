"""A recent step of a run: its pictures, the RoIs that were sampled, and what the head says of each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from fastrcnn_core.errors import UserError
from fastrcnn_core.runs import LivePicture, Run
from fastrcnn_core.structures import AnnotatedImage
from pages.ui import figures, palette, resources
from pages.ui.figures import Layer
from pages.ui.resources import Source

_WORST = 8  # rows of the table


def show(run: Run) -> None:
    """The step's pictures side by side, then the RoIs that cost most."""
    live = run.live()
    if live is None or not live.pictures:
        return
    st.markdown(f"#### What did step {live.step} look at, and what does the head say of it?")
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
    notes = np.array(
        [_note(picture, row, annotated.classes) for row in range(len(picture.labels))],
        dtype=object,
    )
    layers = [Layer(palette.GROUND_TRUTH, annotated.boxes)]
    for role, which in ((palette.BACKGROUND, ~is_foreground), (palette.FOREGROUND, is_foreground)):
        layers.append(Layer(role, picture.boxes[which], notes=list(notes[which])))
    wrong = int((picture.scores.argmax(axis=1) != picture.labels).sum()) if len(notes) else 0
    figures.show(
        figures.draw(annotated.image, *layers),
        key=f"step-{number}",
        caption=f"{picture.name}{', mirrored' if picture.flipped else ''}: {is_foreground.sum()} positive and "
        f"{(~is_foreground).sum()} negative RoIs; the head is wrong about {wrong} of them.",
    )


def _note(picture: LivePicture, row: int, classes: tuple[str, ...]) -> str:
    names = ("background", *classes)
    said = int(picture.scores[row].argmax())
    paid = picture.classification_loss[row] + picture.box_loss[row]
    return (
        f"is {names[picture.labels[row]]}, IoU {picture.iou[row]:.2f}<br>"
        f"head says {names[said]}, {picture.scores[row, said]:.2f}<br>loss {paid:.2f}"
    )


def _worst(pictures: tuple[LivePicture, ...], classes: tuple[str, ...]) -> None:
    """The RoIs that cost most, as a table."""
    names = ("background", *classes)
    rows = [
        {
            "picture": it.name,
            "is": names[it.labels[row]],
            "IoU": float(it.iou[row]),
            "head says": names[int(it.scores[row].argmax())],
            "score of the truth": float(it.scores[row, it.labels[row]]),
            "classification loss": float(it.classification_loss[row]),
            "box loss": float(it.box_loss[row]),
        }
        for it in pictures
        for row in range(len(it.labels))
    ]
    table = pd.DataFrame(rows)
    if not len(table):
        return
    table["loss"] = table["classification loss"] + table["box loss"]
    st.markdown("##### Which RoIs cost most?")
    st.dataframe(
        table.sort_values("loss", ascending=False).head(_WORST).round(3),
        hide_index=True,
        key="worst-rois",
    )
