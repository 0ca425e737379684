"""Selective Search: region proposals from hierarchical grouping of a picture's pixels, best first.

Source: Uijlings, van de Sande, Gevers & Smeulders, *Selective Search for Object Recognition*, IJCV 2013.
"""

from __future__ import annotations

from collections.abc import Callable

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
    "METHODS",
    "STRATEGIES",
    "SearchResult",
    "Strategy",
    "deduplicate",
    "pseudo_random",
    "search",
]


# Register a further method here and in `config.ProposalMethod`; one without strategies has no hierarchy to show.
METHODS: dict[str, Callable[[Image, ProposalConfig], SearchResult]] = {
    **dict.fromkeys(STRATEGIES, search_strategies),
    "package": search_package,
}


def search(image: Image, config: ProposalConfig) -> SearchResult:
    """Search the picture with the config's method: every box, best first, unfiltered."""
    return METHODS[config.method](image, config)
