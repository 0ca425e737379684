"""Proposal trace: one strategy's segmentation and hierarchy, from which each of its proposals came.

The same steps as in a search, with every intermediate result kept.

Shape letters: H, W searched picture; R regions; M = R - 1 merges; T unmerged pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.selective_search.colour_spaces import ColourSpace, blur
from fastrcnn_core.selective_search.engine import (
    Strategy,
    finest_regions,
    resize_for_search,
    scale_to_image,
)
from fastrcnn_core.selective_search.grouping import Hierarchy, allocate_nodes, group
from fastrcnn_core.selective_search.regions import Regions, coarsen
from fastrcnn_core.selective_search.segmentation import (
    Floats,
    Labels,
    Segmentation,
    with_boundaries,
)
from fastrcnn_core.selective_search.similarity import merge_nodes, pair_similarities
from fastrcnn_core.structures import FloatArray, Image


@dataclass(frozen=True, eq=False)
class ProposalTrace:
    """Segmentation, hierarchy and boxes of one strategy in one picture.

    Args:
        labels: (H, W) int32, each pixel's region in the segmentation.
        hierarchy: the merges; node i < R is region i of `labels`.
        boxes: (R + M, 4) float32, each node's box in pixels of the original picture, by a `SearchResult`'s `node`.
        unmerged_boxes: (T, 4) float32, the unmerged pairs' boxes; `node` R + M + i is the i-th of them.
        unmerged_similarities: (T, 4) float32, their colour, texture, size and fill similarity, used or not.
    """

    strategy: Strategy
    labels: npt.NDArray[np.int32]
    hierarchy: Hierarchy
    boxes: FloatArray
    unmerged_boxes: FloatArray
    unmerged_similarities: FloatArray

    @property
    def all_boxes(self) -> FloatArray:
        """(R + M + T, 4) boxes of nodes and unmerged pairs: a `SearchResult`'s `node` is a row here."""
        return np.concatenate([self.boxes, self.unmerged_boxes])

    @property
    def merge_step(self) -> npt.NDArray[np.int32]:
        """(R + M + T,) the number of merges after which each of `all_boxes` exists."""
        merges = np.arange(1, len(self.hierarchy.merged_pairs) + 1, dtype=np.int32)
        regions = np.zeros(self.hierarchy.regions, np.int32)
        return np.concatenate([regions, merges, self.hierarchy.unmerged_since])


def trace_proposals(image: Image, strategy: Strategy, config: ProposalConfig) -> ProposalTrace:
    """Segment and group the picture as a search with this strategy does, keeping every step."""
    _, regions, labels = _segmented(image, strategy.space, strategy.k, config)
    hierarchy = group(regions, similarity=strategy.similarity, pixels=labels.size)
    return ProposalTrace(
        strategy,
        labels,
        hierarchy,
        scale_to_image(hierarchy.boxes, image, labels.shape),
        scale_to_image(hierarchy.unmerged_boxes, image, labels.shape),
        _unmerged_similarities(hierarchy, regions),
    )


def segmentation_of(
    image: Image, space: ColourSpace, k: float, config: ProposalConfig
) -> Segmentation:
    """Segment the picture in this colour space at this scale as a search does."""
    finest, regions, labels = _segmented(image, space, k, config)
    return with_boundaries(
        labels, regions.internal_difference, finest.boundary_edges, finest.boundary_weights
    )


def _segmented(
    image: Image, space: ColourSpace, k: float, config: ProposalConfig
) -> tuple[Segmentation, Regions, Labels]:
    """Return the finest segmentation, and the regions and labels at this scale."""
    pixels = resize_for_search(image, config.search_side)
    finest, regions = finest_regions(blur(pixels, config.sigma), space)
    regions, part_of = coarsen(regions, k=k, min_size=round(k))
    return finest, regions, part_of[finest.labels]


def reference_segmentation(image: Image, k: float, config: ProposalConfig) -> npt.NDArray[np.int32]:
    """Segment the picture's RGB by scikit-image's `felzenszwalb` with the same scale, sigma and minimum size: (H, W).

    It joins 8 neighbours, keeps exact weights, and merges pixels at this k, not regions of a finer segmentation.
    """
    from skimage.segmentation import felzenszwalb

    pixels = resize_for_search(image, config.search_side)
    labels = felzenszwalb(pixels, scale=k, sigma=config.sigma, min_size=round(k))
    return labels.astype(np.int32)


def _unmerged_similarities(hierarchy: Hierarchy, regions: Regions) -> Floats:
    """Compute the unmerged pairs' similarities, (T, 4), from the nodes' histograms, which a hierarchy does not keep."""
    nodes = allocate_nodes(regions)
    for new, (a, b) in enumerate(hierarchy.merged_pairs, start=hierarchy.regions):
        merge_nodes(a, b, new, nodes)
    return pair_similarities(hierarchy.unmerged_pairs, nodes, np.float32(nodes.sizes[-1]))
