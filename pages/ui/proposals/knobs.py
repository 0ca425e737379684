"""Knobs of the Proposals page: the method, and in a popover the search and the filters."""

from __future__ import annotations

import streamlit as st

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.knobs import knobs as knobs_of
from pages.ui.shell import inputs

_OURS = ("sigma", "search_side")
_PACKAGES = ("scale", "sigma", "min_size")
FILTERS = ("min_side", "max_aspect", "distinct_iou", "order", "limit")


def show() -> ProposalConfig:
    """Show the method and the knobs that apply to it; return the config."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        config = inputs.knobs(ProposalConfig, only=["method"], reset=False)
        with st.popover("Search and filters", icon=":material/tune:", key="proposal-knobs"):
            return _others(config)


def _others(config: ProposalConfig) -> ProposalConfig:
    """Show every knob but the method."""
    search, keep = st.columns(2, gap="large")
    with search:
        st.markdown("**What is searched**")
        names = searching(config)
        config = inputs.knobs(ProposalConfig, only=names, base=config)
    with keep:
        st.markdown("**What is kept**")
        config = inputs.knobs(ProposalConfig, only=FILTERS, base=config)
        if config.order != "pseudo_random":
            return config
        return inputs.knobs(ProposalConfig, only=["seed"], base=config)


def searching(config: ProposalConfig) -> tuple[str, ...]:
    """Return the names of the knobs that this method's search uses."""
    return _PACKAGES if config.method == "package" else _OURS


def label(name: str) -> str:
    """Return a knob's label."""
    return knobs_of(ProposalConfig)[name][1].label


def axis(name: str) -> str:
    """Return a knob's label with its unit, for the axis of a chart."""
    return knobs_of(ProposalConfig)[name][1].label_with_unit
