"""Selective Search: region proposals from hierarchical grouping of a picture's pixels, best first.

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
from fastrcnn_core.selective_search.ranking import DUPLICATE_PENALTY, deduplicate, pseudo_random
from fastrcnn_core.structures import Image

__all__ = [
    "DUPLICATE_PENALTY",
    "STRATEGIES",
    "SearchResult",
    "Strategy",
    "deduplicate",
    "pseudo_random",
    "search",
]


def search(image: Image, config: ProposalConfig) -> SearchResult:
    """Search the picture with the config's method: every box, best first, unfiltered."""
    if config.method == "package":
        return search_package(image, config)
    return search_strategies(image, config)
