"""A run's growing files, read as far as they go and remembered, and where its data set is on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from fastrcnn_core.runs import Columns, Run
from pages.ui.cache.memory import BytesCache

# Chosen here: some dozens of runs of a few thousand steps.
_METRICS_BYTES = 100_000_000


def metrics(run: Run) -> Columns:
    """Read every step's numbers; only what was appended since the last call is read."""
    return _grown(run, "metrics")


def validation(run: Run) -> Columns:
    """Read what was measured on the validation part; only what was appended since the last call is read."""
    return _grown(run, "validation")


def data_setting(run: Run) -> str:
    """Find the run's data set on this machine, as a setting for `open_dataset`. Raises DataError if it is not here."""
    return _data_here(str(run.folder), os.environ.get("FASTRCNN_DATA", ""))


def _grown(run: Run, name: str) -> Columns:
    """Read on from the cached columns; a file that was replaced is recognised by its own number."""
    key = (str(run.folder), name)
    columns: Columns = getattr(run, name)(_read().get(key))
    _read().put(key, columns)
    return columns


@st.cache_resource(show_spinner=False)
def _read() -> BytesCache[tuple[str, str], Columns]:
    return BytesCache(_METRICS_BYTES, size=lambda columns: 64 * len(columns) * len(columns.values))


@st.cache_data(max_entries=64, ttl=60, show_spinner=False)
def _data_here(folder: str, used_here: str) -> str:
    """Find it; for a run that came in a zip this opens the data set in use here, slow for a large one."""
    return Run(Path(folder)).local_data()
