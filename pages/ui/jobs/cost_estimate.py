"""Cost estimates of runs on this machine: background jobs, one probe at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import streamlit as st

from fastrcnn_core.config import Config
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.errors import UserError
from fastrcnn_core.runs import Estimate, estimate_run
from pages.ui.jobs.background import BackgroundJob, turn_of


@dataclass
class CostEstimateJob(BackgroundJob):
    """A probe and what it found.

    Args:
        measure: the slow half. turn: one probe at a time, for two would measure each other.
        estimate: what it found; None before that.
        began: when this one's turn came, in seconds of the monotonic clock; None while it waits.
    """

    failure: ClassVar[UserError] = UserError(
        "The probe failed; the log says how.", hint="Start the run: it tells its time."
    )
    measure: Callable[[], Estimate]
    turn: threading.Lock
    estimate: Estimate | None = None
    began: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the probe began; 0 while it waits for another probe."""
        return 0.0 if self.began is None else time.monotonic() - self.began

    def start(self) -> None:
        """Measure, if it does not already; an earlier estimate is forgotten, for the machine may be less busy now."""
        with self._lock:
            if not self.is_running:
                self.estimate = self.began = None
                self._begin(self._measure)

    def _measure(self) -> None:
        with self._in_turn(self.turn) as is_mine:
            if is_mine:
                self.began = time.monotonic()
                self.estimate = self.measure()


def cost_estimate_job(config: Config, data: Dataset) -> CostEstimateJob:
    """Return the server's one job for a config and a data set; it waits to be started."""
    return _job(config, data.setting, data.content_hash)


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs={Config: repr})
def _job(config: Config, setting: str, content: str) -> CostEstimateJob:
    return CostEstimateJob(lambda: estimate_run(config, data=setting), turn_of("estimating"))
