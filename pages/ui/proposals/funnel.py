"""Filters of the proposals: count and time of each stage, and each person's best box through them."""

from __future__ import annotations

import numpy as np
import streamlit as st

from fastrcnn_core import palette
from fastrcnn_core.config import PRESETS
from fastrcnn_core.proposals import funnel
from fastrcnn_core.proposals.quality import best_by_stage
from pages.ui.components import chart, source
from pages.ui.components.chart import Axis, Bars, Chart
from pages.ui.components.wording import counted, duration
from pages.ui.proposals import following, miss_reasons
from pages.ui.proposals.view import View

_NOTEBOOK_ASPECT = PRESETS["notebook"].proposals.max_aspect


def show(view: View) -> None:
    """Show the stages as bars, each person's best box, and the effect of the original notebook's aspect limit."""
    st.subheader("Which filter costs what?", anchor=False)
    _stages(view)
    if len(view.people):
        following.show(view)
    _what_the_aspect_limit_does(view)
    source.show(funnel, best_by_stage)


def _stages(view: View) -> None:
    """Chart each stage's count and time; the first stage's time is the search's."""
    stages = view.funnel.stages
    counts = [len(stage.survivors) for stage in stages]
    seconds = [view.timed.seconds, *(stage.seconds for stage in stages[1:])]
    texts = [f"{count:,} · {duration(cost)}" for count, cost in zip(counts, seconds, strict=True)]
    names = [_label(view, stage.name) for stage in stages]
    bars = Bars("Boxes", counts, names, palette.SKY, horizontal=True, texts=texts)
    drawn = Chart(
        (bars,),
        Axis(visible=False),
        Axis(words=True, reversed=True),
        height=56 + 44 * len(names),
    )
    steps = ", ".join(f"{name}: {text}" for name, text in zip(names, texts, strict=True))
    chart.show(
        drawn, key="funnel-bars", question="How many boxes does each stage leave?", alt=steps
    )


def _label(view: View, stage: str) -> str:
    """Label a stage with the value of its knob."""
    config = view.config
    aspect = "any" if config.max_aspect is None else f"≤ {config.max_aspect:g}:1"
    iou = "exact repeats" if config.distinct_iou is None else f"IoU > {config.distinct_iou:g}"
    return {
        "found": "found",
        "minimum side": f"minimum side (≥ {config.min_side} px)",
        "aspect ratio": f"aspect ratio ({aspect})",
        "deduplicated": f"{miss_reasons.label(stage)} ({iou})",
        "kept": f"kept (≤ {config.limit:,})",
    }[stage]


def _what_the_aspect_limit_does(view: View) -> None:
    """Word the effect of the original notebook's aspect limit on this picture."""
    free, limited = view.with_knobs(max_aspect=None), view.with_knobs(max_aspect=_NOTEBOOK_ASPECT)
    before, after = free.funnel.stage("minimum side"), limited.funnel.stage("aspect ratio")
    gone = len(before.survivors) - len(after.survivors)
    costs = free.overlaps[-1] - limited.overlaps[-1]
    sentence = (
        f"**What would an aspect limit of {_NOTEBOOK_ASPECT:g}:1, that of the original Fast R-CNN notebook, do?** "
        f"It takes {counted(gone, 'box')} of {len(before.survivors):,} on this picture. "
    )
    if len(view.people):
        sentence += _who_pays(view, free, limited) if costs.max() > 0.005 else "No IoU here falls. "
    st.markdown(
        sentence
        + "People who stand with their arms at their sides are thin: 12 of Penn-Fudan's 423 pedestrians are "
        "taller than 4:1, and no box that the limit allows can fit them well."
    )


def _who_pays(view: View, free: View, limited: View) -> str:
    person = int(np.argmax(free.overlaps[-1] - limited.overlaps[-1]))
    x1, y1, x2, y2 = view.people[person]
    return (
        f"{view.noun.capitalize()} {person + 1}, {(y2 - y1) / (x2 - x1):.1f} times as high as wide, falls from an IoU "
        f"of {free.overlaps[-1, person]:.2f} to {limited.overlaps[-1, person]:.2f}. "
    )
