"""One strategy looked at closely: its segmentation, and who merged with whom.

The same steps as a search takes, but nothing is thrown away, so that a page can play the grouping and say where a
box came from.

Shape letters: H, W searched picture; R regions; M = R - 1 merges; T pairs passed over.
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
    in_original_pixels,
    searched_pixels,
)
from fastrcnn_core.selective_search.grouping import Hierarchy, group
from fastrcnn_core.selective_search.regions import Regions, coarsen
from fastrcnn_core.selective_search.segmentation import Floats, Ints, Segmentation, sides
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
        passed_over_boxes: (T, 4) float32, the boxes of the pairs that were compared and passed over; a `node` of
            R + M + i is the i-th of them.
        passed_over_similarities: (T, 4) float32, their colour, texture, size and fill similarity, used or not.
    """

    strategy: Strategy
    labels: npt.NDArray[np.int32]
    hierarchy: Hierarchy
    boxes: FloatArray
    passed_over_boxes: FloatArray
    passed_over_similarities: FloatArray

    @property
    def all_boxes(self) -> FloatArray:
        """(R + M + T, 4) every box that the strategy found: a `SearchResult`'s `node` is a row here."""
        return np.concatenate([self.boxes, self.passed_over_boxes])

    @property
    def met(self) -> npt.NDArray[np.int32]:
        """(R + M + T,) how many merges had been made when each of `all_boxes` was first met."""
        merges = np.arange(1, len(self.hierarchy.pairs) + 1, dtype=np.int32)
        first = np.zeros(self.hierarchy.regions, np.int32)
        return np.concatenate([first, merges, self.hierarchy.passed_over_since])


def trace(image: Image, strategy: Strategy, config: ProposalConfig) -> Trace:
    """Segmentation and hierarchy as a search with this strategy makes them."""
    pixels = searched_pixels(image, config.search_side)
    finest, regions = finest_regions(blur(pixels, config.sigma), strategy.space)
    regions, part_of = coarsen(regions, k=strategy.k, min_size=round(strategy.k))
    labels = part_of[finest.labels]
    hierarchy = group(regions, similarity=strategy.similarity, pixels=labels.size)
    return Trace(
        strategy,
        labels,
        hierarchy,
        in_original_pixels(hierarchy.boxes, image, pixels),
        in_original_pixels(hierarchy.passed_over_boxes, image, pixels),
        similarities_of(hierarchy.passed_over, regions=regions, hierarchy=hierarchy),
    )


def segmentation_of(
    image: Image, space: ColourSpace, k: float, config: ProposalConfig
) -> Segmentation:
    """The first segmentation in this colour space at this scale, as a search makes it."""
    pixels = searched_pixels(image, config.search_side)
    finest, regions = finest_regions(blur(pixels, config.sigma), space)
    coarse, part_of = coarsen(regions, k=k, min_size=round(k))
    labels = part_of[finest.labels]
    one, other = sides(labels, finest.borders)
    return Segmentation(
        labels, coarse.variation, finest.borders[one != other], finest.steps[one != other]
    )


def similarities_of(pairs: Ints, *, regions: Regions, hierarchy: Hierarchy) -> Floats:
    """Colour, texture, size and fill similarity of each pair of nodes: (N, 2) → (N, 4) float32 in [0, 1].

    Args:
        pairs: any two nodes of the hierarchy.
        regions: those that the hierarchy grew out of.

    Source: Uijlings et al., IJCV 2013, section 3.2, equations 1 to 5.
    """
    one, other = pairs[:, 0], pairs[:, 1]
    sizes, boxes = hierarchy.sizes.astype(np.float32), hierarchy.boxes
    pixels, together = sizes[-1], sizes[one] + sizes[other]
    sides = np.maximum(boxes[one, 2:], boxes[other, 2:]) - np.minimum(
        boxes[one, :2], boxes[other, :2]
    )
    holes = sides.prod(axis=1) - together
    colour, texture = (
        _common(_of_all_nodes(histograms, hierarchy), pairs)
        for histograms in (regions.colour, regions.texture)
    )
    return np.stack([colour, texture, 1 - together / pixels, 1 - holes / pixels], axis=1).astype(
        np.float32
    )


def _of_all_nodes(histograms: Floats, hierarchy: Hierarchy) -> Floats:
    """(R, B) → (R + M, B): a merged node's histogram is the mean of its two parts', weighted by their pixels."""
    count, sizes = len(histograms), hierarchy.sizes
    everything = np.concatenate(
        [histograms, np.empty((len(hierarchy.pairs), histograms.shape[1]), np.float32)]
    )
    for new, (one, other) in enumerate(hierarchy.pairs, start=count):
        share = sizes[one] / sizes[new]
        everything[new] = share * everything[one] + (1 - share) * everything[other]
    return everything


def _common(histograms: Floats, pairs: Ints) -> Floats:
    """(N,) what the two histograms of each pair have in common."""
    both = [np.minimum(histograms[one], histograms[other]).sum() for one, other in pairs]
    return np.array(both, np.float32)
