"""Runs leave and arrive: numbers and whole runs to take along, new names, deletion, runs that others trained."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import streamlit as st

from fastrcnn_core.files import bytes_on_disk
from fastrcnn_core.runs import (
    Columns,
    Run,
    RunPresentError,
    delete_run,
    deleted_run,
    empty_trash,
    export_run,
    exported_checkpoints,
    import_run,
    rename_run,
    restore_run,
)
from pages.ui.cache import run_files
from pages.ui.components.wording import plain
from pages.ui.shell import errors
from pages.ui.state import detectors, runs, widget_state

_JUST_DELETED = "just-deleted"
_MEGABYTES = 2000  # of a zip that is brought: a run with a dozen checkpoints


def take_or_delete(run: Run, *, going: bool) -> None:
    """Show the buttons that download the run's metrics and the run, and those that rename and delete it."""
    with st.container(horizontal=True):
        st.download_button(
            "Numbers as CSV",
            lambda: _csv(run_files.metrics(run)),
            f"{run.name}.csv",
            "text/csv",
            icon=":material/download:",
            type="tertiary",
        )
        st.download_button(
            "Run as a zip",
            lambda: _zip(run),
            f"{run.name}.zip",
            "application/zip",
            icon=":material/folder_zip:",
            type="tertiary",
            help=_contents_of_export(run),
        )
        _rename(run, going=going)
        with st.popover("Delete", icon=":material/delete:", type="tertiary", disabled=going):
            st.markdown(
                f"Delete **{plain(run.name)}** and its checkpoints? You can bring it back until you delete another."
            )
            if st.button("Delete it", type="primary", key="delete"):
                with errors.shown():
                    delete_run(run)
                    runs.choose_run(None)
                    widget_state.put(_JUST_DELETED, True)
                    st.rerun()
            _trash("popover")
    if widget_state.take(_JUST_DELETED):
        _trash("below")  # beside the button that deleted it, until the next action


def undo() -> None:
    """Offer to restore the run that was deleted last where no run is left whose popover does."""
    widget_state.take(_JUST_DELETED)
    _trash("alone")


def _trash(place: str) -> None:
    """Offer to restore the run that was deleted last, or to delete it for good; nothing while there is none."""
    name = deleted_run()
    if name is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/delete: **{plain(name)}** is deleted.", width="content")
        st.button(
            "Bring it back",
            key=f"restore-{place}",
            icon=":material/undo:",
            type="tertiary",
            on_click=_restore,
        )
        st.button(
            "Make room",
            key=f"empty-bin-{place}",
            type="tertiary",
            on_click=empty_trash,
            help="Removes it from the disk for good.",
        )


def _restore() -> None:
    with errors.shown():
        runs.choose_run(restore_run().name)


def _rename(run: Run, *, going: bool) -> None:
    with st.popover("Rename", icon=":material/edit:", type="tertiary", disabled=going):
        name = st.text_input("New name", value=run.name, key=f"rename-{run.name}", max_chars=64)
        if st.button("Rename it", type="primary", key="rename", disabled=name == run.name):
            with errors.shown():
                renamed = rename_run(run, name).name
                runs.choose_run(renamed)
                detectors.follow_renamed_run(run.name, renamed)
                st.rerun()


def bring() -> None:
    """Import a run that was exported somewhere else, and watch it; one that is here already is not imported again."""
    upload = st.file_uploader(
        "A run's zip, exported from this app",
        "zip",
        key="bring-run",
        max_upload_size=_MEGABYTES,
        help="If there is a run of its name already, it gets a number behind it.",
    )
    if upload is None or not st.button("Open this run", icon=":material/folder_open:"):
        return
    with errors.shown(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(upload.name).name
        path.write_bytes(upload.getbuffer())
        try:
            run = import_run(path)
            st.toast(f"Imported as **{plain(run.name)}**.", icon=":material/folder_open:")
        except RunPresentError as error:
            run = error.run
            st.toast(plain(error.problem), icon=":material/info:")
        runs.choose_run(run.name)
        st.rerun()


def _contents_of_export(run: Run) -> str:
    """Tell what a receiver of the zip file gets: which checkpoints, and how large they are."""
    checkpoints = exported_checkpoints(run)
    if not checkpoints:
        return "Config, metrics and steps; the run has no checkpoint yet."
    megabytes = sum(bytes_on_disk(checkpoint.folder) for checkpoint in checkpoints) / 1e6
    *best, newest = (checkpoint.step for checkpoint in checkpoints)
    best_text = "".join(
        f" and that of step {step}, the best on the validation pictures" for step in best
    )
    return (
        f"Config, metrics, steps, the newest checkpoint (step {newest}), from which the run can be resumed{best_text}: "
        f"about {megabytes:,.0f} MB. Other checkpoints are left out."
    )


def _csv(columns: Columns) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns.values)
    writer.writerows(zip(*columns.values.values(), strict=True))
    return text.getvalue()


def _zip(run: Run) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return export_run(run, Path(folder) / f"{run.name}.zip").read_bytes()
