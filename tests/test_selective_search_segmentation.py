"""Segmentation against Felzenszwalb and Huttenlocher's algorithm written down slowly, and what comes before it."""

from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from skimage.color import rgb2hsv, rgb2lab
from skimage.metrics import adapted_rand_error
from skimage.segmentation import felzenszwalb

from fastrcnn_core.selective_search.colour_spaces import (
    COLOUR_SPACES,
    ColourSpace,
    Planes,
    blur,
    convert,
)
from fastrcnn_core.selective_search.pixel_features import pixel_features
from fastrcnn_core.selective_search.regions import coarsen, describe_regions
from fastrcnn_core.selective_search.segmentation import (
    BUCKETS_PER_LEVEL,
    Segmentation,
    boundary_regions,
    segment,
    sort_edges,
)

Edge = tuple[float, int, int]  # weight, pixel, pixel


def planes_of(seed: int, height: int, width: int, *, channels: int = 3, block: int = 4) -> Planes:
    """Draw blocks of grey levels with a little noise."""
    generator = np.random.default_rng(seed)
    blocks = generator.integers(0, 256, (channels, -(-height // block), -(-width // block)))
    large = np.kron(blocks, np.ones((1, block, block), int))[:, :height, :width]
    noise = generator.normal(0, 4, large.shape)
    return np.clip(large + noise, 0, 255).astype(np.float32)


def edges_of(planes: Planes) -> list[Edge]:
    """List the grid's edges in reading order, the weight in eighths of a grey level."""
    _, height, width = planes.shape
    edges = []
    for y in range(height):
        for x in range(width):
            for there_y, there_x in ((y, x + 1), (y + 1, x)):
                if there_y < height and there_x < width:
                    step = planes[:, y, x].astype(float) - planes[:, there_y, there_x]
                    weight = round(float(np.linalg.norm(step)) * BUCKETS_PER_LEVEL)
                    edges.append(
                        (weight / BUCKETS_PER_LEVEL, y * width + x, there_y * width + there_x)
                    )
    return edges


def slowly_segmented(
    edges: list[Edge], pixels: int, *, k: float, min_size: int
) -> tuple[list[int], dict[int, float]]:
    """Segment by section 4 of the paper: each pixel's component in reading order, and Int(C) of each."""
    component = list(range(pixels))
    members = {pixel: [pixel] for pixel in range(pixels)}
    internal_difference = dict.fromkeys(range(pixels), 0.0)

    def merge(first: int, second: int) -> int:
        large, small = (
            (first, second) if len(members[first]) >= len(members[second]) else (second, first)
        )
        for pixel in members[small]:
            component[pixel] = large
        members[large] += members.pop(small)
        return large

    ordered = sorted(edges, key=lambda edge: edge[0])
    for weight, start, end in ordered:
        first, second = component[start], component[end]
        if first != second and weight <= min(
            internal_difference[item] + k / len(members[item]) for item in (first, second)
        ):
            internal_difference[merge(first, second)] = weight
    for _, start, end in ordered:
        first, second = component[start], component[end]
        if first != second and min(len(members[first]), len(members[second])) < min_size:
            merge(first, second)
    numbers: dict[int, int] = {}
    for item in component:
        numbers.setdefault(item, len(numbers))
    return [numbers[item] for item in component], {
        numbers[item]: internal_difference[item] for item in members
    }


# The graph


@given(seed=st.integers(0, 10**6), height=st.integers(1, 9), width=st.integers(1, 9))
@settings(max_examples=30)
def test_every_neighbour_is_an_edge_once_and_lighter_edges_come_first(
    seed: int, height: int, width: int
) -> None:
    planes = planes_of(seed, height, width)
    edges = sort_edges(planes)
    pixel = edges.codes >> 1
    ends = list(zip(pixel, pixel + np.where(edges.codes & 1, width, 1), strict=True))
    weights = np.repeat(np.arange(len(edges.starts) - 1), np.diff(edges.starts))
    expected = edges_of(planes)
    assert Counter(ends) == Counter((start, end) for _, start, end in expected)
    assert len(weights) == len(ends)
    flat = planes.reshape(len(planes), -1).astype(float)
    start, end = np.array(ends, int).reshape(-1, 2).T
    exact = np.linalg.norm(flat[:, start] - flat[:, end], axis=0) * BUCKETS_PER_LEVEL
    assert np.all(np.abs(weights - exact) <= 0.51)  # to the nearest, in float32
    assert np.all(np.diff(weights) >= 0)


def test_the_steepest_step_that_there_is_has_a_place_in_the_order() -> None:
    planes = np.zeros((3, 1, 2), np.float32)
    planes[:, 0, 1] = 255
    edges = sort_edges(planes)
    bucket = int(np.flatnonzero(np.diff(edges.starts))[0])
    assert bucket / BUCKETS_PER_LEVEL == pytest.approx(255 * np.sqrt(3), abs=0.1)


def test_pixels_that_meet_at_a_corner_only_are_not_joined() -> None:
    checkers = np.indices((6, 6)).sum(axis=0) % 2 * np.float32(200)
    assert segment(sort_edges(checkers[None]), k=10, min_size=1).count == 36


# Segmentation


@given(
    seed=st.integers(0, 10**6),
    height=st.integers(1, 16),
    width=st.integers(1, 16),
    k=st.sampled_from([0.5, 10.0, 50.0, 200.0, 1000.0]),
    min_size=st.sampled_from([1, 2, 5, 20]),
)
@settings(max_examples=60)
def test_regions_are_those_of_the_algorithm_written_down_slowly(
    seed: int, height: int, width: int, k: float, min_size: int
) -> None:
    # Whole grey levels in one channel: every weight is exact, so that ties are ties for both.
    planes = np.round(planes_of(seed, height, width, channels=1))
    fast = segment(sort_edges(planes), k=k, min_size=min_size)
    labels, internal_difference = slowly_segmented(
        edges_of(planes), height * width, k=k, min_size=min_size
    )
    assert fast.labels.ravel().tolist() == labels
    np.testing.assert_allclose(
        fast.internal_difference, [internal_difference[i] for i in range(fast.count)]
    )


@given(seed=st.integers(0, 10**6), k=st.sampled_from([5.0, 50.0, 300.0]))
@settings(max_examples=20)
def test_regions_in_three_channels_are_large_enough_whole_and_numbered_as_one_reads(
    seed: int, k: float
) -> None:
    from skimage.measure import label

    found = segment(sort_edges(planes_of(seed, 20, 30)), k=k, min_size=7)
    assert found.labels.dtype == np.int32
    assert np.bincount(found.labels.ravel()).min() >= 7
    firsts = [
        int(np.flatnonzero(found.labels.ravel() == region)[0]) for region in range(found.count)
    ]
    assert firsts == sorted(firsts)
    assert label(found.labels + 1, connectivity=1).max() == found.count  # each hangs together
    _expect_true_borders(found)


def _expect_true_borders(found: Segmentation) -> None:
    """Check that boundary edges are all the edges between two regions, lightest first."""
    first, second = boundary_regions(found.labels, found.boundary_edges)
    assert np.all(first != second)
    between = (found.labels[:, 1:] != found.labels[:, :-1]).sum()
    between += (found.labels[1:] != found.labels[:-1]).sum()
    assert len(found.boundary_edges) == len(found.boundary_weights) == between
    assert np.all(np.diff(found.boundary_weights) >= 0)


def test_a_higher_k_gives_fewer_regions() -> None:
    edges = sort_edges(planes_of(1, 40, 40))
    counts = [segment(edges, k=k, min_size=1).count for k in (1, 30, 300, 3000, 100_000)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1] == 1


@given(seed=st.integers(0, 10**6))
@settings(max_examples=10)
def test_scikit_image_finds_the_same_regions_where_they_are_plain(seed: int) -> None:
    """Compare on 9 tiles of well separated greys, where 8 neighbours give what 4 do."""
    generator = np.random.default_rng(seed)
    tiles = np.kron(generator.permutation(9).reshape(3, 3) * 28 + 10, np.ones((15, 15), int))
    plane = (tiles + generator.normal(0, 1, tiles.shape)).astype(np.float32)
    found = segment(sort_edges(plane[None]), k=300, min_size=30).labels
    reference = felzenszwalb(
        plane / 255, scale=300, sigma=0, min_size=30
    )  # divides k by 255 itself
    assert found.max() == reference.max() == 8
    assert adapted_rand_error(reference, found)[0] == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (7, 5)])
def test_one_colour_is_one_region_whatever_its_shape(shape: tuple[int, int]) -> None:
    found = segment(sort_edges(np.full((3, *shape), 90, np.float32)), k=50, min_size=50)
    assert (found.count, found.labels.shape, len(found.boundary_edges)) == (1, shape, 0)


def test_a_picture_smaller_than_the_smallest_region_is_one_region() -> None:
    assert segment(sort_edges(planes_of(2, 1, 12, block=1)), k=1, min_size=50).count == 1


# Coarsening


def slowly_coarsened(fine: Segmentation, *, k: float, min_size: int) -> list[int]:
    """Apply the algorithm to the boundary edges one by one: each region's coarser region."""
    sizes = dict(enumerate(np.bincount(fine.labels.ravel()).tolist()))
    internal_difference = dict(enumerate(fine.internal_difference.tolist()))
    part = list(range(fine.count))
    borders = list(
        zip(
            fine.boundary_weights.tolist(),
            *boundary_regions(fine.labels, fine.boundary_edges),
            strict=True,
        )
    )

    def merge(first: int, second: int) -> None:
        for region in range(fine.count):
            part[region] = first if part[region] == second else part[region]
        sizes[first] += sizes.pop(second)

    for step, start, end in borders:
        first, second = part[start], part[end]
        if first != second and step <= min(
            internal_difference[item] + k / sizes[item] for item in (first, second)
        ):
            merge(first, second)
            internal_difference[first] = step
    for _, start, end in borders:
        first, second = part[start], part[end]
        if first != second and min(sizes[first], sizes[second]) < min_size:
            merge(first, second)
    numbers: dict[int, int] = {}
    return [numbers.setdefault(item, len(numbers)) for item in part]


@given(seed=st.integers(0, 10**6), k=st.sampled_from([20.0, 100.0, 1000.0]))
@settings(max_examples=30)
def test_coarser_regions_are_those_of_the_same_rule_with_a_higher_k(seed: int, k: float) -> None:
    planes = np.round(planes_of(seed, 18, 22, channels=1))
    fine = segment(sort_edges(planes), k=10, min_size=3)
    _, part_of = coarsen(describe_regions(fine, pixel_features(planes)), k=k, min_size=8)
    assert part_of.tolist() == slowly_coarsened(fine, k=k, min_size=8)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20)
def test_coarser_regions_are_described_as_if_their_pixels_had_been_looked_at(seed: int) -> None:
    planes = planes_of(seed, 24, 30)
    fine = segment(sort_edges(planes), k=10, min_size=4)
    features = pixel_features(planes)
    coarse, part_of = coarsen(describe_regions(fine, features), k=200, min_size=20)
    labels = part_of[fine.labels]
    first, second = boundary_regions(labels, fine.boundary_edges)
    coarse_segmentation = Segmentation(
        labels,
        coarse.internal_difference,
        fine.boundary_edges[first != second],
        fine.boundary_weights[first != second],
    )
    anew = describe_regions(coarse_segmentation, features)
    for name in ("sizes", "boxes", "pairs", "weights"):
        np.testing.assert_array_equal(getattr(coarse, name), getattr(anew, name), err_msg=name)
    for name in ("colour", "texture"):
        np.testing.assert_allclose(getattr(coarse, name), getattr(anew, name), atol=1e-6)


# Before segmentation


@pytest.mark.parametrize("sigma", [0.4, 0.8, 2.0])
@pytest.mark.parametrize("shape", [(20, 30), (1, 30), (30, 1), (1, 1), (3, 3)])
def test_blurring_is_scipys_gaussian_with_the_last_pixel_repeated(
    sigma: float, shape: tuple[int, int]
) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    blurred = blur(rgb, sigma)
    assert blurred.dtype == np.float32
    radius = int(np.ceil(4 * sigma))
    for channel in range(3):
        expected = gaussian_filter(
            rgb[..., channel].astype(float), sigma, mode="nearest", radius=radius
        )
        np.testing.assert_allclose(blurred[channel], expected, atol=0.01)


def test_a_sigma_of_0_leaves_the_pixels_as_they_are() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    np.testing.assert_array_equal(blur(rgb, 0), rgb.transpose(2, 0, 1))


def every_kind_of_colour() -> npt.NDArray[np.uint8]:
    """(64, 64, 3): random colours, all greys, and the cube's corners."""
    colours = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    colours[:4] = np.arange(256, dtype=np.uint8).reshape(4, 64, 1)
    colours[4, :8] = [[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)]
    return colours


def as_planes(rgb: npt.NDArray[np.uint8]) -> Planes:
    return np.ascontiguousarray(rgb.transpose(2, 0, 1), np.float32)


def test_hsv_is_scikit_images_stretched_to_255() -> None:
    rgb = every_kind_of_colour()
    found, reference = convert(as_planes(rgb), "HSV"), rgb2hsv(rgb).transpose(2, 0, 1) * 255
    np.testing.assert_allclose(found[1:], reference[1:], atol=0.01)
    apart = np.abs(found[0] - reference[0])
    assert np.minimum(apart, 255 - apart).max() < 0.01  # hue is a circle


def test_lab_is_scikit_images_with_lightness_stretched_and_colours_shifted() -> None:
    rgb = every_kind_of_colour()
    lightness, a, b = rgb2lab(rgb).transpose(2, 0, 1)
    found = convert(as_planes(rgb), "Lab")
    np.testing.assert_allclose(found, [lightness * 2.55, a + 128, b + 128], atol=0.6)


def test_the_other_spaces_by_hand() -> None:
    first = np.array([[[200]], [[100]], [[20]]], np.float32)
    share = 255 / 320
    expected: dict[str, list[float]] = {
        "RGB": [200, 100, 20],
        "I": [320 / 3],
        "rgb": [200 * share, 100 * share, 20 * share],
        "rgI": [200 * share, 100 * share, 320 / 3],
        "C": [50 + 127.5, 260 / 4 + 127.5, 320 / 3],
        "H": [42.5 * 80 / 180],
        "HSV": [42.5 * 80 / 180, 255 * 180 / 200, 200],
    }
    for space, values in expected.items():
        found = convert(first, space)  # type: ignore[arg-type]
        np.testing.assert_allclose(found.ravel(), values, rtol=1e-5, err_msg=space)


@pytest.mark.parametrize("space", COLOUR_SPACES)
def test_every_channel_stays_within_0_and_255(space: ColourSpace) -> None:
    planes = convert(as_planes(every_kind_of_colour()), space)
    assert planes.dtype == np.float32
    assert planes.min() >= -0.01
    assert planes.max() <= 255.01
    assert np.isfinite(planes).all()


@pytest.mark.parametrize("space", ["H", "HSV", "rgb", "rgI", "Lab", "C"])
def test_black_white_and_grey_have_a_colour_in_every_space(space: ColourSpace) -> None:
    greys = np.broadcast_to(np.array([0, 1, 128, 255], np.float32), (3, 1, 4)).copy()
    assert np.isfinite(convert(greys, space)).all()
