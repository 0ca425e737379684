"""The base of background jobs: a thread of the server that pages start, watch and stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

import streamlit as st

from fastrcnn_core.errors import UserError

logger = logging.getLogger(__name__)

_STOP_SECONDS = 0.2  # at most, until a job that waits for its turn notices a stop


@dataclass
class BackgroundJob:
    """A job of one thread at a time, for all visitors; its fields are written by that thread and read by the pages.

    A subclass has a `start` that calls `_begin` while it holds `_lock`, and its work checks `_stop` between two pieces.

    Args:
        failure: shown for an unexpected error; the log has the error itself.
        error: why the job ended early; None if it was stopped.
    """

    failure: ClassVar[UserError]
    error: UserError | None = field(default=None, init=False)
    _stop: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def is_stopping(self) -> bool:
        """True from a stop until the piece at work has ended."""
        return self.is_running and self._stop.is_set()

    def stop(self) -> None:
        """Ask the job to end after the piece at work; what is done is kept."""
        self._stop.set()

    def _begin(self, work: Callable[[], None]) -> None:
        self.error = None
        self._stop.clear()
        name = type(self).__name__.lower()
        self._thread = threading.Thread(target=self._do, args=(work,), name=name, daemon=True)
        self._thread.start()

    def _do(self, work: Callable[[], None]) -> None:
        try:
            work()
        except UserError as error:
            self.error = error
        except Exception:  # a thread has no caller to raise to
            logger.exception("%s failed", type(self).__name__)
            self.error = self.failure

    @contextmanager
    def _in_turn(self, turn: threading.Lock) -> Iterator[bool]:
        """Wait for the lock; yield False if the job was stopped while it waited."""
        while not (is_mine := turn.acquire(timeout=_STOP_SECONDS)) and not self._stop.is_set():
            pass
        try:
            yield is_mine and not self._stop.is_set()
        finally:
            if is_mine:
                turn.release()


@st.cache_resource(show_spinner=False, max_entries=16)
def turn_of(kind: str) -> threading.Lock:
    """Return the server's one lock for a kind of job, of which only one at a time may compute."""
    return threading.Lock()
