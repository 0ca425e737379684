"""Proposal trace: one strategy's segmentation and hierarchy, from which each of its proposals came.

The same steps as in a search, with every intermediate result kept.

Shape letters: H, W searched picture; R regions; M = R - 1 merges; T unmerged pairs; N pairs; B bins.
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
from fastrcnn_core.selective_search.grouping import Hierarchy, group
from fastrcnn_core.selective_search.regions import Regions, coarsen
from fastrcnn_core.selective_search.segmentation import Floats, Ints, Segmentation, boundary_regions
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
    pixels = resize_for_search(image, config.search_side)
    finest, regions = finest_regions(blur(pixels, config.sigma), strategy.space)
    regions, part_of = coarsen(regions, k=strategy.k, min_size=round(strategy.k))
    labels = part_of[finest.labels]
    hierarchy = group(regions, similarity=strategy.similarity, pixels=labels.size)
    return ProposalTrace(
        strategy,
        labels,
        hierarchy,
        scale_to_image(hierarchy.boxes, image, pixels),
        scale_to_image(hierarchy.unmerged_boxes, image, pixels),
        pair_similarities(hierarchy.unmerged_pairs, regions=regions, hierarchy=hierarchy),
    )


def segmentation_of(
    image: Image, space: ColourSpace, k: float, config: ProposalConfig
) -> Segmentation:
    """Segment the picture in this colour space at this scale as a search does."""
    pixels = resize_for_search(image, config.search_side)
    finest, regions = finest_regions(blur(pixels, config.sigma), space)
    coarse, part_of = coarsen(regions, k=k, min_size=round(k))
    labels = part_of[finest.labels]
    first, second = boundary_regions(labels, finest.boundary_edges)
    is_boundary = first != second
    return Segmentation(
        labels,
        coarse.internal_difference,
        finest.boundary_edges[is_boundary],
        finest.boundary_weights[is_boundary],
    )


def reference_segmentation(image: Image, k: float, config: ProposalConfig) -> npt.NDArray[np.int32]:
    """Segment the picture's RGB by scikit-image's `felzenszwalb` with the same scale, sigma and minimum size: (H, W).

    It joins 8 neighbours, keeps exact weights, and merges pixels at this k, not regions of a finer segmentation.
    """
    from skimage.segmentation import felzenszwalb

    pixels = resize_for_search(image, config.search_side)
    labels = felzenszwalb(pixels, scale=k, sigma=config.sigma, min_size=round(k))
    return labels.astype(np.int32)


def pair_similarities(pairs: Ints, *, regions: Regions, hierarchy: Hierarchy) -> Floats:
    """Compute colour, texture, size and fill similarity of pairs of nodes: (N, 2) → (N, 4) float32 in [0, 1].

    Args:
        pairs: any two nodes of the hierarchy.
        regions: the hierarchy's first R nodes.

    Source: Uijlings et al., IJCV 2013, section 3.2, equations 1 to 5.
    """
    first, second = pairs[:, 0], pairs[:, 1]
    sizes, boxes = hierarchy.sizes.astype(np.float32), hierarchy.boxes
    pixels, together = sizes[-1], sizes[first] + sizes[second]
    sides = np.maximum(boxes[first, 2:], boxes[second, 2:]) - np.minimum(
        boxes[first, :2], boxes[second, :2]
    )
    gaps = sides.prod(axis=1) - together
    colour, texture = (
        _intersections(_node_histograms(histograms, hierarchy), pairs)
        for histograms in (regions.colour, regions.texture)
    )
    return np.stack([colour, texture, 1 - together / pixels, 1 - gaps / pixels], axis=1).astype(
        np.float32
    )


def _node_histograms(histograms: Floats, hierarchy: Hierarchy) -> Floats:
    """Average histograms up the hierarchy, weighted by pixels: (R, B) → (R + M, B)."""
    count, sizes = len(histograms), hierarchy.sizes
    nodes = np.concatenate(
        [histograms, np.empty((len(hierarchy.merged_pairs), histograms.shape[1]), np.float32)]
    )
    for new, (a, b) in enumerate(hierarchy.merged_pairs, start=count):
        share = sizes[a] / sizes[new]
        nodes[new] = share * nodes[a] + (1 - share) * nodes[b]
    return nodes


def _intersections(histograms: Floats, pairs: Ints) -> Floats:
    """Intersect the two histograms of each pair: (N,)."""
    shared = [np.minimum(histograms[a], histograms[b]).sum() for a, b in pairs]
    return np.array(shared, np.float32)
