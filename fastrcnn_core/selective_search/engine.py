"""Selective Search: every strategy's hierarchy of one picture.

Shape letters: H, W picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt
import PIL.Image

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.selective_search.colour_spaces import convert
from fastrcnn_core.selective_search.grouping import Hierarchy, group
from fastrcnn_core.selective_search.ranking import pseudo_random_ranks
from fastrcnn_core.selective_search.regions import describe, pixel_features
from fastrcnn_core.selective_search.result import SearchResult
from fastrcnn_core.selective_search.segmentation import blur, segment, sort_edges
from fastrcnn_core.selective_search.strategies import STRATEGIES, Strategy
from fastrcnn_core.structures import Image


def search_strategies(image: Image, config: ProposalConfig) -> SearchResult:
    """Every region of every hierarchy, best rank first."""
    pixels = searched_pixels(image, config.search_side)
    strategies = STRATEGIES[config.method]
    found = list(hierarchies(pixels, strategies, sigma=config.sigma))
    scale = np.array([image.width / pixels.shape[1], image.height / pixels.shape[0]] * 2)
    boxes = np.concatenate([hierarchy.boxes for hierarchy in found])
    counts = [len(hierarchy.boxes) for hierarchy in found]
    generator = np.random.default_rng(config.seed)
    ranks = np.concatenate([pseudo_random_ranks(count, generator) for count in counts])
    order = np.argsort(ranks, kind="stable")
    return SearchResult(
        (boxes[order] * scale).astype(np.float32),
        np.repeat(np.arange(len(found)), counts)[order].astype(np.int32),
        np.concatenate([np.arange(count) for count in counts])[order].astype(np.int32),
        ranks[order],
        strategies,
    )


def hierarchies(
    pixels: npt.NDArray[np.uint8], strategies: Sequence[Strategy], *, sigma: float
) -> Iterator[Hierarchy]:
    """The strategies' hierarchies in order; what neighbours in the list have in common is computed once."""
    rgb = blur(pixels, sigma)
    for space, of_space in groupby(strategies, key=lambda strategy: strategy.space):
        planes = convert(rgb, space)
        edges, features = sort_edges(planes), pixel_features(planes)
        for k, of_scale in groupby(of_space, key=lambda strategy: strategy.k):
            regions = describe(segment(edges, k=k, min_size=round(k)), features)
            for strategy in of_scale:
                yield group(
                    regions,
                    similarity=strategy.similarity,
                    pixels=pixels.shape[0] * pixels.shape[1],
                )


def searched_pixels(image: Image, longest: int) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8, the picture or, where its longer side is longer than that, a smaller copy."""
    scale = longest / max(image.height, image.width)
    if scale >= 1:
        return image.pixels
    size_wh = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    smaller = PIL.Image.fromarray(image.pixels).resize(size_wh, PIL.Image.Resampling.BOX)
    return np.asarray(smaller)
