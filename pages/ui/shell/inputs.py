"""What pages ask their visitors: which picture, which detector, and where the knobs stand."""

from __future__ import annotations

from pages.ui.cache.networks import Detector
from pages.ui.components.knob_widgets import knobs
from pages.ui.shell import entry_guard
from pages.ui.state import detectors, selected_picture
from pages.ui.state.selected_picture import Picture

__all__ = ["detector", "knobs", "picture"]


def picture() -> Picture:
    """The picture that the visitor chose in the side bar: `.image`, `.annotated` or None, `.dataset` or None.

    Raises:
        DataError, ImageError: it cannot be had; `app.py` shows why and what to do.
    """
    entry_guard.expect_open()
    return selected_picture.chosen_picture()


def detector() -> Detector:
    """The detector that the visitor chose in the side bar; hand it to `networks.model` or `networks.predictions`.

    Raises:
        CheckpointError: there is none yet.
    """
    return detectors.chosen_detector()


def detector_or_none() -> Detector | None:
    """The same; None while there is no trained detector at all: for pages that show something without one."""
    return detector() if detectors.offered_detectors() else None
