"""The Proposals page: the boxes that Selective Search proposes, and how good they are."""

import streamlit as st

from pages.ui.proposals import (
    engines,
    first_screen,
    funnel,
    grouping,
    knobs,
    quality,
    sections,
    segmentation,
    sweeps,
)
from pages.ui.proposals.view import view
from pages.ui.shell import header, inputs

PARTS = {
    "Segmentation": segmentation.show,
    "Grouping": grouping.show,
    "Funnel": funnel.show,
    "Quality": quality.show,
    "Methods": engines.show,
    "Sweep": sweeps.show,
}

header.show("Which boxes are worth looking at?")
picture = inputs.picture()
current = view(picture, knobs.show())
st.fragment(first_screen.show)(current)
part = PARTS[sections.pick()]
# A survey of the data set grows by itself: look again every second while it does.
st.fragment(part, run_every=1.0 if part is quality.show and quality.is_growing(current) else None)(
    current
)
