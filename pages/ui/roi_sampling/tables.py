"""The RoI sampling page's tables: the drawn RoIs, and what other thresholds would give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui.components import nouns
from pages.ui.roi_sampling import words
from pages.ui.roi_sampling.view import View

# The deltas d in units of their spread: what stands in the formulas as t.
TARGETS = ("tx", "ty", "tw", "th")
FORMATS = {name: st.column_config.NumberColumn(format="%.2f") for name in ("IoU", *TARGETS)}


def drawn(view: View) -> pd.DataFrame:
    """One row a sampled RoI, in the draw's order; targets are what the head should say, in units of their spread."""
    targets = view.sampled.targets.numpy().astype(float)
    targets[~view.sampled.is_foreground.numpy()] = np.nan
    return pd.DataFrame(
        {
            "RoI": [words.SHORT[view.kind(row)] for row in view.drawn],
            "From": [_origin(view, int(row)) for row in view.drawn],
            "IoU": view.iou[view.drawn],
            "Match": [nouns.numbered(view.annotated, int(view.matches[row])) for row in view.drawn],
            **dict(zip(TARGETS, targets.T, strict=True)),
        }
    )


def more_positives(view: View) -> pd.DataFrame:
    """How many candidates would be positive at other IoUs, and how many of them a step would look at."""
    ious = sorted({0.3, 0.4, 0.5, 0.6, 0.7, round(view.config.foreground_iou, 2)})
    counts = [int((view.iou >= np.float32(iou)).sum()) for iou in ious]
    return pd.DataFrame(
        {
            "Foreground IoU": [f"{iou:.2f}" for iou in ious],
            "Positive candidates": counts,
            "Drawn at most": [min(count, view.places) for count in counts],
        }
    )


def _origin(view: View, row: int) -> str:
    return f"proposal {row + 1}" if row < view.proposals else "ground truth"
