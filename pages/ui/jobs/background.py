"""Work that a thread of the server does while pages watch it, start it, and stop it."""

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

_BETWEEN_LOOKS = 0.2  # seconds, at most, until a stop is noticed by work that waits for its turn


@dataclass
class BackgroundJob:
    """One thread at a time, for all visitors. Its fields are written by that thread and read by the pages.

    A kind of work has a `start` that calls `_begin` while it holds `_lock`, and looks at `_stop` between two pieces.

    Args:
        failure: what an error that nobody foresaw is told as; the log has the error itself.
        error: why it ended early, unless somebody stopped it.
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
        """Whether it will end after the piece it is at."""
        return self.is_running and self._stop.is_set()

    def stop(self) -> None:
        """Ask it to end after the piece it is at; what is done is kept."""
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
        except Exception:  # a thread has nobody to raise to
            logger.exception("%s failed", type(self).__name__)
            self.error = self.failure

    @contextmanager
    def _in_turn(self, turn: threading.Lock) -> Iterator[bool]:
        """Wait for others of the kind; False if somebody stopped it while it waited."""
        while not (mine := turn.acquire(timeout=_BETWEEN_LOOKS)) and not self._stop.is_set():
            pass
        try:
            yield mine and not self._stop.is_set()
        finally:
            if mine:
                turn.release()


@st.cache_resource(show_spinner=False, max_entries=16)
def turn_of(kind: str) -> threading.Lock:
    """The server's one lock for work of this kind, of which only one at a time shall compute."""
    return threading.Lock()
