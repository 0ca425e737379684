"""Picker of the open section of the Proposals page; only the open one computes."""

from __future__ import annotations

import streamlit as st

from pages.ui.state.proposals import SECTIONS, ProposalsSelection, follow_former_link


def pick() -> str:
    """Show the picker and return the open section's name, which is in the link."""
    follow_former_link()
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
