"""The Proposals page and the detector share one store, and its sections take any method."""

from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.errors import StorageError
from fastrcnn_core.proposals import ProposalStore, propose
from fastrcnn_core.selective_search import STRATEGIES, SearchResult, search
from fastrcnn_core.structures import Image
from pages.ui.cache import searches
from pages.ui.proposals import engines, grouping, segmentation
from tests.support.datasets import write_tiny

TINY = ProposalConfig(min_side=8)


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """Write a data set of one picture."""
    return write_tiny(tmp_path / "street", count=1, people=2)


def image_of(street: Path) -> Image:
    data = open_dataset(street)
    return data.load(data.names[0]).image


def test_detection_and_proposals_search_a_picture_once(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, searched = image_of(street), counted_searches(monkeypatch)
    boxes = searches.proposals(image, TINY)  # as the detector asks for them
    timed = searches.searched(image, TINY)
    assert searched == [image.key]
    np.testing.assert_array_equal(timed.funnel.proposals, boxes)
    np.testing.assert_array_equal(boxes, propose(image, TINY))


def test_a_search_of_the_proposals_page_fills_the_detectors_store(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, searched = image_of(street), counted_searches(monkeypatch)
    timed = searches.searched(image, TINY)
    stored = ProposalStore().look_up(image, TINY)
    assert stored is not None
    np.testing.assert_array_equal(stored, timed.funnel.proposals)
    np.testing.assert_array_equal(searches.proposals(image, TINY), stored)
    assert searched == [image.key]


def counted_searches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Forget earlier searches, and record the key of every picture searched from now on."""
    st.cache_resource.clear()
    ProposalStore().clear()
    keys: list[str] = []

    def counted(image: Image, config: ProposalConfig) -> SearchResult:
        if min(image.height, image.width) > 16:  # not the picture that loads the machine code
            keys.append(image.key)
        return search(image, config)

    monkeypatch.setattr("fastrcnn_core.selective_search.search", counted)
    return keys


def test_a_full_disk_does_not_stop_the_proposals_page(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(store: ProposalStore, image: Image, config: ProposalConfig, boxes: object) -> None:
        raise StorageError("full", hint="")

    image = image_of(street)
    counted_searches(monkeypatch)
    monkeypatch.setattr(ProposalStore, "put", full)
    assert len(searches.searched(image, TINY).funnel.proposals)


# ---- methods and the reference segmentation


def test_a_method_without_strategies_is_shown_on_the_page() -> None:
    assert engines.about("registered since") == "No strategies"  # type: ignore[arg-type]
    assert grouping.strategies("registered since") == STRATEGIES["single"]


def test_the_reference_segmentation_is_compared_by_regions_and_boundaries() -> None:
    left, top = np.indices((8, 8))[1] // 4, np.indices((8, 8))[0] // 4
    halves, quarters = left.astype(np.int32), (2 * top + left).astype(np.int32)
    assert segmentation.boundary_recall(halves, halves) == 1
    assert segmentation.boundary_recall(quarters, halves) == 1
    assert segmentation.boundary_recall(halves, quarters) < 1
    sentence = segmentation.reference_sentence(quarters, halves, 50, 0.8)
    assert "**4 regions** and scikit-image **2 regions**" in sentence
