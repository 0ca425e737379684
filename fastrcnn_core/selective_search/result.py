"""What a search brings back: boxes, best first, each with where it comes from.

Shape letters: P boxes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastrcnn_core.selective_search.strategies import Strategy


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
