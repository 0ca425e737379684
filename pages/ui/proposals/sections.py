"""Which part of the Proposals page is open: one at a time, and only that one computes."""

from __future__ import annotations

import streamlit as st

from pages.ui.state.proposals import SECTIONS, ProposalsSelection


def pick() -> str:
    """The open section's name; it stands in the link."""
    return str(
        st.segmented_control(
            "Look inside",
            SECTIONS,
            default=SECTIONS[0],
            required=True,
            key=ProposalsSelection.key("section"),
            bind="query-params",
            label_visibility="collapsed",
        )
    )
