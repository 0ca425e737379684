"""Penn-Fudan's download: one background job for the whole server, which any visitor may watch and stop."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import streamlit as st

from fastrcnn_core.datasets import downloaded_folder
from fastrcnn_core.datasets.fetching import FetchStoppedError
from fastrcnn_core.datasets.pennfudan_download import OFFICIAL, Release, bytes_fetched
from fastrcnn_core.datasets.pennfudan_download import download as fetch_pennfudan
from fastrcnn_core.errors import UserError
from pages.ui.jobs.background import BackgroundJob


@dataclass
class DownloadJob(BackgroundJob):
    """A download and how it is doing. What has arrived is kept for the next start.

    Args:
        folder: where the data set shall be. release: what is fetched.
        done: bytes that are here.
    """

    failure: ClassVar[UserError] = UserError(
        "The download failed for an unexpected reason; the log has it.", hint="Try again."
    )

    folder: Path
    release: Release
    done: int = 0
    _first: tuple[float, int] | None = (
        None  # when this start's first bytes came, and how many were here
    )

    def __post_init__(self) -> None:
        self.done = bytes_fetched(self.folder)

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
            if not self.is_running:
                self._first = None
                self.done = bytes_fetched(self.folder)
                self._begin(self._fetch)

    def _fetch(self) -> None:
        try:
            with suppress(FetchStoppedError):  # a visitor stopped it
                fetch_pennfudan(
                    self.folder,
                    progress=self._note,
                    cancelled=self._stop.is_set,
                    release=self.release,
                )
        finally:
            self.done = bytes_fetched(self.folder)

    def _note(self, done: int, total: int) -> None:
        self._first = self._first or (time.monotonic(), done)
        self.done = done


@st.cache_resource(show_spinner=False)
def download_job() -> DownloadJob:
    """Return the server's one download of Penn-Fudan."""
    return DownloadJob(downloaded_folder(), OFFICIAL)
