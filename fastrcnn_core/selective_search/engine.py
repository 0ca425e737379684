"""Selective Search engine: diversification strategies, their hierarchies of one picture, and one ranking of all boxes.

Source: Uijlings et al., IJCV 2013, section 3.2 and table 5.

Shape letters: H, W searched picture; P boxes.
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
from fastrcnn_core.selective_search.ranking import hierarchy_rank, penalise_area
from fastrcnn_core.selective_search.regions import Regions, coarsen, describe_regions
from fastrcnn_core.selective_search.segmentation import Segmentation, segment, sort_edges
from fastrcnn_core.structures import Image

# The k of each colour space's one segmentation of pixels, which coarser ones start from. Source: the paper's lowest k.
FINEST_K = 50


@dataclass(frozen=True)
class Strategy:
    """Diversification strategy: one way to segment and group a picture.

    Args:
        space: the colour space of segmentation and similarities.
        k: scale of the segmentation; a higher k starts from larger regions. Also the minimum region size in pixels.
        similarity: the similarities that are added up, letters of "CTSF": colour, texture, size, fill.
    """

    space: ColourSpace
    k: float
    similarity: str

    @property
    def rank_penalty(self) -> float:
        """Factor on the ranks of this strategy's boxes: 2 for fill or size alone, which merge dissimilar regions.

        Chosen here on Penn-Fudan's 170 pictures and the street scenes: 2 gives `quality` a higher recall in its first
        100 to 1,000 boxes than 1.
        """
        return 2.0 if len(self.similarity) == 1 else 1.0

    def __str__(self) -> str:
        return f"{self.space}, k = {self.k:g}, {self.similarity}"


def _combinations(
    spaces: tuple[ColourSpace, ...], scales: tuple[float, ...], similarities: tuple[str, ...]
) -> tuple[Strategy, ...]:
    return tuple(Strategy(*choice) for choice in product(spaces, scales, similarities))


# The paper's `fast` has k = 50 and 100 alone. Coarser scales cost little here, so `fast` has four: recall at an IoU of
# 0.7 rose from 0.825 to 0.872 on all 170 pictures of Penn-Fudan, on which the scales were chosen.
STRATEGIES: dict[str, tuple[Strategy, ...]] = {
    "single": _combinations(("HSV",), (100,), ("CTSF",)),
    "fast": _combinations(("HSV", "Lab"), (50, 100, 150, 300), ("CTSF", "TSF")),
    "quality": _combinations(
        ("HSV", "Lab", "rgI", "H", "I"), (50, 100, 150, 300), ("CTSF", "TSF", "F", "S")
    ),
}
# Power of a box's share of the picture's area by which its rank is multiplied. `quality` alone needs it: its 80
# strategies repeat each large box so often that they crowd out small people. Chosen here on Penn-Fudan's 170 pictures:
# 0.2 lost 4 of the 423 people instead of 8; higher was worse at an IoU of 0.7.
AREA_PENALTY: dict[str, float] = {"single": 0.0, "fast": 0.0, "quality": 0.2}


@dataclass(frozen=True, eq=False)
class SearchResult:
    """Boxes of a search, best first, each with its strategy and node; several strategies may give the same box.

    Args:
        boxes: (P, 4) float32, x1, y1, x2, y2 in pixels of the original picture; x2, y2 exclusive.
        strategy: (P,) int32, index into `strategies`.
        node: (P,) int32, the box's node in that strategy's hierarchy of N nodes; N + i for the box of unmerged pair i.
        rank: (P,) float32, ascending; low is good.
        strategies: empty for the package.
    """

    boxes: npt.NDArray[np.float32]
    strategy: npt.NDArray[np.int32]
    node: npt.NDArray[np.int32]
    rank: npt.NDArray[np.float32]
    strategies: tuple[Strategy, ...]

    def __len__(self) -> int:
        return len(self.boxes)


def search_strategies(image: Image, config: ProposalConfig) -> SearchResult:
    """Search with every strategy of the method: boxes of all nodes and of all unmerged pairs, best rank first."""
    pixels = resize_for_search(image, config.search_side)
    strategies = STRATEGIES[config.method]
    trees = list(hierarchies(pixels, strategies, sigma=config.sigma))
    boxes = np.concatenate([rows for tree in trees for rows in (tree.boxes, tree.unmerged_boxes)])
    counts = [len(tree.boxes) + len(tree.unmerged_pairs) for tree in trees]
    ranks = np.concatenate(
        [
            hierarchy_rank(tree) * np.float32(strategy.rank_penalty)
            for tree, strategy in zip(trees, strategies, strict=True)
        ]
    )
    area = pixels.shape[0] * pixels.shape[1]
    ranks = penalise_area(ranks, boxes, pixels=area, power=AREA_PENALTY[config.method])
    order = np.argsort(ranks, kind="stable")
    return SearchResult(
        scale_to_image(boxes[order], image, pixels.shape[:2]),
        np.repeat(np.arange(len(trees), dtype=np.int32), counts)[order],
        np.concatenate([np.arange(count, dtype=np.int32) for count in counts])[order],
        ranks[order],
        strategies,
    )


def hierarchies(
    pixels: npt.NDArray[np.uint8], strategies: Sequence[Strategy], *, sigma: float
) -> Iterator[Hierarchy]:
    """Yield the strategies' hierarchies in order; neighbours in the list share their segmentation."""
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
    """Segment the pixels at the finest scale, from which a colour space's coarser scales are merged."""
    planes = convert(rgb, space)
    segmentation = segment(sort_edges(planes), k=FINEST_K, min_size=FINEST_K)
    return segmentation, describe_regions(segmentation, pixel_features(planes))


def resize_for_search(image: Image, longest: int) -> npt.NDArray[np.uint8]:
    """Shrink the picture to this longest side, (H, W, 3) uint8; never enlarge it."""
    scale = longest / max(image.height, image.width)
    if scale >= 1:
        return image.pixels
    size_wh = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    smaller = PIL.Image.fromarray(image.pixels).resize(size_wh, PIL.Image.Resampling.BOX)
    return np.asarray(smaller)


def scale_to_image(
    boxes: npt.NDArray[np.int32], image: Image, searched_hw: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    """Scale boxes from the searched picture's height and width to the original's: (N, 4) → (N, 4) float32."""
    height, width = searched_hw
    scale = np.array([image.width / width, image.height / height] * 2)
    return (boxes * scale).astype(np.float32)
