"""Runs leave and arrive: numbers and whole runs to take along, deletion, and runs that others trained."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import streamlit as st

from fastrcnn_core.runs import Columns, Run, delete_run, export_run, import_run
from pages.ui import errors, resources

_MEGABYTES = 2000  # of a zip that is brought: a run with a dozen checkpoints


def take_or_delete(run: Run, *, going: bool) -> None:
    """Buttons that hand out the run, and one that removes it."""
    with st.container(horizontal=True):
        st.download_button(
            "Numbers as CSV",
            lambda: _csv(resources.metrics(run)),
            f"{run.name}.csv",
            "text/csv",
            icon=":material/download:",
            type="tertiary",
        )
        st.download_button(
            "The whole run as a zip",
            lambda: _zip(run),
            f"{run.name}.zip",
            "application/zip",
            icon=":material/folder_zip:",
            type="tertiary",
        )
        with st.popover("Delete", icon=":material/delete:", type="tertiary", disabled=going):
            st.markdown(f"Delete **{run.name}** and its checkpoints? There is no way back.")
            if st.button("Delete it", type="primary", key="delete"):
                with errors.shown():
                    delete_run(run)
                    resources.choose_run(None)
                    st.rerun()


def bring() -> None:
    """A run that was exported somewhere else becomes one of these, and is watched."""
    brought = st.file_uploader(
        "A run's zip, exported from this app by somebody else",
        "zip",
        key="bring-run",
        max_upload_size=_MEGABYTES,
    )
    if brought is None or not st.button("Open this run", icon=":material/folder_open:"):
        return
    with errors.shown(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "brought.zip"
        path.write_bytes(brought.getbuffer())
        run = import_run(path)
        resources.choose_run(run.name)
        st.rerun()


def _csv(columns: Columns) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns.values)
    writer.writerows(zip(*columns.values.values(), strict=True))
    return text.getvalue()


def _zip(run: Run) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return export_run(run, Path(folder) / f"{run.name}.zip").read_bytes()
