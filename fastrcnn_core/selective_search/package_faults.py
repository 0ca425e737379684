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
from fastrcnn_core.selective_search.colour_spaces import convert
from fastrcnn_core.selective_search.regions import (
    ORIENTATIONS,
    TEXTURE_BINS,
    Regions,
    describe,
    pixel_features,
)
from fastrcnn_core.selective_search.segmentation import Segmentation, blur
from fastrcnn_core.structures import FloatArray, Image


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
    labels, ours = _described_by_us(image, segmented[..., 3], config)
    pairs = [tuple(pair) for pair in ours.pairs.tolist()]
    guessed = {_pair(one, other) for one, other in package._extract_neighbours(described)}
    return PackageFaults(
        _package_description(package, segmented, codes, described, pairs),
        _our_description(image, ours, config),
        segments=int(labels.max()) + 1,
        touching=len(pairs),
        guessed=len(guessed),
        guessed_rightly=len(guessed & set(pairs)),
    )


def borders(labels: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The codes of the edges between pixels of different regions, as `Segmentation` keeps them: (H, W) → (B,)."""
    pixel = np.arange(labels.size, dtype=np.int32).reshape(labels.shape)
    ends: tuple[tuple[Any, Any], ...] = (  # right, down, down right, down left
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1], np.s_[1:]),
        (np.s_[:-1, :-1], np.s_[1:, 1:]),
        (np.s_[:-1, 1:], np.s_[1:, :-1]),
    )
    codes = [
        4 * pixel[here][labels[here] != labels[there]] + direction
        for direction, (here, there) in enumerate(ends)
    ]
    return np.concatenate(codes).astype(np.int32)


def _described_by_us(
    image: Image, mask: npt.NDArray[np.float64], config: ProposalConfig
) -> tuple[npt.NDArray[np.int32], Regions]:
    """The package's segments as our engine describes them in HSV."""
    labels = np.ascontiguousarray(mask, np.int32)
    segmentation = Segmentation(labels, int(labels.max()) + 1, borders(labels))
    planes = convert(blur(image.pixels, config.sigma), "HSV")
    return labels, describe(segmentation, pixel_features(planes))


def _pair(one: tuple[float, Any], other: tuple[float, Any]) -> tuple[int, int]:
    low, high = sorted((int(one[0]), int(other[0])))
    return low, high


def _package_description(
    package: Any,
    segmented: npt.NDArray[np.float64],
    codes: npt.NDArray[np.float64],
    described: dict[float, Any],
    pairs: list[tuple[int, ...]],
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


def _our_description(image: Image, regions: Regions, config: ProposalConfig) -> Description:
    share = (regions.sizes / regions.sizes.sum())[:, None]
    colour = (regions.colour * share).sum(axis=0).reshape(3, -1) * 3
    texture = (regions.texture * share).sum(axis=0).reshape(3, ORIENTATIONS, TEXTURE_BINS)
    texture = texture.mean(axis=0) * (3 * ORIENTATIONS)
    one, other = regions.pairs.T
    similarity = np.minimum(regions.colour[one], regions.colour[other]).sum(axis=1)
    return Description(
        colour.astype(np.float32),
        texture.astype(np.float32),
        float(texture.sum(axis=1).mean()),
        similarity.astype(np.float32),
    )
