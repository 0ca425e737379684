"""Proposals as files: JSON as the command line writes it, and CSV with each box's origin."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import streamlit as st

from fastrcnn_core.boxes import pairwise_iou
from pages.ui.proposals.view import View


def show(view: View) -> None:
    """Show two download buttons; the files are made on click."""
    with st.container(horizontal=True):
        for kind, make, mime in (
            ("JSON", as_json, "application/json"),
            ("CSV", as_csv, "text/csv"),
        ):
            st.download_button(
                f"Proposals as {kind}",
                lambda make=make: make(view),  # type: ignore[misc]
                f"{view.picture.name}-proposals.{kind.lower()}",
                mime,
                key=f"save-proposals-{kind}",
                icon=":material/download:",
                type="tertiary",
                on_click="ignore",
            )


def as_json(view: View) -> str:
    """Write the proposals as `python -m fastrcnn_core propose --out` does, for one picture."""
    picture = {
        "name": view.picture.name,
        "height": view.image.height,
        "width": view.image.width,
        "boxes": view.proposals.round(2).tolist(),
    }
    return json.dumps({"images": [picture]})


def as_csv(view: View) -> str:
    """Write the table of proposals as CSV."""
    return table(view).to_csv(index=False)


def table(view: View) -> pd.DataFrame:
    """Build a row for each proposal, best first: rank, box, origin, and best IoU if there is an annotation."""
    found, survivors = view.funnel.found, view.funnel.stages[-1].survivors
    columns = dict(zip(("x1", "y1", "x2", "y2"), view.proposals.round(2).T, strict=True))
    names = np.array([str(strategy) for strategy in found.strategies] or ["package"])
    rows = pd.DataFrame({"rank": np.arange(1, len(survivors) + 1), **columns})
    rows["strategy"] = names[found.strategy[survivors]]
    rows["node"] = found.node[survivors]
    if len(view.people):
        iou = pairwise_iou(view.proposals, view.people)
        rows["best_iou"] = iou.max(axis=1).round(4)
        rows[view.noun] = iou.argmax(axis=1) + 1
    return rows
