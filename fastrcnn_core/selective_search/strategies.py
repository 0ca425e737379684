"""Which colour spaces, scales and similarities a search combines: what one of them misses another finds.

Source: Uijlings et al., IJCV 2013, section 3.2 and table 5: `single` is 1 strategy, `quality` 80. Their `fast` has 8,
of k = 50 and 100; here coarser scales grow out of finer ones and cost little, so it has all four: 16.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from fastrcnn_core.selective_search.colour_spaces import ColourSpace

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
