"""The package's faults are shown by its own histograms, on segments that our engine describes too."""

import numpy as np
import pytest

from fastrcnn_core.config import PRESETS, ProposalConfig
from fastrcnn_core.selective_search.colour_spaces import blur, convert
from fastrcnn_core.selective_search.package import adjacent_regions, compare_with_package
from fastrcnn_core.selective_search.pixel_features import pixel_features
from fastrcnn_core.selective_search.regions import describe_regions
from fastrcnn_core.selective_search.segmentation import segment, sort_edges
from fastrcnn_core.structures import Image

NOTEBOOK = PRESETS["notebook"].proposals


def patchwork(tile: int = 24) -> Image:
    """4 × 4 tiles in plain colours of the whole hue circle, a little noise on them."""
    generator = np.random.default_rng(5)
    colours = generator.integers(20, 235, (4, 4, 3))
    pixels = np.kron(colours, np.ones((tile, tile, 1), int))
    noise = generator.integers(-5, 6, pixels.shape)
    return Image((pixels + noise).astype(np.uint8))


def test_the_package_puts_every_hue_and_saturation_into_one_bin_and_ours_spreads_them() -> None:
    faults = compare_with_package(patchwork(), NOTEBOOK)
    assert faults.package.colour.shape == faults.engine.colour.shape == (3, 25)
    hue, saturation, value = faults.package.colour
    assert hue[0] == saturation[0] == 1
    assert (value > 0).sum() > 3
    assert all((channel > 0).sum() > 3 for channel in faults.engine.colour)
    np.testing.assert_allclose(faults.engine.colour.sum(axis=1), 1, rtol=1e-5)


def test_the_package_counts_only_the_texture_codes_0_and_1() -> None:
    faults = compare_with_package(patchwork(), NOTEBOOK)
    assert faults.package.counted < 0.5
    assert faults.package.texture[0, 1:9].tolist() == [0] * 8
    assert faults.engine.counted == pytest.approx(1)
    np.testing.assert_allclose(faults.engine.texture.sum(axis=1), 1, rtol=1e-5)


def test_any_two_segments_share_two_thirds_of_the_packages_colours() -> None:
    faults = compare_with_package(patchwork(), NOTEBOOK)
    assert len(faults.package.similarity) == len(faults.engine.similarity) == faults.adjacent > 0
    assert faults.package.similarity.min() >= 2 / 3 - 1e-6
    assert faults.engine.similarity.min() < 0.3


def test_the_package_takes_for_neighbours_some_that_are_not_and_misses_some_that_are() -> None:
    faults = compare_with_package(patchwork(), NOTEBOOK)
    assert faults.assumed_correctly <= min(faults.assumed, faults.adjacent)
    assert faults.assumed_correctly < faults.adjacent


def test_regions_touch_where_the_engine_says_that_they_do() -> None:
    planes = convert(blur(patchwork().pixels, 0.8), "HSV")
    segmentation = segment(sort_edges(planes), k=100, min_size=100)
    regions = describe_regions(segmentation, pixel_features(planes))
    assert sorted(adjacent_regions(segmentation.labels).tolist()) == sorted(regions.pairs.tolist())


def test_regions_that_meet_at_a_corner_touch_and_others_do_not() -> None:
    labels = np.array([[0, 0, 1], [2, 2, 2], [3, 3, 3]], np.int32)
    assert adjacent_regions(labels).tolist() == [[0, 1], [0, 2], [1, 2], [2, 3]]
    assert adjacent_regions(np.zeros((3, 3), np.int32)).shape == (0, 2)


@pytest.mark.parametrize("shape", [(1, 1), (1, 20), (20, 1), (8, 8)])
def test_a_picture_of_one_colour_has_no_neighbours_to_compare(shape: tuple[int, int]) -> None:
    faults = compare_with_package(
        Image(np.full((*shape, 3), 90, np.uint8)), ProposalConfig(scale=450)
    )
    assert (faults.segments, faults.adjacent, faults.assumed) == (1, 0, 0)
    assert len(faults.engine.similarity) == 0
