"""How similar two nodes were that were compared and never merged: a search needs their sum alone, a reader all four.

Shape letters: R regions of the segmentation; M = R - 1 merges; N pairs; B bins.
"""

from __future__ import annotations

import numpy as np

from fastrcnn_core.selective_search.grouping import Hierarchy
from fastrcnn_core.selective_search.regions import Regions
from fastrcnn_core.selective_search.segmentation import Floats, Ints


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
