"""Proposal filter funnel: found → minimum side → aspect ratio → deduplicated → kept.

Shape letters: F boxes found; S survivors of a stage; P proposals, the last survivors.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastrcnn_core.boxes import area
from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.structures import FloatArray, Image, IntArray

if TYPE_CHECKING:
    from fastrcnn_core.selective_search import SearchResult

    Search = Callable[[Image, ProposalConfig], SearchResult]


@dataclass(frozen=True, eq=False)
class FilterStage:
    """One filter and its survivors.

    Args:
        name: "found", "minimum side", "aspect ratio", "deduplicated" or "kept".
        survivors: (S,) int64, indices into the search's boxes, best first.
        seconds: the filter's time; for "found" the ordering alone, not the search.
    """

    name: str
    survivors: IntArray
    seconds: float


@dataclass(frozen=True, eq=False)
class Funnel:
    """The filters between the boxes of a search and the picture's proposals.

    Args:
        found: every box of the search.
        stages: in order; the first holds every box, the last the proposals.
    """

    found: SearchResult
    stages: tuple[FilterStage, ...]

    @property
    def proposals(self) -> FloatArray:
        """(P, 4) float32, best first."""
        return self.found.boxes[self.stages[-1].survivors]

    def stage(self, name: str) -> FilterStage:
        """Return the stage of this name.

        Raises:
            KeyError: no stage has it.
        """
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)


def propose(image: Image, config: ProposalConfig, *, search: Search | None = None) -> FloatArray:
    """Compute the picture's proposals, (P, 4) float32 in its own pixels, best first.

    Args:
        search: `selective_search.search`, or one that remembers its results.
    """
    if search is None:
        # numba's start costs half a second, which a reader of stored proposals need not wait for.
        from fastrcnn_core import selective_search

        search = selective_search.search
    found = search(image, config)
    return found.boxes[list(_survivors(found, config, limit=config.limit))[-1][1]]


def funnel(found: SearchResult, config: ProposalConfig) -> Funnel:
    """Filter a search's boxes and keep every stage; the proposals equal those of `propose`."""
    stages: list[FilterStage] = []
    start = time.perf_counter()
    for name, survivors in _survivors(found, config, limit=len(found)):
        stages.append(FilterStage(name, survivors, time.perf_counter() - start))
        start = time.perf_counter()
    return Funnel(found, tuple(stages))


def _survivors(
    found: SearchResult, config: ProposalConfig, *, limit: int
) -> Iterator[tuple[str, IntArray]]:
    """Yield each stage's name and survivors; `limit` bounds how many deduplicated boxes are needed."""
    ranks = _ranks(found, config)
    survivors = np.argsort(ranks, kind="stable")
    yield "found", survivors
    survivors = survivors[_sides(found.boxes[survivors]).min(axis=1) >= config.min_side]
    yield "minimum side", survivors
    survivors = survivors[_has_aspect(found.boxes[survivors], config.max_aspect)]
    yield "aspect ratio", survivors
    survivors = survivors[_deduplicate(found.boxes[survivors], ranks[survivors], config, limit)]
    yield "deduplicated", survivors
    yield "kept", survivors[: config.limit]


def _ranks(found: SearchResult, config: ProposalConfig) -> FloatArray:
    """Compute the (F,) ranks that the config orders by, ascending."""
    from fastrcnn_core.selective_search import pseudo_random

    if config.order == "area":
        return -area(found.boxes)
    if config.order == "pseudo_random":
        return pseudo_random(found.rank, np.random.default_rng(config.seed))
    return found.rank


def _deduplicate(
    boxes: FloatArray, ranks: FloatArray, config: ProposalConfig, limit: int
) -> IntArray:
    """Remove near-duplicates of better boxes; only the engine's own order sends partial duplicates back."""
    from fastrcnn_core.selective_search import DUPLICATE_PENALTY, deduplicate

    iou = 1.0 if config.distinct_iou is None else config.distinct_iou
    penalty = DUPLICATE_PENALTY if config.order == "rank" else 0.0
    return deduplicate(boxes, ranks, iou=iou, duplicate_penalty=penalty, limit=limit)


def _has_aspect(boxes: FloatArray, max_aspect: float | None) -> npt.NDArray[np.bool_]:
    """Mark the boxes whose longer side is at most this many times the shorter: (N, 4) → (N,)."""
    if max_aspect is None:
        return np.ones(len(boxes), np.bool_)
    sides = _sides(boxes)
    return sides.max(axis=1) <= max_aspect * sides.min(axis=1)


def _sides(boxes: FloatArray) -> FloatArray:
    """Compute widths and heights: (N, 4) → (N, 2)."""
    return boxes[:, 2:] - boxes[:, :2]
