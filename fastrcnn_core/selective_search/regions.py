"""Region adjacency graph: size, box, histograms and neighbours of every region; its pixels are not needed again.

Felzenszwalb & Huttenlocher's predicate needs only the smallest edge weight between two regions, their Dif(C1, C2)
(section 3.1), which the graph holds. So the pixels of a colour space are segmented once, and a higher k merges some
thousand pairs of regions.

Shape letters: C channels; H, W picture; R regions, S after coarsening; Q, U adjacent pairs; B boundary edges.
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
    boundary_regions,
    find_root,
    merge_if_small,
    relabel,
)


@dataclass(frozen=True, eq=False)
class Regions:
    """Region adjacency graph of one segmentation.

    Args:
        sizes: (R,) int32, pixels.
        boxes: (R, 4) int32, x1, y1, x2, y2 in pixels of the searched picture; x2, y2 exclusive.
        colour: (R, C * 25) float32, sums to 1 in each row.
        texture: (R, C * 80) float32, sums to 1 in each row.
        pairs: (Q, 2) int32, adjacent regions, the smaller number first, each pair once, smallest weight first.
        weights: (Q,) float32, the smallest edge weight between the two, in grey levels: the paper's Dif(C1, C2).
        internal_difference: (R,) float32, as in `Segmentation`.
    """

    sizes: Ints
    boxes: Ints
    colour: Floats
    texture: Floats
    pairs: Ints
    weights: Floats
    internal_difference: Floats


def describe_regions(segmentation: Segmentation, features: PixelFeatures) -> Regions:
    """Describe every region by its size, box, histograms and neighbours."""
    labels, count = segmentation.labels, segmentation.count
    sizes, boxes = _extents(labels, count)
    colour, texture = _histograms(labels, count, features.colour, features.texture, TEXTURE_TABLE)
    channels = len(features.colour)
    share = np.float32(1) / (sizes[:, None] * channels).astype(np.float32)
    first, second = boundary_regions(labels, segmentation.boundary_edges)
    return Regions(
        sizes,
        boxes,
        colour.astype(np.float32) * share,
        _first_bins_filled(texture, sizes).astype(np.float32) * (share / np.float32(ORIENTATIONS)),
        *unique_pairs(first, second, segmentation.boundary_weights, count),
        segmentation.internal_difference,
    )


@kernel
def unique_pairs(
    first: Ints, second: Ints, edge_weights: Floats, count: int
) -> tuple[Ints, Floats]:
    """Find the adjacent pairs, each once, smaller number first, in order of first occurrence, with the weight there.

    Args:
        first, second: (B,) regions of 0..count - 1 on both sides of a boundary edge.
        edge_weights: (B,), ascending.
    """
    slots = 16
    while slots < 2 * len(first):
        slots *= 2
    table = np.full(slots, -1, np.int64)  # a hash table with open addressing
    pairs, weights = np.empty((len(first), 2), np.int32), np.empty(len(first), np.float32)
    found = 0
    for edge in range(len(first)):
        low, high = min(first[edge], second[edge]), max(first[edge], second[edge])
        pair = np.int64(low) * count + high
        slot = (pair * 0x9E3779B1 >> 8) & (slots - 1)
        while table[slot] != pair and table[slot] >= 0:
            slot = (slot + 1) & (slots - 1)
        if table[slot] < 0:
            table[slot] = pair
            pairs[found, 0], pairs[found, 1], weights[found] = low, high, edge_weights[edge]
            found += 1
    return pairs[:found].copy(), weights[:found].copy()


def _first_bins_filled(texture: Ints, sizes: Ints) -> Ints:
    """Count in each orientation's first bin the pixels that are in no other of its bins."""
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
    """Count each colour bin, (R, C * 25), and each texture bin but the first, (R, C * 80)."""
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
    """Merge regions by Felzenszwalb & Huttenlocher's predicate at a higher k.

    Returns:
        The S coarser regions, and for each finer region, (R,) int32, the coarser one that contains it.
    """
    parent = np.arange(len(regions.sizes), dtype=np.int32)
    size, internal_difference = regions.sizes.copy(), regions.internal_difference.copy()
    _merge_regions(regions.pairs, regions.weights, np.float32(k), parent, size, internal_difference)
    _merge_small_regions(regions.pairs, min_size, parent, size)
    part_of, internal_difference = relabel(parent, internal_difference)
    sizes, boxes, colour, texture = _gather(
        part_of,
        len(internal_difference),
        regions.sizes,
        regions.boxes,
        regions.colour,
        regions.texture,
    )
    first, second = part_of[regions.pairs].T
    apart = first != second
    pairs, weights = unique_pairs(first[apart], second[apart], regions.weights[apart], len(sizes))
    return Regions(sizes, boxes, colour, texture, pairs, weights, internal_difference), part_of


@kernel
def _merge_regions(
    pairs: Ints, weights: Floats, k: np.float32, parent: Ints, size: Ints, internal: Floats
) -> None:
    """Merge two regions whose weight is at most Int(C) + k / |C| of both."""
    for pair in range(len(pairs)):
        a, b = find_root(parent, pairs[pair, 0]), find_root(parent, pairs[pair, 1])
        limit = min(internal[a] + k / np.float32(size[a]), internal[b] + k / np.float32(size[b]))
        if a != b and weights[pair] <= limit:
            parent[b] = a
            size[a] += size[b]
            internal[a] = weights[pair]


@kernel
def _merge_small_regions(pairs: Ints, min_size: int, parent: Ints, size: Ints) -> None:
    """Merge each region below `min_size` with the neighbour of smallest weight."""
    for pair in range(len(pairs)):
        merge_if_small(pairs[pair, 0], pairs[pair, 1], min_size, parent, size)


@kernel
def _gather(
    part_of: Ints, count: int, sizes: Ints, boxes: Ints, colour: Floats, texture: Floats
) -> tuple[Ints, Ints, Floats, Floats]:
    """Gather sizes, boxes and histograms of the coarser regions from the finer ones."""
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
