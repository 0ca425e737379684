"""Cost estimate of a run in seconds and memory: measured by a short probe, or known from an earlier run."""

from __future__ import annotations

import streamlit as st

from fastrcnn_core.config import Config
from fastrcnn_core.datasets import validation_split
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.runs import Estimate, comparable_runs, median_step_seconds
from pages.ui.cache import run_files
from pages.ui.components.wording import duration, plain
from pages.ui.jobs.cost_estimate import CostEstimateJob, cost_estimate_job
from pages.ui.shell import errors
from pages.ui.state import runs

_LOOKS = 0.7  # seconds
_USUAL = 12.0  # seconds of a probe: chosen here, for the bar
_PARTS = {
    "starting": "starting and reading the pictures",
    "proposals": "proposals",
    "features": "features of the frozen stages",
    "validation": "validation",
    "checkpoints": "checkpoints",
}


def show(config: Config, data: Dataset) -> None:
    """Show the estimate, or the button that starts the probe; it refreshes while the probe measures."""
    job = cost_estimate_job(config, data)
    running = job.is_running
    st.fragment(_show, run_every=_LOOKS if running else None)(job, config, data, running)


def _show(job: CostEstimateJob, config: Config, data: Dataset, was_running: bool) -> None:
    if job.is_running != was_running:
        st.rerun()
    if job.error is not None:
        errors.show(job.error)
    if job.is_running:
        st.progress(min(0.95, job.seconds / _USUAL), _progress(job))
    elif job.estimate is not None:
        _tell(job.estimate)
        _button(job, "Measure again")
    else:
        st.caption(_known(config, data))
        _button(job, "How long will it take, and how much memory?")


def _progress(job: CostEstimateJob) -> str:
    if job.began is None:
        return "Waiting for another measurement to end"
    usual = f"of about {_USUAL:.0f}"
    if job.seconds > _USUAL:
        usual = f"so far; {_USUAL:.0f} on a machine with nothing else to do"
    return f"Measuring on this machine: {job.seconds:.0f} s {usual}"


def _button(job: CostEstimateJob, label: str) -> None:
    if st.button(
        label,
        icon=":material/timer:",
        key="estimate",
        help="A process of its own does a little of each part of the run, for about ten seconds.",
    ):
        job.start()
        st.rerun()


def _tell(estimate: Estimate) -> None:
    """Tabulate the total first, then its parts; parts that take no time are left out."""
    card = estimate.device_memory_bytes
    on_card = "" if card is None else f", and {_gigabytes(card)} of the graphics card's"
    st.markdown(
        f"About **{duration(estimate.total_seconds)}** and **{_gigabytes(estimate.memory_bytes)}** of memory{on_card}: "
        f"measured on this machine ({estimate.device}), as busy as it is now."
    )
    parts = [
        f"{estimate.steps:,} steps of {_short(estimate.step_seconds)}: {duration(estimate.seconds['steps'])}",
        *(
            f"{words}: {duration(estimate.seconds[part])}"
            for part, words in _PARTS.items()
            if estimate.seconds[part] >= 0.5
        ),
    ]
    st.caption(" · ".join(parts))


def _known(config: Config, data: Dataset) -> str:
    """Word the estimate from an earlier run; nothing without one, since a guess would be no help."""
    pictures, _ = validation_split(data.split.train, config.training.validation_share)
    for run in comparable_runs(config, runs.listed_runs()):
        seconds = median_step_seconds(run_files.metrics(run))
        if seconds is not None:
            steps = duration(seconds * config.total_steps(len(pictures)))
            took = f"A step took {_short(seconds)} in *{plain(run.name)}*"
            return f"{took}: about **{steps}** for the steps."
    return "How long a step takes here is not known yet: no run of this kind has been made."


def _gigabytes(count: int) -> str:
    return f"{count / 2**30:.1f} GB"


def _short(seconds: float) -> str:
    return f"{seconds:.2g} s"
