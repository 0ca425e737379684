"""Hierarchical grouping of one strategy, from the first segmentation to the whole picture."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from fastrcnn_core.selective_search import STRATEGIES, Strategy
from fastrcnn_core.selective_search.grouping import group
from fastrcnn_core.selective_search.proposal_trace import trace_proposals
from pages.ui.cache import searches
from pages.ui.components import source
from pages.ui.proposals import players
from pages.ui.proposals.origin import words
from pages.ui.proposals.view import View
from pages.ui.state.proposals import ProposalsSelection, requested_merge


def show(view: View) -> None:
    """Show the player of the grouping, and explain it."""
    st.subheader("Which regions merge?", anchor=False)
    method = view.config.method
    if method not in STRATEGIES:
        st.caption(
            "The package does not report its merges; this is how this project groups the same picture."
        )
    strategy = _pick(strategies(method))
    players.player(
        view,
        searches.traced(view.image, strategy, view.config),
        request=requested_merge(view.search, strategy),
        key="grouping-player",
    )
    st.caption(
        "A click on a region goes to the merge that takes it in. Keys: ← → one merge, with Shift ten, Home and End, "
        "space plays, B goes to the next better box."
    )
    st.markdown(_WHAT_HAPPENS)
    with st.expander("The four similarities", icon=":material/function:"):
        st.markdown(_FOUR)
    source.show(group, trace_proposals)


def strategies(method: str) -> tuple[Strategy, ...]:
    """Return a method's strategies; those of `single` for a method without a hierarchy."""
    return STRATEGIES.get(method, STRATEGIES["single"])


def _pick(strategies: Sequence[Strategy]) -> Strategy:
    """Pick the strategy; one that the method lacks falls back to the one that all methods have."""
    usual = STRATEGIES["single"][0]
    if ProposalsSelection.current().strategy not in strategies:
        ProposalsSelection.select(strategy=usual if usual in strategies else strategies[0])
    key = ProposalsSelection.key("strategy")
    return st.selectbox("Strategy", strategies, format_func=words, key=key)


_WHAT_HAPPENS = (
    "Again and again, the two **most similar** regions that **touch** become one, and the box around the new region "
    "is a proposal. Colour and texture ask whether they look alike. Size lets small regions merge first, so that no "
    "region swallows the picture early. Fill prefers pairs that leave no gap in their common box. Whatever an object "
    "is made of, somewhere between pixels and picture it is likely to be one region for a moment: the chart shows "
    "when. The boxes of pairs that were compared and passed over are proposals too: they cost nothing more."
)
_FOUR = r"""
$$ s(A, B) = a_1 s_{colour} + a_2 s_{texture} + a_3 s_{size} + a_4 s_{fill}, \qquad a_i \in \{0, 1\} $$

- **Colour**: histograms of 25 bins a channel, all channels together summing to 1;
  $s_{colour} = \sum_i \min(A_i, B_i)$.
- **Texture**: the same for gradients in 8 orientations, 10 bins each.
- **Size**: $s_{size} = 1 - (|A| + |B|) / |\mathrm{picture}|$.
- **Fill**: $s_{fill} = 1 - (|\mathrm{box}(A \cup B)| - |A| - |B|) / |\mathrm{picture}|$.

The new region's histograms are the mean of its two parts', weighted by their pixels: no pixel is looked at again.
Source: Uijlings et al., IJCV 2013, section 3.2.
"""
