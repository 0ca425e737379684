"""The RoIs of a step by loss: crops of the highest, all of them side by side, and a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fastrcnn_core import palette
from pages.ui.components import chart
from pages.ui.components.chart import Axis, Bars, Chart
from pages.ui.training.snippets import snippet
from pages.ui.training.step_pictures import COSTS, SHARES, StepLosses, numbered_count

_TABLE_HEIGHT = 320


def show(losses: StepLosses) -> None:
    """Show the RoIs with the highest loss, largest first; nothing for a step without RoIs."""
    order = losses.breakdown.largest_first
    if not len(order):
        return
    st.markdown("##### Which RoIs have the highest loss?")
    st.caption(_summary(losses))
    with st.grid("auto", min_column_width=190, gap="small"):
        for overall in order[: numbered_count()].tolist():
            _close_up(losses, overall)
    left, right = st.columns(2, gap="large")
    with left:
        question = "Each RoI's part of the loss, largest first"
        caption = f"{question}: its classification loss, and on top of it its box loss."
        chart.show(_bars(losses), key="plot-costs", alt=question, caption=caption)
    with right:
        _table(losses)


def _summary(losses: StepLosses) -> str:
    if not losses.shares.sum():
        return "The loss of this step is 0: the head was right and sure about every RoI."
    first = losses.breakdown.largest_first[: numbered_count()]
    labels = np.concatenate([image.labels for image in losses.snapshot.images])
    positive, count = float(losses.shares[labels > 0].sum()), int((labels > 0).sum())
    return (
        f"Of {len(labels)} RoIs, the {len(first)} with the highest loss make "
        f"{losses.breakdown.share_of(first):.0%} of the loss. The {count} positives make "
        f"{positive:.0%} of it, the {len(labels) - count} negatives {1 - positive:.0%}."
    )


def _close_up(losses: StepLosses, overall: int) -> None:
    number, row = int(losses.breakdown.image[overall]), int(losses.breakdown.row[overall])
    picture = losses.snapshot.images[number]
    place = int(np.searchsorted(SHARES, losses.shares[overall], side="right")) - 1
    with st.container(gap="xxsmall"):
        st.image(
            snippet(losses.annotated[number], picture.boxes[row], colour=COSTS[place].colour),
            width="stretch",
            alt=f"RoI number {losses.ranks[overall]} by loss, in {picture.name}",
        )
        st.caption(
            f"**#{losses.ranks[overall]}, {losses.shares[overall]:.0%}**: is {losses.names[picture.labels[row]]} "
            f"(IoU {picture.iou[row]:.2f}), head says {losses.prediction(number, row)}"
        )


def _bars(losses: StepLosses) -> Chart:
    order = losses.breakdown.largest_first
    rank = list(range(1, len(order) + 1))
    parts = (
        ("Classification", losses.breakdown.classification, palette.BLUE, ""),
        ("Box", losses.breakdown.box, palette.ORANGE, "/"),
    )
    bars = tuple(
        Bars(
            name,
            rank,
            [float(f"{value:.3g}") for value in values[order]],
            colour,
            hatch,
            hover="#%{x}: %{y:.3g}",
        )
        for name, values, colour, hatch in parts
    )
    return Chart(bars, Axis("RoI, by loss"), Axis(), height=260)


def _table(losses: StepLosses) -> None:
    numbers = ("IoU", "Score of the truth", "Classification loss", "Box loss")
    st.dataframe(
        pd.DataFrame(
            [_row(losses, overall) for overall in losses.breakdown.largest_first.tolist()]
        ),
        hide_index=True,
        key="worst-rois",
        height=_TABLE_HEIGHT,
        column_config={
            "Share": st.column_config.NumberColumn(format="percent"),
            **{name: st.column_config.NumberColumn(format="%.3f") for name in numbers},
        },
    )


def _row(losses: StepLosses, overall: int) -> dict[str, Any]:
    number, row = int(losses.breakdown.image[overall]), int(losses.breakdown.row[overall])
    image = losses.snapshot.images[number]
    return {
        "#": int(losses.ranks[overall]),
        "Share": float(losses.shares[overall]),
        "Is": losses.names[image.labels[row]],
        "Head says": losses.names[int(image.scores[row].argmax())],
        "IoU": float(image.iou[row]),
        "Score of the truth": float(image.scores[row, image.labels[row]]),
        "Classification loss": float(image.classification_loss[row]),
        "Box loss": float(image.box_loss[row]),
        "Picture": image.name,
    }
