"""What is remembered of each region: size, box, colours, textures and neighbours; pixels are not needed again.

Source: Uijlings et al., IJCV 2013, section 3.2: colour histograms of 25 bins a channel, texture histograms of 8
orientations and 10 bins a channel.

Shape letters: C channels; H, W picture; R regions; Q pairs of touching regions; B borders.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastrcnn_core.selective_search.compiled import kernel
from fastrcnn_core.selective_search.pixel_features import (
    COLOUR_BINS,
    FLAT,
    ORIENTATIONS,
    TEXTURE_BINS,
    TEXTURE_TABLE,
    Codes,
    PixelFeatures,
)
from fastrcnn_core.selective_search.segmentation import (
    Floats,
    Ints,
    Labels,
    Segmentation,
    number_sets,
    root,
    sides,
)


@dataclass(frozen=True, eq=False)
class Regions:
    """The regions of one segmentation.

    Args:
        sizes: (R,) int32, pixels.
        boxes: (R, 4) int32, x1, y1, x2, y2 in pixels of the searched picture; x2, y2 exclusive.
        colour: (R, C * 25) float32, sums to 1 in each row.
        texture: (R, C * 80) float32, sums to 1 in each row.
        pairs: (Q, 2) int32, touching regions, the smaller number first, each pair once, smallest gap first.
        gaps: (Q,) float32, the smallest step between the two, in grey levels: the paper's Dif(C1, C2).
        variation: (R,) float32, as in `Segmentation`.
    """

    sizes: Ints
    boxes: Ints
    colour: Floats
    texture: Floats
    pairs: Ints
    gaps: Floats
    variation: Floats


def describe(segmentation: Segmentation, features: PixelFeatures) -> Regions:
    """Size, box, histograms and neighbours of every region."""
    labels, count = segmentation.labels, segmentation.count
    sizes, boxes = _extents(labels, count)
    colour, texture = _histograms(labels, count, features.colour, features.texture, TEXTURE_TABLE)
    channels = len(features.colour)
    share = np.float32(1) / (sizes[:, None] * channels).astype(np.float32)
    one, other = sides(labels, segmentation.borders)
    return Regions(
        sizes,
        boxes,
        colour.astype(np.float32) * share,
        _first_bins_filled(texture, sizes).astype(np.float32) * (share / np.float32(ORIENTATIONS)),
        *each_pair_once(one, other, segmentation.steps, count),
        segmentation.variation,
    )


@kernel
def each_pair_once(one: Ints, other: Ints, steps: Floats, count: int) -> tuple[Ints, Floats]:
    """Each pair of regions once, the smaller number first, in the order of first mention, with the step there.

    Args:
        one, other: (B,) regions of 0..count - 1 on both sides of a border.
        steps: (B,).
    """
    slots = 16
    while slots < 2 * len(one):
        slots *= 2
    seen = np.full(slots, -1, np.int64)  # a hash table with open addressing
    pairs, gaps = np.empty((len(one), 2), np.int32), np.empty(len(one), np.float32)
    found = 0
    for border in range(len(one)):
        first, second = min(one[border], other[border]), max(one[border], other[border])
        pair = np.int64(first) * count + second
        slot = (pair * 0x9E3779B1 >> 8) & (slots - 1)
        while seen[slot] != pair and seen[slot] >= 0:
            slot = (slot + 1) & (slots - 1)
        if seen[slot] < 0:
            seen[slot] = pair
            pairs[found, 0], pairs[found, 1], gaps[found] = first, second, steps[border]
            found += 1
    return pairs[:found].copy(), gaps[:found].copy()


def _first_bins_filled(texture: Ints, sizes: Ints) -> Ints:
    """Whatever is in no other bin of an orientation is in its first."""
    filled = texture.reshape(len(sizes), -1, TEXTURE_BINS)
    filled[:, :, 0] = sizes[:, None] - filled.sum(axis=2, dtype=np.int32)
    return filled.reshape(len(sizes), -1)


@kernel
def _extents(labels: Labels, count: int) -> tuple[Ints, Ints]:
    height, width = labels.shape
    sizes = np.zeros(count, np.int32)
    boxes = np.zeros((count, 4), np.int32)
    boxes[:, 0], boxes[:, 1] = width, height
    for y in range(height):
        for x in range(width):
            label = labels[y, x]
            sizes[label] += 1
            box = boxes[label]
            box[0] = min(box[0], x)
            box[1] = min(box[1], y)
            box[2] = max(box[2], x + 1)
            box[3] = y + 1
    return sizes, boxes


@kernel
def _histograms(
    labels: Labels,
    count: int,
    colours: npt.NDArray[np.uint8],
    textures: Codes,
    table: npt.NDArray[np.int16],
) -> tuple[Ints, Ints]:
    """Counts of each colour bin, (R, C * 25), and of each texture bin but the first, (R, C * 80)."""
    channels, height, width = colours.shape
    colour = np.zeros((count, channels * COLOUR_BINS), np.int32)
    texture = np.zeros((count, channels * ORIENTATIONS * TEXTURE_BINS), np.int32)
    for channel in range(channels):
        first_colour = channel * COLOUR_BINS
        first_texture = channel * ORIENTATIONS * TEXTURE_BINS
        for y in range(height):
            for x in range(width):
                label, code = labels[y, x], textures[channel, y, x]
                colour[label, first_colour + colours[channel, y, x]] += 1
                if code != FLAT:
                    for entry in range(4):
                        if table[code, entry] < 0:
                            break
                        texture[label, first_texture + table[code, entry]] += 1
    return colour, texture


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
