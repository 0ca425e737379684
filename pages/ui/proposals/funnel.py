"""Which filter costs what? Counts and time of every stage, and one person's best box followed through them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import streamlit as st

from fastrcnn_core.config import PRESETS
from fastrcnn_core.proposals import funnel
from fastrcnn_core.proposals.following import Best, Loss, follow
from pages.ui import figures, palette, source
from pages.ui.proposals import charts
from pages.ui.proposals.view import View, duration, plural

_NOTEBOOK_ASPECT = PRESETS["notebook"].proposals.max_aspect


def show(view: View) -> None:
    """The stages as bars; then who lost what, and what the notebook's aspect limit would take."""
    st.subheader("Which filter costs what?", anchor=False)
    _stages(view)
    if len(view.people):
        _followed(view)
    _what_the_aspect_limit_does(view)
    source.show(funnel, follow)


def words(loss: Loss, stage: str, view: View) -> str:
    """Why a stage took a box, in one sentence with its numbers."""
    if stage == "big enough":
        return (
            f"its shorter side has {loss.measure:.0f} pixels; {view.config.min_side} are asked for"
        )
    if stage == "shape":
        return f"its longer side is {loss.measure:.1f} times the shorter; {view.config.max_aspect:g} are allowed"
    if stage == "distinct":
        return f"it repeats a better ranked box at IoU {loss.measure:.2f}"
    return f"it stands at place {loss.measure:,.0f}; {view.config.limit:,} are kept"


def _stages(view: View) -> None:
    """Every stage's count and cost; the search itself is the first one's cost."""
    stages = view.funnel.stages
    counts = [len(stage.survivors) for stage in stages]
    seconds = [view.timed.seconds, *(stage.seconds for stage in stages[1:])]
    texts = [f"{count:,} · {duration(cost)}" for count, cost in zip(counts, seconds, strict=True)]
    names = [_label(view, stage.name) for stage in stages]
    figure = charts.bars(names, counts, texts, [palette.SKY] * len(stages))
    steps = ", ".join(f"{name}: {text}" for name, text in zip(names, texts, strict=True))
    charts.show(
        figure, key="funnel-bars", question="How many boxes does each stage leave?", alt=steps
    )


def _label(view: View, stage: str) -> str:
    """A stage's name with the knob that it obeys."""
    config = view.config
    aspect = "any" if config.max_aspect is None else f"≤ {config.max_aspect:g}:1"
    iou = "exact repeats" if config.distinct_iou is None else f"IoU ≤ {config.distinct_iou:g}"
    return {
        "found": "found",
        "big enough": f"big enough (≥ {config.min_side} px)",
        "shape": f"shape ({aspect})",
        "distinct": f"distinct ({iou})",
        "kept": f"kept (≤ {config.limit:,})",
    }[stage]


def _followed(view: View) -> None:
    """One person's best box from stage to stage: in words left, in the picture right."""
    st.markdown("**Which filter loses a good box?**")
    left, right = st.columns([13, 8], gap="large")
    with left:
        who = _pick(view)
        steps = follow(view.funnel, view.people[who])
        _ledger(view, steps)
    with right:
        _picture(view, who, steps)


def _pick(view: View) -> int:
    """Whom to follow: at first the one who loses most on the way."""
    lost = [_cost(view, who) for who in range(len(view.people))]
    options = list(range(len(view.people)))
    return int(
        st.selectbox(
            f"Follow the best box of {view.noun}",
            options,
            index=int(np.argmax(lost)),
            format_func=lambda who: f"{who + 1}: loses {lost[who]:.2f} of IoU on the way",
            key=f"followed-{view.image.key}",
        )
    )


def _cost(view: View, who: int) -> float:
    """How much IoU the filters cost this person."""
    steps = follow(view.funnel, view.people[who])
    return steps[0].iou - steps[-1].iou


def _ledger(view: View, steps: tuple[Best, ...]) -> None:
    """A row a stage: the best IoU that is left, and its place; below, why each better box went."""
    rows = pd.DataFrame(
        {
            "Stage": [step.stage for step in steps],
            "Best IoU": [step.iou for step in steps],
            "Place": [step.place for step in steps],
        }
    )
    st.dataframe(
        rows,
        hide_index=True,
        column_config={"Best IoU": st.column_config.NumberColumn(format="%.2f")},
    )
    told = [
        f"- **{after.stage}** takes the box of IoU {before.iou:.2f}: {words(after.loss, after.stage, view)}."
        for before, after in pairwise(steps)
        if after.loss is not None
    ]
    st.markdown("\n".join(told) or _nothing_lost(view, steps))


def _nothing_lost(view: View, steps: tuple[Best, ...]) -> str:
    if steps[0].index is None:
        return f"No box that was found touches this {view.noun}: the filters have nothing to lose."
    return "The best box that was found survives every stage."


def _picture(view: View, who: int, steps: tuple[Best, ...]) -> None:
    """The person, the best box that was found, and the best that was kept."""
    boxes = view.funnel.found.boxes
    layers = [figures.Layer(palette.GROUND_TRUTH, view.people[[who]], texts=[str(who + 1)])]
    first, last = steps[0], steps[-1]
    if first.index is not None and first.index != last.index:
        note = f"The best box found: IoU {first.iou:.2f}"
        layers.append(
            figures.Layer(
                palette.SUPPRESSED, boxes[[first.index]], [note], label="Best found, lost"
            )
        )
    if last.index is not None:
        note = f"The best box kept: IoU {last.iou:.2f}"
        layers.append(
            figures.Layer(palette.FOREGROUND, boxes[[last.index]], [note], label="Best kept")
        )
    figures.show(
        figures.draw(view.image, *layers),
        key="followed-box",
        caption=f"What did the filters cost {view.noun} {who + 1}? IoU {first.iou:.2f} found, {last.iou:.2f} kept.",
    )


def _what_the_aspect_limit_does(view: View) -> None:
    """The notebook's filter on this picture, in numbers."""
    free, limited = view.with_knobs(max_aspect=None), view.with_knobs(max_aspect=_NOTEBOOK_ASPECT)
    before, after = free.funnel.stage("big enough"), limited.funnel.stage("shape")
    gone = len(before.survivors) - len(after.survivors)
    costs = free.overlaps[-1] - limited.overlaps[-1]
    sentence = (
        f"**What would the notebook's aspect limit of {_NOTEBOOK_ASPECT:g}:1 do?** "
        f"It takes {plural(gone, 'box')} of {len(before.survivors):,} on this picture. "
    )
    if len(view.people):
        sentence += (
            _who_pays(view, free, limited) if costs.max() > 0.005 else "Nobody here loses by it. "
        )
    st.markdown(
        sentence
        + "People who stand with their arms at their sides are thin: 12 of Penn-Fudan's 423 pedestrians are "
        "taller than 4:1, and no box that the limit allows can fit them well."
    )


def _who_pays(view: View, free: View, limited: View) -> str:
    who = int(np.argmax(free.overlaps[-1] - limited.overlaps[-1]))
    x1, y1, x2, y2 = view.people[who]
    return (
        f"{view.noun.capitalize()} {who + 1}, {(y2 - y1) / (x2 - x1):.1f} times as high as wide, falls from an IoU of "
        f"{free.overlaps[-1, who]:.2f} to {limited.overlaps[-1, who]:.2f}. "
    )
