"""Penn-Fudan's download: one for the whole server, in the background, watched by everybody, stopped by anybody."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from fastrcnn_core.datasets import downloaded_folder
from fastrcnn_core.datasets.fetching import FetchStoppedError
from fastrcnn_core.datasets.pennfudan import OFFICIAL, Release, bytes_fetched
from fastrcnn_core.datasets.pennfudan import download as fetch_pennfudan
from fastrcnn_core.errors import UserError

logger = logging.getLogger(__name__)


@dataclass
class Download:
    """A download and how it is doing. Its fields are written by its own thread and read by the pages.

    Args:
        folder: where the data set shall be. release: what is fetched.
        done: bytes that are here. error: why it ended early, unless somebody stopped it.
    """

    folder: Path
    release: Release
    done: int = 0
    error: UserError | None = None
    _first: tuple[float, int] | None = (
        None  # when this start's first bytes came, and how many were here
    )
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.done = bytes_fetched(self.folder)

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def is_stopping(self) -> bool:
        return self.is_running and self._stop.is_set()

    @property
    def has_all(self) -> bool:
        """Every byte is here: what is left is to unpack and to check them."""
        return self.done >= self.release.size

    @property
    def progress(self) -> float:
        """Share of the bytes that are here, in [0, 1]."""
        return min(1.0, self.done / self.release.size)

    @property
    def seconds_left(self) -> float | None:
        """At the pace since this start; None before there is one."""
        if self._first is None or self.done <= self._first[1]:
            return None
        began, before = self._first
        pace = (self.done - before) / max(time.monotonic() - began, 1e-3)
        return max(0, self.release.size - self.done) / pace

    def start(self) -> None:
        """Begin, or go on where it was stopped; nothing if it runs already."""
        with self._lock:
            if self.is_running:
                return
            self.error, self._first = None, None
            self.done = bytes_fetched(self.folder)
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="penn-fudan", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ask it to end; what has arrived is kept for the next start."""
        self._stop.set()

    def _run(self) -> None:
        try:
            with suppress(FetchStoppedError):  # as somebody wished
                fetch_pennfudan(
                    self.folder,
                    progress=self._note,
                    cancelled=self._stop.is_set,
                    release=self.release,
                )
        except UserError as error:
            self.error = error
        except Exception:  # a thread has nobody to raise to
            logger.exception("the download failed")
            self.error = UserError(
                "The download failed, and nobody foresaw how; the log says it.",
                way_out="Try again.",
            )
        self.done = bytes_fetched(self.folder)

    def _note(self, done: int, total: int) -> None:
        self._first = self._first or (time.monotonic(), done)
        self.done = done


@st.cache_resource(show_spinner=False)
def download() -> Download:
    """The server's one download of Penn-Fudan."""
    return Download(downloaded_folder(), OFFICIAL)
