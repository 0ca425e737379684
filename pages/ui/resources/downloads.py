"""Penn-Fudan's download: one for the whole server, in the background, watched by everybody, stopped by anybody."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from fastrcnn_core.datasets import downloaded_folder, is_downloaded
from fastrcnn_core.datasets.pennfudan import download as fetch_pennfudan
from fastrcnn_core.errors import UserError

Fetch = Callable[..., Path]


@dataclass
class Download:
    """A download and how it is doing. Its fields are written by its own thread and read by the pages.

    Args:
        fetch: the core's `download`. folder: where the data set shall be.
        done, total: bytes. error: why it ended early, if it did.
    """

    fetch: Fetch
    folder: Path
    done: int = 0
    total: int = 0
    error: UserError | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def is_done(self) -> bool:
        return is_downloaded()

    @property
    def progress(self) -> float:
        """Share of the bytes that are here, in [0, 1]."""
        return min(1.0, self.done / self.total) if self.total else 0.0

    def start(self) -> None:
        """Begin, or go on where it was stopped; nothing if it runs already."""
        with self._lock:
            if self.is_running:
                return
            self.error = None
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="penn-fudan", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ask it to end; what has arrived is kept for the next start."""
        self._stop.set()

    def _run(self) -> None:
        try:
            self.fetch(self.folder, progress=self._note, cancelled=self._stop.is_set)
        except UserError as error:
            self.error = error

    def _note(self, done: int, total: int) -> None:
        self.done, self.total = done, total


@st.cache_resource(show_spinner=False)
def download() -> Download:
    """The server's one download of Penn-Fudan."""
    return Download(fetch_pennfudan, downloaded_folder())
