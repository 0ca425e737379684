"""Controls of the Detection page: the two thresholds, the best confidence, and the layers drawn."""

from __future__ import annotations

from functools import partial

import streamlit as st

from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.errors import DeviceMemoryError, UserError
from fastrcnn_core.flags import text
from fastrcnn_core.knobs import knobs
from pages.ui.components import term_pictures
from pages.ui.components.knob_widgets import key
from pages.ui.detection import words
from pages.ui.shell import inputs
from pages.ui.shell.errors import Remedy
from pages.ui.state import widget_state
from pages.ui.state.detection import DetectionSelection

CONFIDENCE = key(DetectionConfig, "score_threshold")
_RARE = ("limit", "nms", "nms_sigma", "box_passes", "tta_flip", "tta_scales")
_TTA_SCALES = key(DetectionConfig, "tta_scales")


def show(base: DetectionConfig, *, annotated: bool) -> DetectionConfig:
    """Show the knobs of detection: confidence and NMS IoU, the layers drawn, and under *More* the rarely used ones.

    Args:
        base: where the knobs stand at first.
        annotated: whether there is a ground truth to draw.
    """
    config = inputs.knobs(DetectionConfig, only=["score_threshold", "nms_iou"], base=base)
    with st.container(horizontal=True, vertical_alignment="center"):
        if annotated:
            _truth()
        _suppressed()
        term_pictures.explain("iou", "nms")
        with st.popover("More", icon=":material/tune:", type="tertiary"):
            config = inputs.knobs(DetectionConfig, only=_RARE, base=config)
    return config


def offer_confidence(value: float, label: str, *, place: str, help: str | None = None) -> None:
    """Offer a button that sets the confidence slider to the step at or below a value."""
    st.button(
        label,
        key=f"confidence-{place}",
        icon=":material/target:",
        on_click=widget_state.put,
        args=(CONFIDENCE, words.down(value)),
        help=help,
    )


def ways_out(error: UserError, config: DetectionConfig) -> tuple[Remedy, ...]:
    """Offer half the image scale where the device ran out of memory, down to the smallest scale."""
    low = knobs(DetectionConfig)["tta_scales"][1].low or 0.0
    half = tuple(max(scale / 2, low) for scale in config.tta_scales)
    if not isinstance(error, DeviceMemoryError) or max(half) == max(config.tta_scales):
        return ()
    return (("Look at it at half the size", partial(widget_state.put, _TTA_SCALES, text(half))),)


def _truth() -> None:
    st.toggle(
        "Ground truth",
        value=True,
        key=DetectionSelection.key("truth"),
        bind="query-params",
        help="What the annotation says.",
    )


def _suppressed() -> None:
    st.toggle(
        "Suppressed boxes",
        key=DetectionSelection.key("suppressed"),
        bind="query-params",
        help="Confident boxes that a better box of their class suppressed.",
    )
