"""The RoI sampling page's knobs, the draw, and what is shown beside the drawn RoIs."""

from __future__ import annotations

import streamlit as st

from fastrcnn_core.config import SamplingConfig
from pages.ui.shell import inputs
from pages.ui.state.roi_sampling import RoISamplingSelection

_KNOBS = (
    "rois_per_image",
    "foreground_share",
    "foreground_iou",
    "background_iou_low",
    "background_iou_high",
    "add_ground_truth",
)


def knobs(base: SamplingConfig) -> SamplingConfig:
    """Show the sampling knobs: RoIs, foreground share, IoU bands."""
    return inputs.knobs(SamplingConfig, only=_KNOBS, base=base)


def seed() -> int:
    """Show the seed of the draw: the same seed draws the same RoIs; the button takes the next."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.number_input(
            "Draw",
            min_value=0,
            max_value=2**31,
            value=0,
            key=RoISamplingSelection.key("seed"),
            bind="query-params",
            width=160,
            help="The seed of the draw. Training takes a new one for each picture at each step.",
        )
        st.button(
            "Draw again", icon=":material/casino:", key="draw-again", on_click=_next, args=(number,)
        )
    return int(number)


def shown() -> None:
    """Show switches for the layers of candidates that were not drawn."""
    with st.container(horizontal=True):
        st.toggle(
            "Ignored",
            value=True,
            key=RoISamplingSelection.key("ignored"),
            bind="query-params",
            help="Candidates that are neither positive nor negative: no step ever looks at them.",
        )
        st.toggle(
            "Not drawn this time",
            key=RoISamplingSelection.key("left_out"),
            bind="query-params",
            help="Positive and negative candidates for which there was no place in this draw.",
        )


def _next(number: int) -> None:
    RoISamplingSelection.select(seed=number + 1)
