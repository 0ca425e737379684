"""One strategy looked at closely: its segmentation, and who merged with whom.

The same steps as a search takes, but nothing is thrown away, so that a page can play the grouping and say where a
box came from.

Shape letters: H, W searched picture; R regions; M = R - 1 merges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.selective_search.colour_spaces import ColourSpace, convert
from fastrcnn_core.selective_search.engine import searched_pixels
from fastrcnn_core.selective_search.grouping import Hierarchy, group
from fastrcnn_core.selective_search.regions import describe, pixel_features
from fastrcnn_core.selective_search.segmentation import (
    Segmentation,
    SortedEdges,
    blur,
    segment,
    sort_edges,
)
from fastrcnn_core.selective_search.strategies import Strategy
from fastrcnn_core.structures import FloatArray, Image


@dataclass(frozen=True, eq=False)
class Trace:
    """How one strategy worked on one picture.

    Args:
        strategy: which.
        labels: (H, W) int32, each pixel's region in the first segmentation.
        hierarchy: who merged with whom; node i < R is region i of `labels`.
        boxes: (R + M, 4) float32, each node's box in pixels of the original picture: a `SearchResult`'s
            `node` finds its box here.
    """

    strategy: Strategy
    labels: npt.NDArray[np.int32]
    hierarchy: Hierarchy
    boxes: FloatArray


def trace(image: Image, strategy: Strategy, config: ProposalConfig) -> Trace:
    """Segmentation and hierarchy as a search with this strategy makes them."""
    pixels = searched_pixels(image, config.search_side)
    planes = convert(blur(pixels, config.sigma), strategy.space)
    segmentation = _segmented(sort_edges(planes), strategy.k)
    regions = describe(segmentation, pixel_features(planes))
    hierarchy = group(regions, similarity=strategy.similarity, pixels=segmentation.labels.size)
    height, width = segmentation.labels.shape
    scale = np.array([image.width / width, image.height / height] * 2)
    boxes = (hierarchy.boxes * scale).astype(np.float32)
    return Trace(strategy, segmentation.labels, hierarchy, boxes)


def segmentation_of(
    image: Image, space: ColourSpace, k: float, config: ProposalConfig
) -> Segmentation:
    """The first segmentation in this colour space at this scale, as a search makes it."""
    pixels = searched_pixels(image, config.search_side)
    return _segmented(sort_edges(convert(blur(pixels, config.sigma), space)), k)


def _segmented(edges: SortedEdges, k: float) -> Segmentation:
    return segment(edges, k=k, min_size=round(k))
