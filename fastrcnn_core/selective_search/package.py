"""Why the pip package `selectivesearch` 0.4 finds so little, in its own numbers.

Its own functions segment the picture and fill its histograms; ours describe the same segments beside them. Nothing is
imitated, so a later release that mends a fault shows no fault here.

Shape letters: H, W picture; R regions; Q pairs of regions that touch.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.selective_search.colour_spaces import blur, convert
from fastrcnn_core.selective_search.engine import SearchResult
from fastrcnn_core.selective_search.pixel_features import (
    COLOUR_BINS,
    ORIENTATIONS,
    TEXTURE_BINS,
    pixel_features,
)
from fastrcnn_core.selective_search.regions import describe
from fastrcnn_core.selective_search.segmentation import Labels, segment, sort_edges
from fastrcnn_core.structures import FloatArray, Image


def search_package(image: Image, config: ProposalConfig) -> SearchResult:
    """The package's regions in its own order, which ranks nothing.

    Its rectangles are (x, y, last x - x, last y - y), one pixel short on two sides; like the notebook this
    takes x + width and y + height for the right and bottom edges.
    """
    import selectivesearch  # only those who ask for it wait for scikit-image

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
class Description:
    """What an engine's histograms say of a picture and of its neighbouring segments.

    Args:
        colour: (3, 25) share of the picture's pixels in each bin of hue, saturation and value.
        texture: (8, 10) or (1, 10) share of the pixels in each texture bin, a row an orientation if there are
            any; the mean of the three channels.
        counted: share of the pixels that fall into any texture bin.
        similarity: (Q,) colour similarity of each pair of touching segments, in [0, 1].
    """

    colour: FloatArray
    texture: FloatArray
    counted: float
    similarity: FloatArray


@dataclass(frozen=True, eq=False)
class PackageFaults:
    """The package and our engine on the same segments of one picture.

    Args:
        package: what the package sees.
        ours: what our engine sees in the same segments.
        segments: how many there are.
        touching: pairs of segments that truly touch.
        guessed: pairs that the package takes for neighbours, from the corners of their boxes.
        guessed_rightly: those of them that touch.
    """

    package: Description
    ours: Description
    segments: int
    touching: int
    guessed: int
    guessed_rightly: int


def package_faults(image: Image, config: ProposalConfig) -> PackageFaults:
    """Both engines' view of the segments that the package makes of this picture; takes as long as the package."""
    from selectivesearch import selectivesearch as package

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Applying `local_binary_pattern`")
        segmented = package._generate_segments(
            image.pixels, config.scale, config.sigma, config.min_size
        )
        described = package._extract_regions(segmented)
        codes = package._calc_texture_gradient(segmented)
    labels = np.ascontiguousarray(segmented[..., 3], np.int32)
    pairs = touching(labels)
    guessed = {_pair(one, other) for one, other in package._extract_neighbours(described)}
    return PackageFaults(
        _package_description(package, segmented, codes, described, pairs),
        _our_description(image, labels, pairs, config),
        segments=int(labels.max()) + 1,
        touching=len(pairs),
        guessed=len(guessed),
        guessed_rightly=len(guessed & set(map(tuple, pairs.tolist()))),
    )


def touching(labels: Labels) -> npt.NDArray[np.int32]:
    """Pairs of regions that have neighbouring pixels, corners included: (H, W) → (Q, 2), the smaller number first."""
    ends: tuple[tuple[Any, Any], ...] = (  # right, down, down right, down left
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1], np.s_[1:]),
        (np.s_[:-1, :-1], np.s_[1:, 1:]),
        (np.s_[:-1, 1:], np.s_[1:, :-1]),
    )
    edges = [np.stack([labels[here].ravel(), labels[there].ravel()]) for here, there in ends]
    pairs = np.sort(np.concatenate(edges, axis=1), axis=0)
    return np.unique(pairs[:, pairs[0] < pairs[1]], axis=1).T.astype(np.int32)


def _pair(one: tuple[float, Any], other: tuple[float, Any]) -> tuple[int, int]:
    low, high = sorted((int(one[0]), int(other[0])))
    return low, high


def _package_description(
    package: Any,
    segmented: npt.NDArray[np.float64],
    codes: npt.NDArray[np.float64],
    described: dict[float, Any],
    pairs: npt.NDArray[np.int32],
) -> Description:
    import skimage.color

    hsv = skimage.color.rgb2hsv(segmented[..., :3])  # what the package does; value stays in 0..255
    texture = package._calc_texture_hist(codes.reshape(-1, codes.shape[2])).reshape(3, -1)
    similarity = [package._sim_colour(described[one], described[other]) / 3 for one, other in pairs]
    return Description(
        package._calc_colour_hist(hsv.reshape(-1, 3)).reshape(3, -1).astype(np.float32),
        texture.mean(axis=0, keepdims=True).astype(np.float32),
        float(texture.sum(axis=1).mean()),
        np.array(similarity, np.float32),
    )


def _our_description(
    image: Image, labels: Labels, pairs: npt.NDArray[np.int32], config: ProposalConfig
) -> Description:
    """In HSV; the picture's histograms are those of any regions of it, weighted by their pixels."""
    planes = convert(blur(image.pixels, config.sigma), "HSV")
    features = pixel_features(planes)
    regions = describe(segment(sort_edges(planes), k=100, min_size=100), features)
    share = (regions.sizes / regions.sizes.sum())[:, None]
    texture = (regions.texture * share).sum(axis=0).reshape(3, ORIENTATIONS, TEXTURE_BINS)
    texture = texture.mean(axis=0) * (3 * ORIENTATIONS)
    colour = _colours(labels, features.colour)
    similarity = np.minimum(colour[pairs[:, 0]], colour[pairs[:, 1]]).sum(axis=1)
    return Description(
        (regions.colour * share).sum(axis=0).reshape(3, -1).astype(np.float32) * 3,
        texture.astype(np.float32),
        float(texture.sum(axis=1).mean()),
        similarity.astype(np.float32),
    )


def _colours(labels: Labels, bins: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """(R, C * 25) colour histograms of the labelled regions, each summing to 1, from (C, H, W) bins."""
    count = int(labels.max()) + 1
    histograms = [
        np.bincount((labels * COLOUR_BINS + channel).ravel(), minlength=count * COLOUR_BINS)
        for channel in bins
    ]
    joined = np.concatenate([it.reshape(count, COLOUR_BINS) for it in histograms], axis=1)
    return joined / joined.sum(axis=1, keepdims=True)
