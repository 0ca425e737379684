"""Annotations of one picture: on it, and in a table whose selected row shows its box."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fastrcnn_core import palette
from fastrcnn_core.datasets.coco_writing import to_coco
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.structures import AnnotatedImage
from pages.ui.cache import datasets
from pages.ui.components import figures
from pages.ui.components.wording import counted
from pages.ui.state import selected_picture
from pages.ui.state.dataset import DatasetSelection

# The filter of the original notebook drops proposals that are thinner than this.
NOTEBOOK_ASPECT = 4.0


def show(picture: selected_picture.Picture) -> None:
    """Show the picture beside the table of its annotations; without ground truth, the picture alone."""
    if picture.annotated is None:
        figures.show(
            figures.draw(picture.image),
            key="people",
            caption=f"{_size(picture)}. Your own picture has no ground truth, so no box is drawn.",
        )
        return
    left, right = st.columns([3, 2], gap="medium")
    with right:
        chosen = _table(picture.annotated)
        masks = picture.annotated.instances is not None and st.toggle(
            "Instance masks",
            key=DatasetSelection.key("masks"),
            bind="query-params",
            help="The pixels of each person.",
        )
    with left:
        _picture(picture, picture.annotated, chosen=chosen, masks=masks)


def table_of(annotated: AnnotatedImage) -> pd.DataFrame:
    """Build a row for each annotation, numbered from 1: class, width, height, aspect, share of the picture, tag.

    Class and tag are left out where they are the same for all.
    """
    boxes = annotated.boxes.astype(float)
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    table = pd.DataFrame(
        {
            "Number": np.arange(1, len(boxes) + 1),
            "Class": [annotated.classes[label - 1] for label in annotated.labels],
            "Width": width,
            "Height": height,
            "Aspect": np.maximum(width, height) / np.minimum(width, height),
            "Share": 100 * width * height / (annotated.image.width * annotated.image.height),
            "Tag": list(annotated.tags),
        }
    )
    idle = [] if any(annotated.tags) else ["Tag"]
    return table.drop(columns=idle if len(annotated.classes) > 1 else [*idle, "Class"])


def coco_json(data: Dataset) -> str:
    """Write all annotations of a data set in COCO's format."""
    listed = datasets.all_annotations(data)
    return json.dumps(to_coco(listed, data.classes, data.coco_ids, file_name=data.file_name))


def _picture(
    picture: selected_picture.Picture, annotated: AnnotatedImage, *, chosen: int | None, masks: bool
) -> None:
    layers = [figures.Layer(palette.GROUND_TRUTH, annotated.boxes, notes=_notes(annotated))]
    if chosen is not None:
        layers.append(figures.Layer(palette.CHOSEN, annotated.boxes[[chosen]]))
    boxes = counted(len(annotated.boxes), "box")
    part = "training" if picture.part == "train" else "test"
    figures.show(
        figures.draw(picture.image, *layers, masks=annotated.instances if masks else None),
        key="people",
        caption=f"Who is there? {boxes} marked on {picture.name}, {_size(picture)}, {part} split.",
    )


def _table(annotated: AnnotatedImage) -> int | None:
    """Show the table; return the selected row."""
    st.subheader("How large is each of them?", anchor=False)
    if not len(annotated.boxes):
        st.markdown(
            "This picture has no annotations. Training takes it as background only, and every detection on it is a "
            "false positive."
        )
        return None
    event: Any = st.dataframe(
        table_of(annotated),
        key=f"people-{annotated.image.key}",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "Width": st.column_config.NumberColumn(format="%d px"),
            "Height": st.column_config.NumberColumn(format="%d px"),
            "Aspect": st.column_config.NumberColumn(
                format="%.2f", help="Longer side divided by the shorter"
            ),
            "Share": st.column_config.NumberColumn(format="%.1f %%", help="Of the picture's area"),
        },
        alt="The people of the picture with their sizes",
    )
    st.caption(
        "A click on a row shows its box. From an aspect of 4 on, the proposal filter of the original "
        "Fast R-CNN notebook would drop even a perfect box."
    )
    rows = event.selection.rows
    return int(rows[0]) if rows else None


def _notes(annotated: AnnotatedImage) -> list[str]:
    return [
        f"{annotated.classes[label - 1]} {number}<br>{x2 - x1:.0f} × {y2 - y1:.0f} px (w × h)"
        + (f"<br>{tag}" if tag else "")
        for number, ((x1, y1, x2, y2), label, tag) in enumerate(
            zip(annotated.boxes.tolist(), annotated.labels, annotated.tags, strict=True), start=1
        )
    ]


def _size(picture: selected_picture.Picture) -> str:
    return f"{picture.image.width} × {picture.image.height} px (w × h)"
