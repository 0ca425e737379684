"""Selective Search: every strategy's hierarchy of one picture, and all their boxes in one order.

Shape letters: H, W searched picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, product

import numpy as np
import numpy.typing as npt
import PIL.Image

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.selective_search.colour_spaces import ColourSpace, Planes, blur, convert
from fastrcnn_core.selective_search.grouping import Hierarchy, group
from fastrcnn_core.selective_search.pixel_features import pixel_features
from fastrcnn_core.selective_search.ranking import places, small_first
from fastrcnn_core.selective_search.regions import Regions, coarsen, describe
from fastrcnn_core.selective_search.segmentation import Segmentation, segment, sort_edges
from fastrcnn_core.structures import Image

# The k of the one segmentation of pixels in each colour space; coarser ones grow out of it. Source: the paper's lowest.
FINEST_K = 50


@dataclass(frozen=True)
class Strategy:
    """One way to group a picture.

    Args:
        space: the colour space in which the picture is segmented and its regions are compared.
        k: of the segmentation; a higher k starts from larger regions. Also the smallest region's size in pixels.
        similarity: which similarities are added up, letters of "CTSF": colour, texture, size, fill.
    """

    space: ColourSpace
    k: float
    similarity: str

    @property
    def doubt(self) -> float:
        """How many times as late this strategy's boxes come as those of one that adds similarities up.

        2 for fill or size alone: they merge regions that look different. Chosen here: with 2 the first 100 to 1,000
        boxes of `quality` are worth more than with 1, on photos and on synthetic scenes.
        """
        return 2.0 if len(self.similarity) == 1 else 1.0

    def __str__(self) -> str:
        return f"{self.space}, k = {self.k:g}, {self.similarity}"


def _every(
    spaces: tuple[ColourSpace, ...], scales: tuple[float, ...], similarities: tuple[str, ...]
) -> tuple[Strategy, ...]:
    return tuple(Strategy(*choice) for choice in product(spaces, scales, similarities))


STRATEGIES: dict[str, tuple[Strategy, ...]] = {
    "single": _every(("HSV",), (100,), ("CTSF",)),
    "fast": _every(("HSV", "Lab"), (50, 100, 150, 300), ("CTSF", "TSF")),
    "quality": _every(
        ("HSV", "Lab", "rgI", "H", "I"), (50, 100, 150, 300), ("CTSF", "TSF", "F", "S")
    ),
}
# The rank is multiplied by a box's share of the picture to this power, so that of boxes met at the same time the small
# ones come first. For `quality` only: its 80 strategies offer each large box so often that they crowd out the small
# people. Chosen here: 0.2 lost 4 of Penn-Fudan's 423 people instead of 8; higher was worse at an IoU of 0.7.
SMALL_FIRST: dict[str, float] = {"single": 0.0, "fast": 0.0, "quality": 0.2}


@dataclass(frozen=True, eq=False)
class SearchResult:
    """Every box that a search found, best first; the same box comes again where several strategies found it.

    Args:
        boxes: (P, 4) float32, x1, y1, x2, y2 in pixels of the original picture; x2, y2 exclusive.
        strategy: (P,) int32, index into `strategies`.
        node: (P,) int32, the box's node in that strategy's hierarchy; N + i, with N its number of nodes, for the box of
            pair i that the grouping compared and passed over.
        rank: (P,) float32, ascending: what the boxes are ordered by; low is good.
        strategies: what was combined; empty for the package.
    """

    boxes: npt.NDArray[np.float32]
    strategy: npt.NDArray[np.int32]
    node: npt.NDArray[np.int32]
    rank: npt.NDArray[np.float32]
    strategies: tuple[Strategy, ...]

    def __len__(self) -> int:
        return len(self.boxes)


def search_strategies(image: Image, config: ProposalConfig) -> SearchResult:
    """The boxes of every region of every hierarchy and of every pair that was compared, best rank first."""
    pixels = searched_pixels(image, config.search_side)
    strategies = STRATEGIES[config.method]
    found = list(hierarchies(pixels, strategies, sigma=config.sigma))
    boxes = np.concatenate([rows for it in found for rows in (it.boxes, it.passed_over_boxes)])
    counts = [len(it.boxes) + len(it.passed_over) for it in found]
    ranks = np.concatenate(
        [
            places(hierarchy) * np.float32(strategy.doubt)
            for hierarchy, strategy in zip(found, strategies, strict=True)
        ]
    )
    ranks = small_first(
        ranks,
        boxes,
        pixels=pixels.shape[0] * pixels.shape[1],
        power=SMALL_FIRST[config.method],
    )
    order = np.argsort(ranks, kind="stable")
    return SearchResult(
        in_original_pixels(boxes[order], image, pixels),
        np.repeat(np.arange(len(found), dtype=np.int32), counts)[order],
        np.concatenate([np.arange(count, dtype=np.int32) for count in counts])[order],
        ranks[order],
        strategies,
    )


def hierarchies(
    pixels: npt.NDArray[np.uint8], strategies: Sequence[Strategy], *, sigma: float
) -> Iterator[Hierarchy]:
    """The strategies' hierarchies in order; what neighbours in the list have in common is computed once."""
    rgb = blur(pixels, sigma)
    for space, of_space in groupby(strategies, key=lambda strategy: strategy.space):
        _, finest = finest_regions(rgb, space)
        for k, of_scale in groupby(of_space, key=lambda strategy: strategy.k):
            regions, _ = coarsen(finest, k=k, min_size=round(k))
            for strategy in of_scale:
                yield group(
                    regions, similarity=strategy.similarity, pixels=rgb.shape[1] * rgb.shape[2]
                )


def finest_regions(rgb: Planes, space: ColourSpace) -> tuple[Segmentation, Regions]:
    """The segmentation that all scales of a colour space start from: pixels are looked at once."""
    planes = convert(rgb, space)
    segmentation = segment(sort_edges(planes), k=FINEST_K, min_size=FINEST_K)
    return segmentation, describe(segmentation, pixel_features(planes))


def searched_pixels(image: Image, longest: int) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8, the picture or, where its longer side is longer than that, a smaller copy."""
    scale = longest / max(image.height, image.width)
    if scale >= 1:
        return image.pixels
    size_wh = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    smaller = PIL.Image.fromarray(image.pixels).resize(size_wh, PIL.Image.Resampling.BOX)
    return np.asarray(smaller)


def in_original_pixels(
    boxes: npt.NDArray[np.int32], image: Image, pixels: npt.NDArray[np.uint8]
) -> npt.NDArray[np.float32]:
    """Boxes found in the searched pixels, as boxes of the picture: (N, 4) → (N, 4) float32."""
    height, width = pixels.shape[:2]
    scale = np.array([image.width / width, image.height / height] * 2)
    return (boxes * scale).astype(np.float32)
