"""Evaluation of the whole split: its button, its progress, and what was left out."""

from __future__ import annotations

import streamlit as st

from fastrcnn_core.config import DetectionConfig
from pages.ui.components.wording import time_left
from pages.ui.detection import controls
from pages.ui.jobs.split_evaluation import SplitEvaluationJob
from pages.ui.shell import errors


def show(job: SplitEvaluationJob, config: DetectionConfig, *, part: str) -> None:
    """Show the button that starts the evaluation, or its progress with a stop button; neither once complete."""
    if job.is_running:
        st.fragment(_progress, run_every=0.7)(job, part)
    elif not job.is_complete:
        _invitation(job, config, part)
    if job.skipped:
        problems = "; ".join(f"{name}: {error.problem}" for name, error in job.skipped.items())
        st.caption(f":material/warning: Left out: {problems}")


def _invitation(job: SplitEvaluationJob, config: DetectionConfig, part: str) -> None:
    if job.error is not None:
        errors.show(job.error, *controls.ways_out(job.error, config))
    begun = f"Go on ({job.done} of {len(job.names)} pictures)"
    st.button(
        begun if job.done else f"Judge the whole {part} split",
        key="judge-split",
        icon=":material/play_arrow:",
        on_click=job.start,
        help=f"The network looks at {len(job.names)} pictures, once. "
        "Then the figures of the split follow the sliders too.",
    )


def _progress(job: SplitEvaluationJob, part: str) -> None:
    if not job.is_running:
        st.rerun()
    left = time_left(job.seconds_left)
    st.progress(
        job.done / max(len(job.names), 1),
        f"The network looks at the {part} split: {job.done} of {len(job.names)} pictures{left}",
    )
    st.button("Stop", key="stop-judging", icon=":material/stop:", on_click=job.stop)
