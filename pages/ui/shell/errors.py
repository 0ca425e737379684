"""On-screen errors with a hint, and a button where the app can help itself; the rest of the page stays usable."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from fastrcnn_core.errors import (
    CheckpointError,
    DataError,
    DeviceError,
    ImageError,
    StorageError,
    UserError,
    is_disk_full,
)
from pages.ui.components.wording import plain
from pages.ui.state import detectors, devices, sources

logger = logging.getLogger(__name__)

Remedy = tuple[str, Callable[[], None]]  # a button's label, and what it does

_FULL = StorageError(
    "The server's disk is full, so that nothing more can be kept.",
    hint="Delete runs that are not needed (on the page Training: Delete, then Make room) or free space elsewhere, and "
    "try again.",
)


@contextmanager
def shown() -> Iterator[None]:
    """Show an error of the block instead of passing it on; what was written before it stays.

    `app.py` wraps every page in it. A page that wants to go on below a failing part wraps that part.
    """
    try:
        yield
    except UserError as error:
        show(error)
    except Exception as error:  # the last line of defence: a bug must not take the page away
        logger.exception("a page failed")
        if is_disk_full(error):
            show(_FULL)
        else:
            _show_unforeseen(error)


def show(error: UserError, *more: Remedy) -> None:
    """Show an error, its hint, and a button for each remedy.

    Args:
        more: remedies that only this page knows.
    """
    with st.container(border=True):
        st.markdown(f":material/error: **{plain(error.problem)}**")
        st.markdown(plain(error.hint))
        for label, act in [*_remedies(error), *more]:
            st.button(label, on_click=act, key=f"way-out-{label}", type="primary")


def _remedies(error: UserError) -> list[Remedy]:
    if isinstance(error, DataError | ImageError):
        return [("Show the synthetic street scenes", sources.choose_default_source)]
    if isinstance(error, CheckpointError) and detectors.offered_detectors():
        return [("Use the detector that came with the app", detectors.choose_default_detector)]
    if isinstance(error, DeviceError) and not devices.computes_on_cpu():
        return [("Compute on the CPU", devices.choose_cpu)]
    return []


def _show_unforeseen(error: Exception) -> None:
    with st.container(border=True):
        st.markdown(":material/bug_report: **An unexpected error happened here.**")
        st.markdown(
            "The rest of the app still works: choose another picture or page, or try again. "
            "If it happens again, please report it with the text below."
        )
        with st.expander("What happened", icon=":material/description:"):
            text = "".join(traceback.format_exception(error))
            st.code(text[-6000:], language=None)
