"""Selective Search's results, cached apart from the filters, so that a filter's slider searches nothing.

numba is loaded with the first search, not with the app.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from fastrcnn_core.config import PRESETS, ProposalConfig
from fastrcnn_core.errors import StorageError
from fastrcnn_core.proposals import Funnel, ProposalStore, best_overlap, funnel, propose
from fastrcnn_core.structures import FloatArray, Image
from pages.ui.cache.memory import BytesCache

if TYPE_CHECKING:
    from fastrcnn_core.selective_search import SearchResult, Strategy
    from fastrcnn_core.selective_search.colour_spaces import ColourSpace
    from fastrcnn_core.selective_search.package import PackageComparison
    from fastrcnn_core.selective_search.proposal_trace import ProposalTrace
    from fastrcnn_core.selective_search.segmentation import Segmentation

logger = logging.getLogger(__name__)

_BY_KEY: dict[str | type, Any] = {Image: lambda image: image.key, ProposalConfig: repr}
# Chosen here: `quality` finds half a million boxes in a picture, some 20 MB; `fast` a fifth of that.
RESULT_BYTES = 150_000_000
_Key = tuple[str, ProposalConfig]
# The knobs that the search itself looks at; all others filter what it found.
_SEARCHING = ("method", "scale", "search_side", "sigma", "min_size")


@dataclass(frozen=True, eq=False)
class TimedFunnel:
    """A picture's boxes, from the search to the proposals, and what the search took.

    Args:
        funnel: the boxes that each filter leaves.
        seconds: of the search alone; the filters' are in the funnel's stages.
    """

    funnel: Funnel
    seconds: float

    @property
    def total_seconds(self) -> float:
        """Search and filters."""
        return self.seconds + sum(stage.seconds for stage in self.funnel.stages)


@st.cache_resource(
    max_entries=64,
    hash_funcs=_BY_KEY,
    show_spinner="Searching for proposals… (the first time also compiles the search)",
)
def proposals(image: Image, config: ProposalConfig) -> FloatArray:
    """Return a picture's proposals, (P, 4) float32, read-only, best first: from memory, from the store, or computed.

    A search stays in memory for the Proposals page, which needs its hierarchies too.
    """
    store = ProposalStore()
    boxes = store.look_up(image, config)
    if boxes is None:
        boxes = propose(image, config, search=_search)
        store.put(image, config, boxes)
    boxes.setflags(write=False)
    return boxes


def searched(image: Image, config: ProposalConfig) -> TimedFunnel:
    """Search and filter a picture, from memory or computed now, under a spinner that says what it waits for."""
    with st.spinner(waiting_for(config)):
        _warm_up(config.method)
        return _filtered(image, config)


@dataclass(frozen=True, eq=False)
class ProposalSummary:
    """Number, overlaps and cost of one picture's proposals, without the boxes.

    Args:
        proposals: how many there are.
        overlaps: (N,) each person's best IoU with any of them.
        seconds: of search and filters.
    """

    proposals: int
    overlaps: FloatArray
    seconds: float


@st.cache_resource(max_entries=1024, show_spinner=False, hash_funcs=_BY_KEY)
def summary(image: Image, people: FloatArray, config: ProposalConfig) -> ProposalSummary:
    """Measure the proposals under a config; remembered long after the boxes themselves."""
    _warm_up(config.method)
    timed = _filtered(image, config)
    boxes = timed.funnel.proposals
    overlaps = best_overlap(proposals=boxes, gt_boxes=people, limits=[len(boxes)])[0]
    return ProposalSummary(len(boxes), overlaps, timed.total_seconds)


@st.cache_resource(max_entries=16, show_spinner="Grouping…", hash_funcs=_BY_KEY)
def traced(image: Image, strategy: Strategy, config: ProposalConfig) -> ProposalTrace:
    """Trace one strategy: its segmentation and hierarchy."""
    from fastrcnn_core.selective_search.proposal_trace import trace_proposals

    return trace_proposals(image, strategy, config)


@st.cache_resource(max_entries=16, show_spinner="Segmenting…", hash_funcs=_BY_KEY)
def segmented(image: Image, space: ColourSpace, k: float, config: ProposalConfig) -> Segmentation:
    """Segment a picture in a colour space at a scale, as a search does first."""
    from fastrcnn_core.selective_search.proposal_trace import segmentation_of

    return segmentation_of(image, space, k, config)


@st.cache_resource(max_entries=16, show_spinner="Segmenting with scikit-image…", hash_funcs=_BY_KEY)
def reference_segmentation(image: Image, k: float, config: ProposalConfig) -> npt.NDArray[np.int32]:
    """Segment the picture by scikit-image, for comparison: (H, W) labels."""
    from fastrcnn_core.selective_search.proposal_trace import reference_segmentation as segment

    return segment(image, k, config)


@st.cache_resource(max_entries=8, show_spinner="Asking the package…", hash_funcs=_BY_KEY)
def compare_with_package(image: Image) -> PackageComparison:
    """Compare the package's histograms of a picture with ours, with the notebook's knobs."""
    from fastrcnn_core.selective_search.package import compare_with_package as compare

    return compare(image, PRESETS["notebook"].proposals)


def _filtered(image: Image, config: ProposalConfig) -> TimedFunnel:
    def make() -> TimedFunnel:
        found, seconds = _found(image, config)
        timed = TimedFunnel(funnel(found, config), seconds)
        _store(image, config, timed.funnel.proposals)
        return timed

    return _funnels().get_or_make((image.key, config), make)


def _store(image: Image, config: ProposalConfig, boxes: FloatArray) -> None:
    """Store the proposals for the detector; this page does not need the store, so a full disk is only logged."""
    store = ProposalStore()
    try:
        if store.look_up(image, config) is None:
            store.put(image, config, boxes)
    except StorageError:
        logger.warning("proposals of %s are not stored", image.name, exc_info=True)


def _search(image: Image, config: ProposalConfig) -> SearchResult:
    """Search a picture, or return the search that is in memory, whatever the filters are."""
    return _found(image, config)[0]


def _found(image: Image, config: ProposalConfig) -> tuple[SearchResult, float]:
    """Search a picture and time it, or return the result from memory, whatever the filters' knobs are."""
    from fastrcnn_core.selective_search import search

    config = _searching(config)

    def make() -> tuple[SearchResult, float]:
        start = time.perf_counter()
        found = search(image, config)
        return found, time.perf_counter() - start

    return _results().get_or_make((image.key, config), make)


@st.cache_resource(show_spinner=False)
def _results() -> BytesCache[_Key, tuple[SearchResult, float]]:
    """Return the cache of searches and their seconds, by picture and knobs."""
    return BytesCache(RESULT_BYTES, size=lambda result: _bytes(result[0]))


@st.cache_resource(show_spinner=False)
def _funnels() -> BytesCache[_Key, TimedFunnel]:
    """Return the cache of funnels, each with its search, by picture and knobs."""

    def size(timed: TimedFunnel) -> int:
        survivors = sum(stage.survivors.nbytes for stage in timed.funnel.stages)
        return survivors + _bytes(timed.funnel.found)

    return BytesCache(RESULT_BYTES, size=size)


def _bytes(found: SearchResult) -> int:
    return sum(array.nbytes for array in (found.boxes, found.strategy, found.node, found.rank))


@st.cache_resource(show_spinner=False)
def _warm_up(method: str) -> None:
    """Compile, or load, what the method needs, so that the first measured search and filters are like all others."""
    from fastrcnn_core.selective_search import search

    config = ProposalConfig(method=method)  # type: ignore[arg-type]
    funnel(search(Image(np.zeros((16, 16, 3), np.uint8)), config), config)


def waiting_for(config: ProposalConfig) -> str:
    """Word what a visitor waits for while a search runs; the first one on a computer compiles it."""
    from fastrcnn_core.selective_search.compiled import kernels_are_cached

    if config.method != "package" and not kernels_are_cached():
        return "Turning the search into machine code: once on this computer, about half a minute…"
    return f"Searching for proposals with {config.method!r}…"


def _searching(config: ProposalConfig) -> ProposalConfig:
    """Reset every knob that the search does not use to its default."""
    return replace(ProposalConfig(), **{name: getattr(config, name) for name in _SEARCHING})
