"""The RoI sampling page's tables: the drawn RoIs, and what other thresholds would give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from pages.ui.components import nouns
from pages.ui.roi_sampling import words
from pages.ui.roi_sampling.view import SamplingView

# The deltas d in units of their spread: what stands in the formulas as t.
TARGETS = ("tx", "ty", "tw", "th")
FORMATS = {name: st.column_config.NumberColumn(format="%.2f") for name in ("IoU", *TARGETS)}


def drawn(view: SamplingView) -> pd.DataFrame:
    """Tabulate the sampled RoIs in their order, one row each; targets are the deltas to learn, in units"""
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


def more_positives(view: SamplingView) -> pd.DataFrame:
    """Count the candidates that would be positive at other IoUs, and the positives that a step would sample."""
    ious = sorted({0.3, 0.4, 0.5, 0.6, 0.7, round(view.config.foreground_iou, 2)})
    counts = [int((view.iou >= np.float32(iou)).sum()) for iou in ious]
    return pd.DataFrame(
        {
            "Foreground IoU": [f"{iou:.2f}" for iou in ious],
            "Positive candidates": counts,
            "Drawn at most": [min(count, view.places) for count in counts],
        }
    )


def _origin(view: SamplingView, row: int) -> str:
    return f"proposal {row + 1}" if row < view.proposals else "ground truth"
