"""Each person's best box followed through the filters: the filter that removes it, and the knob that keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import streamlit as st

from fastrcnn_core import palette
from fastrcnn_core.flags import text
from fastrcnn_core.proposals.quality import BestBox, Removal, best_by_stage
from pages.ui.cache import searches
from pages.ui.components import figures
from pages.ui.proposals import knobs, miss_reasons, origin, tables
from pages.ui.proposals.view import View
from pages.ui.state.proposals import followed_key

_LOST = replace(palette.SUPPRESSED, width=2.5, opacity=1.0, halo=0.7)


def show(view: View) -> None:
    """Show all people in a table, then one of them in words left and in the picture right."""
    st.markdown("**Which filter loses a good box?**")
    paths = [best_by_stage(view.funnel, person) for person in view.people]
    if len(paths) > 1:
        tables.show(miss_reasons.table(paths, noun=view.noun), decimals=2)
    left, right = st.columns([13, 8], gap="large")
    with left:
        person = _pick(view, paths)
        st.markdown(miss_reasons.main_reason(view, person, paths[person]))
        _ledger(view, person, paths[person])
    with right:
        _picture(view, person, paths[person])
    _where_from(view, person, paths[person])


def _pick(view: View, paths: Sequence[tuple[BestBox, ...]]) -> int:
    """Pick the person to follow; by default the one who loses most IoU."""
    lost = [steps[0].iou - steps[-1].iou for steps in paths]
    return int(
        st.selectbox(
            f"Follow the best box of {view.noun}",
            list(range(len(paths))),
            index=int(np.argmax(lost)),
            format_func=lambda row: f"{row + 1}: loses {lost[row]:.2f} of IoU on the way",
            key=followed_key(view.image.key),
        )
    )


def _ledger(view: View, person: int, steps: tuple[BestBox, ...]) -> None:
    """Show the best remaining IoU and its rank after each stage; below, the reason for each removal."""
    rows = pd.DataFrame(
        {
            "Stage": [miss_reasons.label(step.stage) for step in steps],
            "Best IoU": [step.iou for step in steps],
            "Rank": pd.array([step.rank for step in steps], dtype="Int64"),
        }
    )
    tables.show(rows, decimals=2)
    reasons = [
        f"- **{miss_reasons.label(after.stage)}** takes the box of IoU {before.iou:.2f}: "
        f"{miss_reasons.words(after.removal, after.stage, view)}. "
        + _given_back(view, person, after.removal, after.stage)
        for before, after in pairwise(steps)
        if after.removal is not None
    ]
    st.markdown("\n".join(reasons) or _nothing_lost(view, steps))


def _given_back(view: View, person: int, removal: Removal, stage: str) -> str:
    """Word the person's best IoU with the knob at the nearest value that keeps the box."""
    name, value = miss_reasons.remedy(removal, stage)
    with st.spinner(f"Trying {knobs.label(name)} at {text(value)}…"):
        config = replace(view.config, **{name: value})
        iou = searches.summary(view.image, view.people, config).overlaps[person]
    stands = f"{value:,}" if isinstance(value, int) else text(value)
    return f"With the knob *{knobs.label(name)}* at {stands}, the best that is kept has an IoU of **{iou:.2f}**."


def _nothing_lost(view: View, steps: tuple[BestBox, ...]) -> str:
    if steps[0].index is None:
        return f"No box that was found touches this {view.noun}: the filters have nothing to lose."
    return "The best box that was found survives every stage."


def _picture(view: View, person: int, steps: tuple[BestBox, ...]) -> None:
    """Draw the person, the best proposal, and the best box of the search if a filter removed it."""
    boxes = view.funnel.found.boxes
    layers = [figures.Layer(palette.GROUND_TRUTH, view.people[[person]], texts=[str(person + 1)])]
    first, last = steps[0], steps[-1]
    if last.index is not None:
        note = f"The best box kept: IoU {last.iou:.2f}"
        layers.append(
            figures.Layer(palette.FOREGROUND, boxes[[last.index]], [note], label="Best kept")
        )
    if first.index is not None and first.index != last.index:
        note = f"The best box found: IoU {first.iou:.2f}"
        layers.append(figures.Layer(_LOST, boxes[[first.index]], [note], label="Best found, lost"))
    figures.show(
        figures.draw(view.image, *layers),
        key="followed-box",
        caption=f"What did the filters cost {view.noun} {person + 1}? IoU {first.iou:.2f} found, {last.iou:.2f} kept.",
    )


def _where_from(view: View, person: int, steps: tuple[BestBox, ...]) -> None:
    """Show strategy and merge of the person's best box of the search, kept or not."""
    index = steps[0].index
    source = None if index is None else origin.origin_of_found(view, index)
    if source is not None and source.strategy is not None:
        st.markdown(f"**Where did the best box of {view.noun} {person + 1} come from?**")
        origin.story(view, source.strategy, source, key="play-followed", label="Play how it grew")
