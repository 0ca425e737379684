"""A coarser segmentation out of a finer one: Felzenszwalb & Huttenlocher's rule goes on with a higher k.

Between two regions their rule looks at the smallest step only (their Dif(C1, C2), section 3.1), and the regions know
it. So the pixels of a colour space are segmented once, and every k costs a look at some thousand pairs.

Shape letters: R regions before, S after; Q, U pairs of touching regions.
"""

from __future__ import annotations

import numpy as np

from fastrcnn_core.selective_search.compiled import kernel
from fastrcnn_core.selective_search.regions import Regions, each_pair_once
from fastrcnn_core.selective_search.segmentation import Floats, Ints, number_sets, root


def coarsen(regions: Regions, *, k: float, min_size: int) -> tuple[Regions, Ints]:
    """The S regions at a higher k, and for each region before, (R,) int32, the one that it is now part of."""
    parent = np.arange(len(regions.sizes), dtype=np.int32)
    size, variation = regions.sizes.copy(), regions.variation.copy()
    _join_regions(regions.pairs, regions.gaps, np.float32(k), parent, size, variation)
    _join_small_regions(regions.pairs, min_size, parent, size, variation)
    part_of, variation = number_sets(parent, variation)
    sizes, boxes, colour, texture = _gather(
        part_of, len(variation), regions.sizes, regions.boxes, regions.colour, regions.texture
    )
    one, other = part_of[regions.pairs].T
    apart = one != other
    pairs, gaps = each_pair_once(one[apart], other[apart], regions.gaps[apart], len(sizes))
    return Regions(sizes, boxes, colour, texture, pairs, gaps, variation), part_of


@kernel
def _join_regions(
    pairs: Ints, gaps: Floats, k: np.float32, parent: Ints, size: Ints, variation: Floats
) -> None:
    """Join by the paper's rule."""
    for pair in range(len(pairs)):
        one, other = root(parent, pairs[pair, 0]), root(parent, pairs[pair, 1])
        limit = min(
            variation[one] + k / np.float32(size[one]),
            variation[other] + k / np.float32(size[other]),
        )
        if one != other and gaps[pair] <= limit:
            parent[other] = one
            size[one] += size[other]
            variation[one] = gaps[pair]


@kernel
def _join_small_regions(
    pairs: Ints, min_size: int, parent: Ints, size: Ints, variation: Floats
) -> None:
    """Join what is smaller than `min_size` to the neighbour behind its smallest step."""
    for pair in range(len(pairs)):
        one, other = root(parent, pairs[pair, 0]), root(parent, pairs[pair, 1])
        if one != other and (size[one] < min_size or size[other] < min_size):
            if size[one] < size[other]:
                one, other = other, one
            parent[other] = one
            size[one] += size[other]


@kernel
def _gather(
    part_of: Ints, count: int, sizes: Ints, boxes: Ints, colour: Floats, texture: Floats
) -> tuple[Ints, Ints, Floats, Floats]:
    """Sizes, boxes and histograms of the regions after, from those before."""
    new_sizes = np.zeros(count, np.int32)
    for region in range(len(part_of)):
        new_sizes[part_of[region]] += sizes[region]
    new_boxes = np.empty((count, 4), np.int32)
    new_boxes[:, :2], new_boxes[:, 2:] = 2**30, 0
    new_colour = np.zeros((count, colour.shape[1]), np.float32)
    new_texture = np.zeros((count, texture.shape[1]), np.float32)
    for region in range(len(part_of)):
        part = part_of[region]
        share = np.float32(sizes[region]) / np.float32(new_sizes[part])
        for side in range(2):
            new_boxes[part, side] = min(new_boxes[part, side], boxes[region, side])
            new_boxes[part, side + 2] = max(new_boxes[part, side + 2], boxes[region, side + 2])
        for bin_ in range(colour.shape[1]):
            new_colour[part, bin_] += share * colour[region, bin_]
        for bin_ in range(texture.shape[1]):
            new_texture[part, bin_] += share * texture[region, bin_]
    return new_sizes, new_boxes, new_colour, new_texture
