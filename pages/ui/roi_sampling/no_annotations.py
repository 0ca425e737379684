"""The RoI sampling page for a picture without annotations."""

from __future__ import annotations

import streamlit as st

from pages.ui.components import figures
from pages.ui.shell import header
from pages.ui.state import selected_picture, sources


def show(picture: selected_picture.Picture) -> None:
    """Say why nothing can be sampled, and offer a picture where it can."""
    left, right = st.columns([2, 1], gap="medium")
    with left:
        figures.show(
            figures.draw(picture.image),
            key="sampled",
            caption="Which of its proposals show a person? The picture has no annotations that say so.",
        )
    with right:
        st.markdown(
            "Training needs annotations: without ground-truth boxes there is nothing to compare a proposal with, and "
            "no one can say which are positive. This picture can be searched and detected on, but not trained on."
        )
        st.button(
            "Take a street scene",
            key="take-a-scene",
            icon=":material/location_city:",
            type="primary",
            on_click=sources.choose_default_source,
        )
        header.link("detection", "Detect people on it")
