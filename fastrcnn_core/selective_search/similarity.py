"""Similarity of two regions in colour, texture, size and fill, each in [0, 1].

Source: Uijlings et al., IJCV 2013, section 3.2, equations 1 to 5.

Shape letters: R regions; M = R - 1 merges; N pairs; B, D bins.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fastrcnn_core.selective_search.compiled import fastmath_kernel, kernel
from fastrcnn_core.selective_search.segmentation import Floats, Ints


class Nodes(NamedTuple):
    """Rows of a hierarchy's nodes: first the R regions, then what each of the M merges makes.

    Args:
        sizes: (R + M,) int32, pixels.
        boxes: (R + M, 4) int32, x1, y1, x2, y2; x2, y2 exclusive.
        colour, texture: (R + M, B), (R + M, D) float32 histograms; each row sums to 1.
    """

    sizes: Ints
    boxes: Ints
    colour: Floats
    texture: Floats


@fastmath_kernel
def histogram_intersection(a: Floats, b: Floats) -> np.float32:
    """Intersect two histograms that each sum to 1."""
    total = np.float32(0)
    for bin_ in range(len(a)):
        total += min(a[bin_], b[bin_])
    return total


@kernel
def size_similarity(a: int, b: int, sizes: Ints, pixels: np.float32) -> np.float32:
    """Compute size similarity: 1 for two tiny regions, 0 for two that fill the picture: small ones merge first."""
    return np.float32(1) - np.float32(sizes[a] + sizes[b]) / pixels


@kernel
def fill_similarity(a: int, b: int, sizes: Ints, boxes: Ints, pixels: np.float32) -> np.float32:
    """Compute fill similarity: 1 for two regions that fill their common box, less for a gap."""
    width = max(boxes[a, 2], boxes[b, 2]) - min(boxes[a, 0], boxes[b, 0])
    height = max(boxes[a, 3], boxes[b, 3]) - min(boxes[a, 1], boxes[b, 1])
    gap = np.float32(width) * np.float32(height) - np.float32(sizes[a] + sizes[b])
    return np.float32(1) - gap / pixels


@kernel
def total_similarity(a: int, b: int, nodes: Nodes, used: Floats, pixels: np.float32) -> np.float32:
    """Add up the used similarities of two nodes; `used` has 1 or 0 for colour, texture, size and fill."""
    total = np.float32(0)
    if used[0] > 0:
        total += histogram_intersection(nodes.colour[a], nodes.colour[b])
    if used[1] > 0:
        total += histogram_intersection(nodes.texture[a], nodes.texture[b])
    if used[2] > 0:
        total += size_similarity(a, b, nodes.sizes, pixels)
    if used[3] > 0:
        total += fill_similarity(a, b, nodes.sizes, nodes.boxes, pixels)
    return total


@kernel
def pair_similarities(pairs: Ints, nodes: Nodes, pixels: np.float32) -> Floats:
    """Compute colour, texture, size and fill similarity of any pairs of nodes: (N, 2) → (N, 4)."""
    similarities = np.empty((len(pairs), 4), np.float32)
    for row in range(len(pairs)):
        a, b = pairs[row]
        similarities[row, 0] = histogram_intersection(nodes.colour[a], nodes.colour[b])
        similarities[row, 1] = histogram_intersection(nodes.texture[a], nodes.texture[b])
        similarities[row, 2] = size_similarity(a, b, nodes.sizes, pixels)
        similarities[row, 3] = fill_similarity(a, b, nodes.sizes, nodes.boxes, pixels)
    return similarities


@kernel
def merge_nodes(a: int, b: int, new: int, nodes: Nodes) -> None:
    """Write the merged node's row: summed size, enclosing box, histograms averaged by size (equations 2 and 3)."""
    sizes, boxes, colour, texture = nodes
    sizes[new] = sizes[a] + sizes[b]
    for side in range(2):
        boxes[new, side] = min(boxes[a, side], boxes[b, side])
        boxes[new, side + 2] = max(boxes[a, side + 2], boxes[b, side + 2])
    share = np.float32(sizes[a]) / np.float32(sizes[new])
    rest = np.float32(1) - share
    for bin_ in range(colour.shape[1]):
        colour[new, bin_] = share * colour[a, bin_] + rest * colour[b, bin_]
    for bin_ in range(texture.shape[1]):
        texture[new, bin_] = share * texture[a, bin_] + rest * texture[b, bin_]
