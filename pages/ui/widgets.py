"""What pages ask their visitors: which picture, which detector, and where the knobs stand."""

from __future__ import annotations

from pages.ui import door, resources
from pages.ui.knob_widgets import knobs
from pages.ui.resources import Detector, Picture

__all__ = ["detector", "knobs", "picture"]


def picture() -> Picture:
    """The picture that the visitor chose in the side bar: `.image`, `.annotated` or None, `.dataset` or None.

    Raises:
        DataError, ImageError: it cannot be had; `app.py` shows why and what to do.
    """
    door.expect_open()
    return resources.chosen_picture()


def detector() -> Detector:
    """The detector that the visitor chose in the side bar; hand it to `resources.model` or `resources.predictions`.

    Raises:
        CheckpointError: there is none yet.
    """
    return resources.chosen_detector()


def detector_or_none() -> Detector | None:
    """The same; None while there is no trained detector at all: for pages that show something without one."""
    return detector() if resources.detectors() else None
