"""The pip package `selectivesearch` 0.4 as the notebook calls it, kept for comparison, faults and all."""

from __future__ import annotations

import numpy as np

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.selective_search.result import SearchResult
from fastrcnn_core.structures import Image


def search_package(image: Image, config: ProposalConfig) -> SearchResult:
    """The package's regions in its own order, which ranks nothing.

    Its rectangles are (x, y, last x - x, last y - y), one pixel short on two sides; like the notebook this
    takes x + width and y + height for the right and bottom edges.
    """
    import selectivesearch  # only those who ask for it wait for scikit-image

    _, regions = selectivesearch.selective_search(
        image.pixels, scale=config.scale, sigma=config.sigma, min_size=config.min_size
    )
    rects = np.array([region["rect"] for region in regions], np.float32).reshape(-1, 4)
    count = len(rects)
    return SearchResult(
        np.concatenate([rects[:, :2], rects[:, :2] + rects[:, 2:]], axis=1),
        np.zeros(count, np.int32),
        np.arange(count, dtype=np.int32),
        np.arange(count, dtype=np.float32),
        (),
    )
