"""How similar are two regions? Four answers in [0, 1], from what is remembered of each.

Source: Uijlings et al., IJCV 2013, section 3.2, equations 1 to 5.
"""

from __future__ import annotations

import numpy as np

from fastrcnn_core.selective_search.compiled import kernel, reducing_kernel
from fastrcnn_core.selective_search.segmentation import Floats, Ints

SIMILARITIES = ("colour", "texture", "size", "fill")


@reducing_kernel
def overlap(one: Floats, other: Floats) -> np.float32:
    """Histogram intersection: what two histograms that sum to 1 have in common."""
    total = np.float32(0)
    for bin_ in range(len(one)):
        total += min(one[bin_], other[bin_])
    return total


@kernel
def size_similarity(one: int, other: int, sizes: Ints, pixels: np.float32) -> np.float32:
    """1 for two tiny regions, 0 for two that fill the picture: small ones merge first."""
    return np.float32(1) - np.float32(sizes[one] + sizes[other]) / pixels


@kernel
def fill_similarity(
    one: int, other: int, sizes: Ints, boxes: Ints, pixels: np.float32
) -> np.float32:
    """1 for two regions that fill their common box: those that fit into each other merge first."""
    width = max(boxes[one, 2], boxes[other, 2]) - min(boxes[one, 0], boxes[other, 0])
    height = max(boxes[one, 3], boxes[other, 3]) - min(boxes[one, 1], boxes[other, 1])
    hole = np.float32(width) * np.float32(height) - np.float32(sizes[one] + sizes[other])
    return np.float32(1) - hole / pixels


@kernel
def similarity_of(
    one: int,
    other: int,
    sizes: Ints,
    boxes: Ints,
    colour: Floats,
    texture: Floats,
    used: Floats,
    pixels: np.float32,
) -> np.float32:
    """The used similarities of two nodes, added up; `used` has 1 or 0 for colour, texture, size and fill."""
    total = np.float32(0)
    if used[0] > 0:
        total += overlap(colour[one], colour[other])
    if used[1] > 0:
        total += overlap(texture[one], texture[other])
    if used[2] > 0:
        total += size_similarity(one, other, sizes, pixels)
    if used[3] > 0:
        total += fill_similarity(one, other, sizes, boxes, pixels)
    return total


@kernel
def all_similarities(
    one: int,
    other: int,
    sizes: Ints,
    boxes: Ints,
    colour: Floats,
    texture: Floats,
    pixels: np.float32,
    values: Floats,
) -> None:
    """Write colour, texture, size and fill similarity of two nodes."""
    values[0] = overlap(colour[one], colour[other])
    values[1] = overlap(texture[one], texture[other])
    values[2] = size_similarity(one, other, sizes, pixels)
    values[3] = fill_similarity(one, other, sizes, boxes, pixels)


@kernel
def join(
    one: int, other: int, new: int, sizes: Ints, boxes: Ints, colour: Floats, texture: Floats
) -> None:
    """Write the new node's row: sizes add up, boxes enclose, histograms are averaged by size (equations 2 and 3)."""
    sizes[new] = sizes[one] + sizes[other]
    for side in range(2):
        boxes[new, side] = min(boxes[one, side], boxes[other, side])
        boxes[new, side + 2] = max(boxes[one, side + 2], boxes[other, side + 2])
    share = np.float32(sizes[one]) / np.float32(sizes[new])
    rest = np.float32(1) - share
    for bin_ in range(colour.shape[1]):
        colour[new, bin_] = share * colour[one, bin_] + rest * colour[other, bin_]
    for bin_ in range(texture.shape[1]):
        texture[new, bin_] = share * texture[one, bin_] + rest * texture[other, bin_]
