"""Any step of a run: its pictures, the RoIs that were sampled, what the head said of them, and what each cost."""

from __future__ import annotations

from bisect import bisect_right

import streamlit as st

from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.errors import UserError
from fastrcnn_core.runs import Run, StepSnapshot, break_down_loss
from pages.ui.cache import datasets, run_files
from pages.ui.components.wording import plain
from pages.ui.training import loss_table, step_choice, step_pictures
from pages.ui.training.step_pictures import StepLosses

_COLOURS = ("What it is", "What it costs")


def follows(run: Run, *, moving: bool) -> bool:
    """Tell whether newer steps are to come and no former step is held."""
    return moving and step_choice.chosen(run) is None


def show(run: Run, *, moving: bool, following: bool) -> None:
    """Show the step's pictures side by side, then the RoIs with the highest loss.

    Args:
        moving: whether the run goes on meanwhile, so that a reader may want to hold the step.
        following: what `follows` said when the fragment was made; the page is drawn anew when it says something else.
    """
    if follows(run, moving=moving) != following:
        st.rerun()
    saved = run.saved_steps()
    shown = _shown(run, saved)
    if shown is None or not shown.images:
        return
    st.markdown(f"#### What did step {shown.step} look at, and what did it cost?")
    step_choice.show(run, saved, shown.step, moving=moving)
    try:
        data = datasets.opened(run_files.data_setting(run))
        if _is_other(run, data):
            st.caption(
                "The pictures of this run cannot be shown: its data set has changed since, or another one has "
                "its name: boxes would lie beside what they mark."
            )
            return
        _show(run, shown, data)
    except UserError as error:
        st.caption(f"The pictures of this run cannot be shown: {plain(error.problem)}")


def _shown(run: Run, saved: tuple[int, ...]) -> StepSnapshot | None:
    """Return the last recorded step up to the requested one; the newest if none is requested."""
    chosen = step_choice.chosen(run)
    if chosen is not None and saved:
        return run.step(saved[max(1, bisect_right(saved, chosen)) - 1])
    live = run.latest_step()
    if saved and (live is None or live.step <= saved[-1]):
        return run.step(saved[-1])
    return live


def _show(run: Run, shown: StepSnapshot, data: Dataset) -> None:
    losses = StepLosses(shown, break_down_loss(shown, run.config().loss), data)
    by_cost = _colouring() == _COLOURS[1]
    places = st.columns(max(2, len(shown.images)), gap="large")
    for place, number in zip(places, range(len(shown.images)), strict=False):
        with place:
            step_pictures.show(losses, number, by_cost=by_cost)
    loss_table.show(losses)


def _colouring() -> str:
    return str(
        st.segmented_control(
            "A RoI's colour says",
            _COLOURS,
            default=_COLOURS[0],
            required=True,
            key="roi-colour",
            bind="query-params",
        )
    )


def _is_other(run: Run, data: Dataset) -> bool:
    """Say that the data set has changed since the run was created."""
    return not (run.data_hash() is None or data.has_hash(run.data_hash()))
