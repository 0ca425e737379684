"""Widgets that add data: Penn-Fudan's download, a folder, an uploaded picture."""

from __future__ import annotations

import streamlit as st

from fastrcnn_core.datasets import is_downloaded
from fastrcnn_core.errors import UserError
from pages.ui.components.wording import plain, time_left
from pages.ui.jobs.download import DownloadJob, download_job
from pages.ui.state import selected_picture, sources, widget_state

# What the file chooser of the browser offers; the core reads more kinds, and says what it cannot read.
_ENDINGS = ["png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "avif", "jp2", "ppm"]
_MEGABYTES = 50  # a phone's photograph fits, a film does not
_AWAITED = "awaits-penn-fudan"


def penn_fudan(*, place: str) -> None:
    """Offer the download while the data set is not here: start, progress, stop, go on.

    Args:
        place: where this stands, such as "sidebar"; unique on a page.
    """
    job = download_job()
    if job.is_running:
        st.fragment(_progress, run_every=1.0)(place)
    elif widget_state.value(_AWAITED) and is_downloaded():
        widget_state.put(_AWAITED, False)
        sources.choose_source("penn-fudan")
        st.rerun()
    elif all(source.token != "penn-fudan" for source in sources.offered_sources()):
        _invitation(job, place)


def folder() -> None:
    """Ask for a folder on this machine, in one of the layouts that `open_dataset` knows."""
    with st.form("open-folder", border=False, clear_on_submit=True):
        st.text_input(
            "A folder on this computer",
            key="typed-folder",
            placeholder="/data/my-street",
            help="With PNGImages and PedMasks in it (Penn-Fudan's layout), or pictures with labels in the format of "
            "COCO (one JSON file), Pascal VOC (XML) or YOLO (data.yaml). It stays where it is.",
        )
        st.form_submit_button("Open", icon=":material/folder_open:", on_click=_open_typed)
    if complaint := widget_state.value("folder-complaint"):
        st.error(complaint, icon=":material/folder_off:")


def upload() -> None:
    """Ask for a picture file; it is shown at once, on every page, and never written to disk."""
    st.file_uploader(
        "A picture of your own",
        type=_ENDINGS,
        key="upload",
        max_upload_size=_MEGABYTES,
        on_change=_take_upload,
        help="It stays in this server's memory and is forgotten when the server ends.",
    )
    if complaint := widget_state.value("upload-complaint"):
        st.error(complaint, icon=":material/broken_image:")


def _invitation(job: DownloadJob, place: str) -> None:
    widget_state.put(
        _AWAITED, False
    )  # it was stopped, or failed: who looks elsewhere now is not called back
    if job.error is not None:
        problem, hint = plain(job.error.problem), plain(job.error.hint)
        st.error(hint, title=problem, icon=":material/cloud_off:")
    begun = job.done > 0
    st.caption(
        f"Penn-Fudan: {job.release.images} street pictures with {job.release.boxes} people, "
        f"{_megabytes(job.release.size)} from the University of Pennsylvania."
        + (f" {_megabytes(job.done)} of them are here already." if begun else "")
    )
    st.button(
        "Go on with the download" if begun else "Download Penn-Fudan",
        key=f"download-{place}",
        icon=":material/download:",
        on_click=_start,
        args=(job,),
    )


def _start(job: DownloadJob) -> None:
    """Start the download; only this visitor's pages turn to the data set when it is there."""
    widget_state.put(_AWAITED, True)
    job.start()


def _progress(place: str) -> None:
    """Show the progress of the download; rerun the page when it has ended."""
    job = download_job()
    if not job.is_running:
        st.rerun()
    st.progress(job.progress, _stage(job))
    if not job.has_all:
        st.button(
            "Stopping…" if job.is_stopping else "Stop",
            key=f"stop-{place}",
            icon=":material/stop:",
            on_click=job.stop,
            disabled=job.is_stopping,
        )


def _stage(job: DownloadJob) -> str:
    if job.has_all:
        return "Penn-Fudan: unpacking, and looking whether every picture and mask is whole"
    left = time_left(job.seconds_left)
    return f"Penn-Fudan: {job.done / 1e6:.1f} of {_megabytes(job.release.size)}{left}"


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


def _open_typed() -> None:
    typed = str(widget_state.value("typed-folder", "")).strip()
    widget_state.put("folder-complaint", None)
    if not typed:
        return
    try:
        sources.choose_folder(typed)
    except UserError as error:
        widget_state.put("folder-complaint", plain(f"{error.problem} {error.hint}"))


def _take_upload() -> None:
    """Read the upload, before the page runs; an error is kept to be shown beside the uploader."""
    file = widget_state.value("upload")
    widget_state.put("upload-complaint", None)
    if file is None:
        return
    try:
        selected_picture.choose_upload(file.getvalue(), name=file.name.rsplit(".", 1)[0])
    except UserError as error:
        widget_state.put("upload-complaint", plain(f"{error.problem} {error.hint}"))
