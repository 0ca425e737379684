"""The funnel: found → big enough → shape → distinct → kept, with who survived each stage.

Shape letters: F boxes found; S survivors of a stage; P proposals, the last survivors.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastrcnn_core.boxes import area
from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.structures import FloatArray, Image, IntArray

if TYPE_CHECKING:
    from fastrcnn_core.selective_search import SearchResult


@dataclass(frozen=True, eq=False)
class Stage:
    """One filter and who survived it.

    Args:
        name: "found", "big enough", "shape", "distinct" or "kept".
        survivors: (S,) int64, indices into the search's boxes, best first.
        seconds: what the filter took; for "found" the ordering alone, not the search.
    """

    name: str
    survivors: IntArray
    seconds: float


@dataclass(frozen=True, eq=False)
class Funnel:
    """How the boxes of one picture became its proposals.

    Args:
        found: everything that the search brought back.
        stages: in order; the first is everything, the last are the proposals.
    """

    found: SearchResult
    stages: tuple[Stage, ...]

    @property
    def proposals(self) -> FloatArray:
        """(P, 4) float32, best first."""
        return self.found.boxes[self.stages[-1].survivors]

    def stage(self, name: str) -> Stage:
        """The stage of this name.

        Raises:
            KeyError: there is none.
        """
        for stage in self.stages:
            if stage.name == name:
                return stage
        raise KeyError(name)


def propose(image: Image, config: ProposalConfig) -> FloatArray:
    """The picture's proposals, (P, 4) float32 in its own pixels, best first."""
    # numba's start costs half a second that a reader of kept proposals need not wait for.
    from fastrcnn_core.selective_search import search

    found = search(image, config)
    return found.boxes[list(_survivors(found, config, limit=config.limit))[-1][1]]


def funnel(found: SearchResult, config: ProposalConfig) -> Funnel:
    """Who survives which filter, everybody followed to the end; the proposals are those of `propose`."""
    stages: list[Stage] = []
    start = time.perf_counter()
    for name, survivors in _survivors(found, config, limit=len(found)):
        stages.append(Stage(name, survivors, time.perf_counter() - start))
        start = time.perf_counter()
    return Funnel(found, tuple(stages))


def _survivors(
    found: SearchResult, config: ProposalConfig, *, limit: int
) -> Iterator[tuple[str, IntArray]]:
    """Each stage's name and survivors; `limit` is how many distinct boxes there is a use for."""
    ranks = _ranks(found, config)
    survivors = np.argsort(ranks, kind="stable")
    yield "found", survivors
    survivors = survivors[_is_big_enough(found.boxes[survivors], config.min_side)]
    yield "big enough", survivors
    survivors = survivors[_is_shaped(found.boxes[survivors], config.max_aspect)]
    yield "shape", survivors
    survivors = survivors[_distinct(found.boxes[survivors], ranks[survivors], config, limit)]
    yield "distinct", survivors
    yield "kept", survivors[: config.limit]


def _ranks(found: SearchResult, config: ProposalConfig) -> FloatArray:
    """(F,) what the config orders by, low is good."""
    from fastrcnn_core.selective_search import pseudo_random

    if config.order == "area":
        return -area(found.boxes)
    if config.order == "pseudo_random":
        return pseudo_random(found.rank, np.random.default_rng(config.seed))
    return found.rank


def _distinct(boxes: FloatArray, ranks: FloatArray, config: ProposalConfig, limit: int) -> IntArray:
    """Which boxes are no near-duplicates of a better one; in the engine's own order, those that repeat least first."""
    from fastrcnn_core.selective_search import REPEATS_COST, distinct

    iou = 1.0 if config.distinct_iou is None else config.distinct_iou
    cost = REPEATS_COST if config.order == "rank" else 0.0
    return distinct(boxes, ranks, iou=iou, repeats_cost=cost, limit=limit)


def _is_big_enough(boxes: FloatArray, min_side: int) -> npt.NDArray[np.bool_]:
    """(N,) both sides are at least this long."""
    return _sides(boxes).min(axis=1) >= min_side


def _is_shaped(boxes: FloatArray, max_aspect: float | None) -> npt.NDArray[np.bool_]:
    """(N,) the longer side is at most this many times the shorter."""
    if max_aspect is None:
        return np.ones(len(boxes), np.bool_)
    sides = _sides(boxes)
    return sides.max(axis=1) <= max_aspect * sides.min(axis=1)


def _sides(boxes: FloatArray) -> FloatArray:
    """(N, 2) width and height."""
    return boxes[:, 2:] - boxes[:, :2]
