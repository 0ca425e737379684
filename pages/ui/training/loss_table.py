"""Which RoIs does a step's loss consist of? Close-ups of the dearest, all of them side by side, and a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from fastrcnn_core import palette
from pages.ui.components import chart
from pages.ui.components.chart import Axis, Bars, Chart
from pages.ui.training.snippets import snippet
from pages.ui.training.step_pictures import COSTS, SHARES, Seen, costliest_told

_TABLE_HEIGHT = 320


def show(seen: Seen) -> None:
    """The dearest RoIs, largest first; nothing for a step without RoIs."""
    order = seen.paid.largest_first
    if not len(order):
        return
    st.markdown("##### Which RoIs cost most?")
    st.caption(_summary(seen))
    with st.grid("auto", min_column_width=190, gap="small"):
        for overall in order[: costliest_told()].tolist():
            _close_up(seen, overall)
    left, right = st.columns(2, gap="large")
    with left:
        question = "Each RoI's part of the loss, largest first"
        caption = f"{question}: what its class cost, and on top of it what its box cost."
        chart.show(_bars(seen), key="plot-costs", alt=question, caption=caption)
    with right:
        _table(seen)


def _summary(seen: Seen) -> str:
    if not seen.shares.sum():
        return "This step cost nothing: the head was right and sure about every RoI."
    first = seen.paid.largest_first[: costliest_told()]
    labels = np.concatenate([it.labels for it in seen.step.images])
    positive, count = float(seen.shares[labels > 0].sum()), int((labels > 0).sum())
    return (
        f"Of {len(labels)} RoIs, the {len(first)} dearest make {seen.paid.share_of(first):.0%} of the loss. The "
        f"{count} positives pay {positive:.0%} of it, the {len(labels) - count} negatives {1 - positive:.0%}."
    )


def _close_up(seen: Seen, overall: int) -> None:
    number, row = int(seen.paid.image[overall]), int(seen.paid.row[overall])
    picture = seen.step.images[number]
    place = int(np.searchsorted(SHARES, seen.shares[overall], side="right")) - 1
    with st.container(gap="xxsmall"):
        st.image(
            snippet(seen.annotated[number], picture.boxes[row], colour=COSTS[place].colour),
            width="stretch",
            alt=f"The RoI that cost the {seen.ranks[overall]}. most, in {picture.name}",
        )
        st.caption(
            f"**#{seen.ranks[overall]}, {seen.shares[overall]:.0%}**: is {seen.names[picture.labels[row]]} "
            f"(IoU {picture.iou[row]:.2f}), head says {seen.said(number, row)}"
        )


def _bars(seen: Seen) -> Chart:
    order = seen.paid.largest_first
    rank = list(range(1, len(order) + 1))
    parts = (
        ("Classification", seen.paid.classification, palette.BLUE, ""),
        ("Box", seen.paid.box, palette.ORANGE, "/"),
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
    return Chart(bars, Axis("RoI, by price"), Axis(), height=260)


def _table(seen: Seen) -> None:
    numbers = ("IoU", "Score of the truth", "Classification loss", "Box loss")
    st.dataframe(
        pd.DataFrame([_row(seen, overall) for overall in seen.paid.largest_first.tolist()]),
        hide_index=True,
        key="worst-rois",
        height=_TABLE_HEIGHT,
        column_config={
            "Share": st.column_config.NumberColumn(format="percent"),
            **{name: st.column_config.NumberColumn(format="%.3f") for name in numbers},
        },
    )


def _row(seen: Seen, overall: int) -> dict[str, Any]:
    number, row = int(seen.paid.image[overall]), int(seen.paid.row[overall])
    it = seen.step.images[number]
    return {
        "#": int(seen.ranks[overall]),
        "Share": float(seen.shares[overall]),
        "Is": seen.names[it.labels[row]],
        "Head says": seen.names[int(it.scores[row].argmax())],
        "IoU": float(it.iou[row]),
        "Score of the truth": float(it.scores[row, it.labels[row]]),
        "Classification loss": float(it.classification_loss[row]),
        "Box loss": float(it.box_loss[row]),
        "Picture": it.name,
    }
