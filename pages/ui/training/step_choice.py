"""Which step of a run is looked at: the newest, or one that was chosen by number, by neighbour, or for its price."""

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
    """The step that the reader or the link asks for; None for the newest."""
    return TrainingSelection.current().of_run("step", run.name)


def show(run: Run, kept: tuple[int, ...], shown: int, *, moving: bool) -> None:
    """A slider over the kept steps with its typed twin, neighbours, and the steps that cost most."""
    TrainingSelection.write_link("step", None if chosen(run) is None else RunStep(run.name, shown))
    if len(kept) < 2:
        return
    if moving:
        _hold(run, shown)
    inside = min(max(shown, kept[0]), kept[-1])
    here = int(np.searchsorted(kept, inside))
    # A phone has no room for all in one row: what is beside the slider goes below it there.
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _sought(run, kept, inside, st.slider, _SLIDER, label="Step", width=_SLIDER_WIDTH)
        _sought(run, kept, inside, st.number_input, _TYPED, label="Step, typed", width=130)
        _neighbour(run, kept, here - 1, ":material/chevron_left:", "The step before")
        _neighbour(run, kept, here + 1, ":material/chevron_right:", "The step after")
    _costly(run, kept)


def _sought(
    run: Run,
    kept: tuple[int, ...],
    shown: int,
    kind: Callable[..., int],
    name: str,
    *,
    label: str,
    width: int,
) -> None:
    """One of the two widgets that hold the step's number."""
    key = f"{name}-{kept[-1]}"  # a widget whose scale has changed answers with what it held before
    pickers.synced(
        kind,
        label,
        *(kept[0], kept[-1]),
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


def _neighbour(run: Run, kept: tuple[int, ...], place: int, icon: str, words: str) -> None:
    is_there = 0 <= place < len(kept)
    st.button(
        "",
        icon=icon,
        key=f"step-{words}",
        help=words,
        disabled=not is_there,
        on_click=_choose,
        args=(run, kept[place] if is_there else None),
    )


def _costly(run: Run, kept: tuple[int, ...]) -> None:
    """Buttons to the kept steps with the highest loss of the run's second half: what it still finds hard."""
    columns = run_files.metrics(run)
    known = zip(columns["step"], columns["loss"], strict=True)
    losses = {step: loss for step, loss in known if loss is not None}
    late = [step for step in kept if step in losses and step > kept[-1] // 2]
    if len(late) < 2 * _COSTLY:
        return
    dearest = sorted(late, key=lambda step: -losses[step])[:_COSTLY]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption("What it still finds hard:", width="content")
        for step in dearest:
            st.button(
                f"Step {step}, loss {losses[step]:.2f}",
                key=f"costly-{step}",
                type="tertiary",
                on_click=_choose,
                args=(run, step),
            )


def _choose(run: Run, step: int | None) -> None:
    TrainingSelection.select(step=None if step is None else RunStep(run.name, step))
