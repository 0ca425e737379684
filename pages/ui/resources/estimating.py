"""What runs would cost on this machine: measured in the background, one probe at a time, and remembered."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import streamlit as st

from fastrcnn_core.config import Config
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.errors import UserError
from fastrcnn_core.runs import Estimate, estimate_run

logger = logging.getLogger(__name__)


@dataclass
class Estimating:
    """A probe and what it found. Its fields are written by its own thread and read by the pages.

    Args:
        measure: the slow half. turn: one probe at a time, for two would measure each other.
        estimate: what it found; None before that. error: why it found nothing, if it did not.
        began: when this one's turn came, in seconds of the monotonic clock; None while it waits.
    """

    measure: Callable[[], Estimate]
    turn: threading.Lock
    estimate: Estimate | None = None
    error: UserError | None = None
    began: float | None = None
    _thread: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def seconds(self) -> float:
        """How long it has been measuring; 0 while it waits for another probe."""
        return 0.0 if self.began is None else time.monotonic() - self.began

    def start(self) -> None:
        """Measure, if it does not already; an earlier estimate is forgotten, for the machine may be less busy now."""
        with self._lock:
            if self.is_running:
                return
            self.estimate = self.error = self.began = None
            self._thread = threading.Thread(target=self._run, name="estimating", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            with self.turn:
                self.began = time.monotonic()
                self.estimate = self.measure()
        except UserError as error:
            self.error = error
        except Exception:  # a thread has nobody to raise to
            logger.exception("the probe failed")
            self.error = UserError(
                "The probe failed; the log says how.", way_out="Start the run: it tells its time."
            )


def estimating(config: Config, data: Dataset) -> Estimating:
    """The server's one estimate of a run with this config on this data; it waits to be started."""
    return _estimating(config, data.setting, data.content_hash)


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs={Config: repr})
def _estimating(config: Config, setting: str, content: str) -> Estimating:
    return Estimating(lambda: estimate_run(config, data=setting), _turn())


@st.cache_resource(show_spinner=False)
def _turn() -> threading.Lock:
    return threading.Lock()
