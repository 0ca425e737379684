"""A time machine: what each of a run's checkpoints finds on the picture of the side bar, and how that changed.

The network looks once for each checkpoint, in the background; the slider and the threshold only compare numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.errors import UserError
from fastrcnn_core.runs import Run, RunCheckpoint
from pages.ui.components import figures, pickers, wording
from pages.ui.jobs.checkpoint_timeline import CheckpointTimelineJob, checkpoint_timeline_job
from pages.ui.shell import errors, inputs
from pages.ui.state import devices, selected_picture
from pages.ui.state.selected_picture import Picture
from pages.ui.state.training import RunStep, TrainingSelection, select_moved
from pages.ui.training import timeline_chart

if TYPE_CHECKING:
    from pages.ui.components.detection_view import DetectionView

_SLIDER = "checkpoint-of-run"
_PLAY_LOOKS, _PROGRESS_LOOKS = 1.0, 0.7  # seconds


def looks(run: Run) -> float | None:
    """Return the fragment's refresh interval in seconds while it computes or plays; None otherwise."""
    try:
        growing = checkpoint_timeline_job(
            run, selected_picture.chosen_picture().image, device=devices.chosen_device()
        )
    except UserError:
        return None
    if growing.is_running:
        return _PROGRESS_LOOKS
    return _PLAY_LOOKS if TrainingSelection.current().playing else None


def show(run: Run, every: float | None) -> None:
    """Show the picture as one checkpoint saw it, a slider over all checkpoints, and a chart of the detections.

    Args:
        every: what `looks` said when the fragment was made; the page is drawn anew when it says something else.
    """
    checkpoints = run.checkpoints()
    if not checkpoints:
        return
    st.markdown("#### How did it learn to see this picture?")
    try:
        picture = selected_picture.chosen_picture()
        growing = checkpoint_timeline_job(run, picture.image, device=devices.chosen_device())
    except UserError as error:
        st.caption(f"The picture of the side bar cannot be shown: {error.problem}")
        return
    if looks(run) != every:
        st.rerun()
    _work(growing, checkpoints, picture)
    if growing.predictions:
        _show(run, growing, picture)


def _work(
    growing: CheckpointTimelineJob, checkpoints: tuple[RunCheckpoint, ...], picture: Picture
) -> None:
    """Show the button that runs the checkpoints, or their progress; nothing once all have run."""
    if growing.error is not None:
        errors.show(growing.error)
    missing = growing.missing(checkpoints)
    if growing.is_running:
        left = wording.time_left(growing.seconds_left)
        done = len(growing.predictions)
        st.progress(
            done / max(growing.wanted, 1),
            f"{done} of {growing.wanted} checkpoints have looked at {picture.name}{left}",
        )
        st.button("Stop", key="stop-growing", icon=":material/stop:", on_click=growing.stop)
    elif missing:
        label = (
            f"{len(missing)} more checkpoints"
            if growing.predictions
            else f"{len(missing)} checkpoints"
        )
        if not growing.predictions:
            st.caption(_invitation(len(checkpoints), picture.name))
        if st.button(
            f"Let {label if len(missing) > 1 else 'the checkpoint'} look at {picture.name}",
            key="start-growing",
            icon=":material/history:",
        ):
            growing.start(checkpoints)
            st.rerun()


def _invitation(checkpoints: int, picture: str) -> str:
    """Explain the checkpoint timeline before its first checkpoint has run."""
    if checkpoints == 1:
        return (
            f"The run has 1 checkpoint so far. It looks once at the picture of the side bar, {picture}; "
            "with more of them you can go back and forth in time."
        )
    return (
        f"The run has {checkpoints} checkpoints. Each looks once at the picture of the side bar, {picture}; "
        "then you can go back and forth in time."
    )


def _show(run: Run, growing: CheckpointTimelineJob, picture: Picture) -> None:
    from pages.ui.components import detection_layers
    from pages.ui.components.detection_view import detection_view

    steps = sorted(growing.predictions)
    left, right = st.columns([3, 2], gap="large")
    with right:
        step = _step(run, steps)
        config = inputs.knobs(
            DetectionConfig, only=["score_threshold"], base=run.config().detection, reset=False
        )
        views = {
            checkpoint: detection_view(
                picture.image, picture.annotated, growing.predictions[checkpoint], config
            )
            for checkpoint in steps
        }
        timeline_chart.show(views, step)
    with left:
        drawing = detection_layers.survivors(views[step], chosen=None, truth=True, suppressed=False)
        figures.show(drawing, key="time-machine", caption=_caption(run, views[step], step, picture))


def _step(run: Run, steps: list[int]) -> int:
    """Return the slider's checkpoint: the next one while it plays, and the last at first."""
    chosen = TrainingSelection.current().of_run("checkpoint", run.name)
    step = steps[-1] if chosen is None else min(steps, key=lambda each: abs(each - chosen))
    if len(steps) < 2:
        st.caption(f"Step {step}, the only checkpoint so far.")
        return step
    if TrainingSelection.current().playing:
        step = steps[(steps.index(step) + 1) % len(steps)]
        TrainingSelection.select(checkpoint=RunStep(run.name, step))
    TrainingSelection.write_link(
        "checkpoint", RunStep(run.name, step) if step != steps[-1] else None
    )
    # Another key when there is one more: a slider whose scale has changed answers with what it held before.
    pickers.synced(
        st.select_slider,
        "After step",
        steps,
        key=f"{_SLIDER}-{len(steps)}",
        value=step,
        on_choose=lambda number: select_moved("checkpoint", run.name, int(number), shown=step),
    )
    st.toggle(
        "Play",
        key=TrainingSelection.key("playing"),
        help="One checkpoint a second, again and again.",
    )
    return step


def _caption(run: Run, view: DetectionView, step: int, picture: Picture) -> str:
    from pages.ui.components.detection_words import counts

    counted = "" if view.tally is None else f": {counts(view.tally)}"
    return (
        f"{picture.name} after step {step} of the run {run.name}, confidence "
        f"{view.config.score_threshold:.2f}{counted}. {_familiar(run, picture)}"
    )


def _familiar(run: Run, picture: Picture) -> str:
    """Say whether the run was trained on this picture; nothing where its data set is another."""
    if picture.dataset is None or not picture.dataset.has_hash(run.data_hash()):
        return ""
    if picture.name in run.environment()["data"].get("train", ()):
        return "The run learned from this picture; one of the test split tells more."
    return "The run never learned from this picture."
