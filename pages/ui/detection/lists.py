"""Tables of detections, suppressed boxes and ground-truth boxes; a click on a row chooses its box."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui.components import pickers
from pages.ui.components.detection_view import DetectionView
from pages.ui.detection import selection, tables
from pages.ui.state.detection import Choice, GroundTruthBox


def show(view: DetectionView, chosen: Choice) -> None:
    """Show detections, suppressed boxes or annotations, one table at a time; a click on a row chooses its box."""
    suppressed = np.argsort(-view.detections.suppressed.scores.numpy(), kind="stable")
    suppressed = suppressed[: tables.MOST]
    offered: dict[str, tuple[pd.DataFrame, Sequence[Choice]]] = {
        "detections": (
            tables.detections(view),
            [selection.detection(view, row) for row in range(len(view.detections.boxes))],
        ),
        "suppressed": (
            tables.suppressed(view, suppressed),
            [selection.suppressed(view, int(row)) for row in suppressed],
        ),
    }
    if view.annotated is not None:
        ground_truth = [GroundTruthBox(gt_index) for gt_index in view.diagnoses]
        offered["people"] = (tables.people(view), ground_truth)
    labels = {"detections": "Detections", "suppressed": "Suppressed", "people": "Annotated"}
    shown = st.segmented_control(
        "Choose a box: click on its mark in the picture, or on a row",
        list(offered),
        format_func=lambda name: f"{labels[name]} ({len(offered[name][1])})",
        default="detections",
        required=True,
        key="boxes-shown",
    )
    table, choices = offered[shown]
    if choices:
        _table(view, table, choices, chosen, key=f"boxes-{shown}")
    else:
        st.caption("None.")


def _table(
    view: DetectionView, table: pd.DataFrame, choices: Sequence[Choice], chosen: Choice, *, key: str
) -> None:
    pickers.table(
        table,
        key=key,
        chosen=choices.index(chosen) if chosen in choices else None,
        on_choose=lambda row: selection.choose(view, choices[row]),
        column_config=tables.FORMATS,
        height="auto" if len(table) < 6 else 240,
    )
