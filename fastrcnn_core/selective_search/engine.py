"""Selective Search: every strategy's hierarchy of one picture, and all their boxes in one order.

Shape letters: H, W searched picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt
import PIL.Image

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.selective_search.coarsening import coarsen
from fastrcnn_core.selective_search.colour_spaces import ColourSpace, Planes, convert
from fastrcnn_core.selective_search.edges import sort_edges
from fastrcnn_core.selective_search.grouping import Hierarchy, group
from fastrcnn_core.selective_search.ranking import places, small_first
from fastrcnn_core.selective_search.regions import Regions, describe, pixel_features
from fastrcnn_core.selective_search.result import SearchResult
from fastrcnn_core.selective_search.segmentation import Segmentation, segment
from fastrcnn_core.selective_search.smoothing import blur
from fastrcnn_core.selective_search.strategies import (
    FINEST_K,
    SMALL_FIRST,
    STRATEGIES,
    Strategy,
)
from fastrcnn_core.structures import Image


def search_strategies(image: Image, config: ProposalConfig) -> SearchResult:
    """The boxes of every region of every hierarchy and of every pair that was compared, best rank first."""
    pixels = searched_pixels(image, config.search_side)
    strategies = STRATEGIES[config.method]
    found = list(hierarchies(pixels, strategies, sigma=config.sigma))
    boxes = np.concatenate([rows for it in found for rows in (it.boxes, it.passed_over_boxes)])
    counts = [len(it.boxes) + len(it.passed_over) for it in found]
    ranks = np.concatenate(
        [
            places(hierarchy) * np.float32(strategy.doubt)
            for hierarchy, strategy in zip(found, strategies, strict=True)
        ]
    )
    ranks = small_first(
        ranks,
        boxes,
        pixels=pixels.shape[0] * pixels.shape[1],
        power=SMALL_FIRST[config.method],
    )
    order = np.argsort(ranks, kind="stable")
    return SearchResult(
        in_original_pixels(boxes[order], image, pixels),
        np.repeat(np.arange(len(found), dtype=np.int32), counts)[order],
        np.concatenate([np.arange(count, dtype=np.int32) for count in counts])[order],
        ranks[order],
        strategies,
    )


def hierarchies(
    pixels: npt.NDArray[np.uint8], strategies: Sequence[Strategy], *, sigma: float
) -> Iterator[Hierarchy]:
    """The strategies' hierarchies in order; what neighbours in the list have in common is computed once."""
    rgb = blur(pixels, sigma)
    for space, of_space in groupby(strategies, key=lambda strategy: strategy.space):
        _, finest = finest_regions(rgb, space)
        for k, of_scale in groupby(of_space, key=lambda strategy: strategy.k):
            regions, _ = coarsen(finest, k=k, min_size=round(k))
            for strategy in of_scale:
                yield group(
                    regions, similarity=strategy.similarity, pixels=rgb.shape[1] * rgb.shape[2]
                )


def finest_regions(rgb: Planes, space: ColourSpace) -> tuple[Segmentation, Regions]:
    """The segmentation that all scales of a colour space start from: pixels are looked at once."""
    planes = convert(rgb, space)
    segmentation = segment(sort_edges(planes), k=FINEST_K, min_size=FINEST_K)
    return segmentation, describe(segmentation, pixel_features(planes))


def searched_pixels(image: Image, longest: int) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8, the picture or, where its longer side is longer than that, a smaller copy."""
    scale = longest / max(image.height, image.width)
    if scale >= 1:
        return image.pixels
    size_wh = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    smaller = PIL.Image.fromarray(image.pixels).resize(size_wh, PIL.Image.Resampling.BOX)
    return np.asarray(smaller)


def in_original_pixels(
    boxes: npt.NDArray[np.int32], image: Image, pixels: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    """Boxes found in the searched pixels, as boxes of the picture: (N, 4) → (N, 4) float32."""
    height, width = pixels.shape[:2]
    scale = np.array([image.width / width, image.height / height] * 2)
    return (boxes * scale).astype(np.float32)
