"""Selective Search: boxes that may hold something, from the picture alone, best first.

Source: Uijlings, van de Sande, Gevers & Smeulders, *Selective Search for Object Recognition*, IJCV 2013.
"""

from __future__ import annotations

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.selective_search.engine import (
    STRATEGIES,
    SearchResult,
    Strategy,
    search_strategies,
)
from fastrcnn_core.selective_search.package import search_package
from fastrcnn_core.selective_search.ranking import REPEATS_COST, distinct, pseudo_random
from fastrcnn_core.structures import Image

__all__ = [
    "REPEATS_COST",
    "STRATEGIES",
    "SearchResult",
    "Strategy",
    "distinct",
    "pseudo_random",
    "search",
]


def search(image: Image, config: ProposalConfig) -> SearchResult:
    """Everything that the config's method finds in the picture, best first, nothing filtered."""
    if config.method == "package":
        return search_package(image, config)
    return search_strategies(image, config)
