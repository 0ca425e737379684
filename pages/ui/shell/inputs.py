"""The inputs of a page: the selected picture, the selected detector, and knobs."""

from __future__ import annotations

from pages.ui.cache.networks import DetectorChoice
from pages.ui.components.knob_widgets import knobs
from pages.ui.shell import entry_guard
from pages.ui.state import detectors, selected_picture
from pages.ui.state.selected_picture import Picture

__all__ = ["detector", "knobs", "picture"]


def picture() -> Picture:
    """Load the picture that is selected in the side bar.

    Raises:
        DataError, ImageError: it cannot be loaded; `app.py` shows the error.
    """
    entry_guard.require_entry()
    return selected_picture.chosen_picture()


def detector() -> DetectorChoice:
    """Return the detector that is selected in the side bar, for `networks.model` or `networks.predictions`.

    Raises:
        CheckpointError: there is none yet.
    """
    return detectors.chosen_detector()


def detector_or_none() -> DetectorChoice | None:
    """Return the selected detector; None while there is none at all: for pages that need none."""
    return detector() if detectors.offered_detectors() else None
