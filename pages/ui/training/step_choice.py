"""Choice of a recorded step: the newest, or one chosen by number, by its neighbours, or by its loss."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from fastrcnn_core.runs import Run
from pages.ui.cache import run_files
from pages.ui.components import pickers
from pages.ui.state.training import RunStep, TrainingSelection, select_moved

_SLIDER, _TYPED = "step-of-run", "step-of-run-typed"
_COSTLY = 4  # buttons
_SLIDER_WIDTH = 600  # pixels, where there are so many


def chosen(run: Run) -> int | None:
    """Return the step that the reader or the link chose; None for the newest."""
    return TrainingSelection.current().of_run("step", run.name)


def show(run: Run, saved: tuple[int, ...], shown: int, *, moving: bool) -> None:
    """Show a slider over the recorded steps, its number field, neighbours, and the steps with the highest loss."""
    TrainingSelection.write_link("step", None if chosen(run) is None else RunStep(run.name, shown))
    if len(saved) < 2:
        return
    if moving:
        _hold(run, shown)
    inside = min(max(shown, saved[0]), saved[-1])
    position = int(np.searchsorted(saved, inside))
    # A phone has no room for all in one row: what is beside the slider goes below it there.
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _sought(run, saved, inside, st.slider, _SLIDER, label="Step", width=_SLIDER_WIDTH)
        _sought(run, saved, inside, st.number_input, _TYPED, label="Step, typed", width=130)
        _neighbour(run, saved, position - 1, ":material/chevron_left:", "The step before")
        _neighbour(run, saved, position + 1, ":material/chevron_right:", "The step after")
    _costly(run, saved)


def _sought(
    run: Run,
    saved: tuple[int, ...],
    shown: int,
    kind: Callable[..., int],
    name: str,
    *,
    label: str,
    width: int,
) -> None:
    """Show one of the two widgets that hold the step's number."""
    key = f"{name}-{saved[-1]}"  # a widget whose scale has changed answers with what it held before
    pickers.synced(
        kind,
        label,
        *(saved[0], saved[-1]),
        step=1,
        key=key,
        value=shown,
        label_visibility="visible" if name == _SLIDER else "collapsed",
        width=width,
        on_choose=lambda step: select_moved("step", run.name, int(step), shown=shown),
    )


def _hold(run: Run, shown: int) -> None:
    pickers.synced(
        st.toggle,
        "Hold this step",
        key=TrainingSelection.key("holding"),
        value=chosen(run) is not None,
        on_choose=lambda holds: _choose(run, shown if holds else None),
        help="The run goes on; only what is shown here stays.",
    )


def _neighbour(run: Run, saved: tuple[int, ...], place: int, icon: str, words: str) -> None:
    is_there = 0 <= place < len(saved)
    st.button(
        "",
        icon=icon,
        key=f"step-{words}",
        help=words,
        disabled=not is_there,
        on_click=_choose,
        args=(run, saved[place] if is_there else None),
    )


def _costly(run: Run, saved: tuple[int, ...]) -> None:
    """Show buttons to the recorded steps with the highest loss in the run's second half."""
    columns = run_files.metrics(run)
    pairs = zip(columns["step"], columns["loss"], strict=True)
    losses = {step: loss for step, loss in pairs if loss is not None}
    late = [step for step in saved if step in losses and step > saved[-1] // 2]
    if len(late) < 2 * _COSTLY:
        return
    highest = sorted(late, key=lambda step: -losses[step])[:_COSTLY]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("What it still finds hard:", width="content")
        for step in highest:
            st.button(
                f"Step {step}, loss {losses[step]:.2f}",
                key=f"costly-{step}",
                type="tertiary",
                on_click=_choose,
                args=(run, step),
            )


def _choose(run: Run, step: int | None) -> None:
    TrainingSelection.select(step=None if step is None else RunStep(run.name, step))
