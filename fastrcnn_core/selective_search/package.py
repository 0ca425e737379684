"""The pip package `selectivesearch` 0.4, which the notebook used, and a comparison of its histograms with ours.

The package's own functions segment the picture and fill its histograms; ours describe the same segments. Nothing is
imitated, so a release that mends a fault shows none here.

Shape letters: H, W picture; R regions; Q adjacent pairs of regions.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.selective_search.colour_spaces import blur, convert
from fastrcnn_core.selective_search.engine import SearchResult
from fastrcnn_core.selective_search.pixel_features import ORIENTATIONS, TEXTURE_BINS, pixel_features
from fastrcnn_core.selective_search.regions import describe_regions
from fastrcnn_core.selective_search.segmentation import Labels, Segmentation
from fastrcnn_core.structures import FloatArray, Image


def search_package(image: Image, config: ProposalConfig) -> SearchResult:
    """Search with the package: its regions in its own order, which is no ranking.

    Its rectangles are (x, y, last x - x, last y - y), one pixel short on two sides; like the notebook this takes
    x + width and y + height for the right and bottom edges.
    """
    import selectivesearch  # it imports scikit-image, which takes a second

    with _without_texture_warning():
        _, regions = selectivesearch.selective_search(
            image.pixels, scale=config.scale, sigma=config.sigma, min_size=config.min_size
        )
    rects = np.array([region["rect"] for region in regions], np.float32).reshape(-1, 4)
    count = len(rects)
    return SearchResult(
        np.concatenate([rects[:, :2], rects[:, :2] + rects[:, 2:]], axis=1),
        np.zeros(count, np.int32),
        np.arange(count, dtype=np.int32),
        np.arange(count, dtype=np.float32),
        (),
    )


@dataclass(frozen=True, eq=False)
class Histograms:
    """An engine's histograms of a picture, and the colour similarity of its adjacent segments.

    Args:
        colour: (3, 25) share of the picture's pixels in each bin of hue, saturation and value.
        texture: (8, 10) or (1, 10) share of the pixels in each texture bin, a row an orientation if there are
            any; the mean of the three channels.
        counted: share of the pixels in any texture bin.
        similarity: (Q,) colour similarity of each adjacent pair of segments, in [0, 1].
    """

    colour: FloatArray
    texture: FloatArray
    counted: float
    similarity: FloatArray


@dataclass(frozen=True, eq=False)
class PackageComparison:
    """The package and our engine on the same segments of one picture.

    Args:
        package, engine: the histograms of each.
        segments: number of segments.
        adjacent: number of adjacent pairs.
        assumed: number of pairs that the package assumes adjacent, from the corners of their boxes.
        assumed_correctly: number of those that are adjacent.
    """

    package: Histograms
    engine: Histograms
    segments: int
    adjacent: int
    assumed: int
    assumed_correctly: int


def compare_with_package(image: Image, config: ProposalConfig) -> PackageComparison:
    """Compare both engines' histograms on the package's segments; takes as long as the package's own search."""
    from selectivesearch import selectivesearch as package

    with _without_texture_warning():
        segmented = package._generate_segments(
            image.pixels, config.scale, config.sigma, config.min_size
        )
        described = package._extract_regions(segmented)
        codes = package._calc_texture_gradient(segmented)
    labels = np.ascontiguousarray(segmented[..., 3], np.int32)
    pairs = adjacent_regions(labels)
    assumed = {
        tuple(sorted((int(a), int(b)))) for (a, _), (b, _) in package._extract_neighbours(described)
    }
    return PackageComparison(
        _package_histograms(package, segmented, codes, described, pairs),
        _our_histograms(image, labels, pairs, config),
        segments=int(labels.max()) + 1,
        adjacent=len(pairs),
        assumed=len(assumed),
        assumed_correctly=len(assumed & set(map(tuple, pairs.tolist()))),
    )


def adjacent_regions(labels: Labels) -> npt.NDArray[np.int32]:
    """Find the pairs of regions with neighbouring pixels, corners included: (H, W) → (Q, 2), smaller number first."""
    ends: tuple[tuple[Any, Any], ...] = (  # right, down, down right, down left
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1], np.s_[1:]),
        (np.s_[:-1, :-1], np.s_[1:, 1:]),
        (np.s_[:-1, 1:], np.s_[1:, :-1]),
    )
    edges = [np.stack([labels[start].ravel(), labels[end].ravel()]) for start, end in ends]
    pairs = np.sort(np.concatenate(edges, axis=1), axis=0)
    return np.unique(pairs[:, pairs[0] < pairs[1]], axis=1).T.astype(np.int32)


@contextmanager
def _without_texture_warning() -> Iterator[None]:
    """Silence scikit-image's warning that the package computes texture on floating-point pixels."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Applying `local_binary_pattern`")
        yield


def _package_histograms(
    package: Any,
    segmented: npt.NDArray[np.float64],
    codes: npt.NDArray[np.float64],
    described: dict[float, Any],
    pairs: npt.NDArray[np.int32],
) -> Histograms:
    import skimage.color

    hsv = skimage.color.rgb2hsv(segmented[..., :3])  # what the package does; value stays in 0..255
    texture = package._calc_texture_hist(codes.reshape(-1, codes.shape[2])).reshape(3, -1)
    similarity = [package._sim_colour(described[a], described[b]) / 3 for a, b in pairs]
    return Histograms(
        package._calc_colour_hist(hsv.reshape(-1, 3)).reshape(3, -1).astype(np.float32),
        texture.mean(axis=0, keepdims=True).astype(np.float32),
        float(texture.sum(axis=1).mean()),
        np.array(similarity, np.float32),
    )


def _our_histograms(
    image: Image, labels: Labels, pairs: npt.NDArray[np.int32], config: ProposalConfig
) -> Histograms:
    """Describe the segments in HSV; the picture's histograms are its regions' mean, weighted by their pixels."""
    features = pixel_features(convert(blur(image.pixels, config.sigma), "HSV"))
    no_difference = np.zeros(labels.max() + 1, np.float32)
    no_edge = np.zeros(0, np.int32)
    segments = Segmentation(labels, no_difference, no_edge, no_edge.astype(np.float32))
    regions = describe_regions(segments, features)
    share = (regions.sizes / regions.sizes.sum())[:, None]
    texture = (regions.texture * share).sum(axis=0).reshape(3, ORIENTATIONS, TEXTURE_BINS)
    texture = texture.mean(axis=0) * (3 * ORIENTATIONS)
    similarity = np.minimum(regions.colour[pairs[:, 0]], regions.colour[pairs[:, 1]]).sum(axis=1)
    return Histograms(
        (regions.colour * share).sum(axis=0).reshape(3, -1).astype(np.float32) * 3,
        texture.astype(np.float32),
        float(texture.sum(axis=1).mean()),
        similarity,
    )
