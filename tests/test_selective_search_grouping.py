"""Regions and their grouping, against slow descriptions in NumPy and the paper's formulas by hand."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fastrcnn_core.selective_search.colour_spaces import Planes
from fastrcnn_core.selective_search.grouping import Hierarchy, group, heap_pop, heap_push
from fastrcnn_core.selective_search.pixel_features import pixel_features
from fastrcnn_core.selective_search.regions import Regions, describe_regions
from fastrcnn_core.selective_search.segmentation import Segmentation, segment, sort_edges
from fastrcnn_core.selective_search.similarity import (
    Nodes,
    fill_similarity,
    histogram_intersection,
    merge_nodes,
    size_similarity,
)

SUMS = ("CTSF", "TSF", "F", "S", "C", "T")


def planes_of(seed: int, height: int = 24, width: int = 32, *, block: int = 4) -> Planes:
    """Draw blocks of colour with a little noise."""
    generator = np.random.default_rng(seed)
    blocks = generator.integers(0, 256, (3, -(-height // block), -(-width // block)))
    large = np.kron(blocks, np.ones((1, block, block), int))[:, :height, :width]
    return np.clip(large + generator.normal(0, 4, large.shape), 0, 255).astype(np.float32)


def described(planes: Planes, *, k: float = 30, min_size: int = 4) -> tuple[Segmentation, Regions]:
    segmentation = segment(sort_edges(planes), k=k, min_size=min_size)
    return segmentation, describe_regions(segmentation, pixel_features(planes))


def by_hand(*boxes: tuple[int, int, int, int], pairs: list[tuple[int, int]]) -> Regions:
    """Filled rectangles without colours of their own."""
    rows = np.array(boxes, np.int32)
    sizes = (rows[:, 2] - rows[:, 0]) * (rows[:, 3] - rows[:, 1])
    histogram = np.full((len(rows), 4), 0.25, np.float32)
    return Regions(
        sizes.astype(np.int32),
        rows,
        histogram,
        histogram,
        np.array(pairs, np.int32).reshape(-1, 2),
        np.zeros(len(pairs), np.float32),
        np.zeros(len(rows), np.float32),
    )


# Regions


@given(seed=st.integers(0, 10**6))
@example(seed=31216)  # a value on the border of two bins
@settings(max_examples=15)
def test_sizes_boxes_and_colours_are_what_one_counts(seed: int) -> None:
    planes = planes_of(seed)
    # No value within rounding of two bins: float32 and float64 would count it on different sides.
    bins = planes.astype(float) * 25 / 255
    on_a_border = (np.abs(bins - np.round(bins)) < 1e-4) & (bins > 0.5) & (bins < 24.5)
    planes[on_a_border] += np.float32(0.01)
    segmentation, regions = described(planes)
    for region in range(segmentation.count):
        mask = segmentation.labels == region
        rows, columns = np.nonzero(mask)
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert regions.boxes[region].tolist() == box
        assert regions.sizes[region] == mask.sum()
        counted = [np.histogram(plane[mask], 25, (0, 255))[0] for plane in planes]
        expected = np.concatenate(counted) / (3 * mask.sum())
        np.testing.assert_allclose(regions.colour[region], expected, atol=1e-6)


def slow_texture(
    plane: npt.NDArray[np.float32], mask: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """(8, 10): each pixel's derivative in eight directions; from 0 to 50 grey levels a pixel are 10 bins."""
    import scipy.ndimage

    down, along = (scipy.ndimage.sobel(plane, axis=axis, mode="nearest") / 8 for axis in (0, 1))
    # The engine keeps a gradient as two whole numbers of 50 / 12 grey levels.
    down, along = (
        np.floor(np.clip(tree * 12 / 50, -12, 12) + 0.5) * 50 / 12 for tree in (down, along)
    )
    rows = []
    for orientation in range(8):
        angle = orientation * np.pi / 4
        steepness = np.cos(angle) * along[mask] + np.sin(angle) * down[mask]
        bins = np.floor(np.round(steepness, 4) / 5).clip(0, 9).astype(int)
        rows.append(np.bincount(bins, minlength=10))
    return np.array(rows)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=10)
def test_textures_are_derivatives_in_8_orientations_in_10_bins(seed: int) -> None:
    planes = planes_of(seed, 16, 20)
    segmentation, regions = described(planes)
    assert regions.texture.shape == (segmentation.count, 3 * 8 * 10)
    apart = 0.0
    for region in range(segmentation.count):
        mask = segmentation.labels == region
        expected = np.concatenate([slow_texture(plane, mask).ravel() for plane in planes])
        apart += np.abs(regions.texture[region] * 24 * mask.sum() - expected).sum()
    # A gradient on the border of two of the engine's levels may go either way: one pixel moves 8 counts at most.
    assert apart <= 16


@pytest.mark.parametrize("orientation", range(8))
def test_a_ramp_is_steepest_in_its_own_direction_and_flat_in_the_opposite_one(
    orientation: int,
) -> None:
    angle = orientation * np.pi / 4
    y, x = np.indices((9, 9))
    ramp = 125 + 20 * (np.cos(angle) * (x - 4) + np.sin(angle) * (y - 4))
    planes = np.repeat(ramp[None], 3, axis=0).astype(np.float32)
    features = pixel_features(planes)
    inner = np.zeros((9, 9), np.int32)
    inner[1:-1, 1:-1] = 1  # the outermost pixels see the last one repeated
    both = Segmentation(
        inner, np.zeros(2, np.float32), np.zeros(0, np.int32), np.zeros(0, np.float32)
    )
    bins = describe_regions(both, features).texture[1].reshape(3, 8, 10)[0].argmax(axis=1)
    assert bins.argmax() == orientation
    assert bins[orientation] in (3, 4)  # 20 grey levels a pixel, at 5 a bin
    assert bins[(orientation + 4) % 8] == 0


@given(seed=st.integers(0, 10**6))
@settings(max_examples=15)
def test_pairs_are_the_regions_that_share_an_edge_each_once_with_the_smallest_step(
    seed: int,
) -> None:
    planes = planes_of(seed)
    segmentation, regions = described(planes)
    smallest: dict[tuple[int, int], float] = {}
    for flip in (False, True):
        labels = segmentation.labels.T if flip else segmentation.labels
        values = planes.transpose(0, 2, 1) if flip else planes
        steps = np.linalg.norm(np.diff(values, axis=2), axis=0)
        for first, second, step in zip(
            labels[:, :-1].flat, labels[:, 1:].flat, steps.flat, strict=True
        ):
            if first != second:
                pair = (int(min(first, second)), int(max(first, second)))
                smallest[pair] = min(smallest.get(pair, np.inf), step)
    pairs = [tuple(pair) for pair in regions.pairs.tolist()]
    assert sorted(pairs) == sorted(smallest)
    np.testing.assert_allclose(
        regions.weights, [smallest[pair] for pair in pairs], atol=0.07
    )  # 1/16
    assert np.all(np.diff(regions.weights) >= 0)


# Similarities: the four formulas of Uijlings et al., section 3.2


def test_histograms_have_in_common_what_the_smaller_one_has_in_each_bin() -> None:
    first, second = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.1, 0.3, 0.4, 0.2])
    assert histogram_intersection(
        first.astype(np.float32), second.astype(np.float32)
    ) == pytest.approx(0.6)
    assert histogram_intersection(
        first.astype(np.float32), first.astype(np.float32)
    ) == pytest.approx(1)


def test_size_similarity_is_the_share_of_the_picture_that_the_two_leave() -> None:
    sizes = np.array([20, 30], np.int32)
    assert size_similarity(0, 1, sizes, np.float32(200)) == pytest.approx(1 - 50 / 200)


def test_fill_similarity_is_the_share_of_the_picture_that_is_no_hole_in_the_common_box() -> None:
    boxes = np.array([[0, 0, 4, 5], [2, 3, 10, 8]], np.int32)  # together 10 × 8
    sizes = np.array([20, 30], np.int32)
    filled = fill_similarity(0, 1, sizes, boxes, np.float32(200))
    assert filled == pytest.approx(1 - (80 - 20 - 30) / 200)


def test_what_two_regions_become_has_both_their_pixels_and_the_mean_of_their_histograms() -> None:
    sizes, boxes = np.array([10, 30, 0], np.int32), np.zeros((3, 4), np.int32)
    boxes[0], boxes[1] = (5, 1, 9, 4), (2, 3, 8, 9)
    colour = np.array([[1, 0], [0, 1], [0, 0]], np.float32)
    texture = np.array([[0.5, 0.5], [1, 0], [0, 0]], np.float32)
    merge_nodes(0, 1, 2, Nodes(sizes, boxes, colour, texture))
    assert sizes[2] == 40
    assert boxes[2].tolist() == [2, 1, 9, 9]
    assert colour[2].tolist() == [0.25, 0.75]
    assert texture[2].tolist() == [0.875, 0.125]


# Grouping


@dataclass
class Node:
    """A region in the slow grouping."""

    size: int
    box: list[int]
    colour: npt.NDArray[np.float64]
    texture: npt.NDArray[np.float64]
    neighbours: set[int]


def nodes_of(regions: Regions) -> dict[int, Node]:
    nodes = {
        index: Node(
            int(regions.sizes[index]),
            regions.boxes[index].tolist(),
            regions.colour[index].astype(float),
            regions.texture[index].astype(float),
            set(),
        )
        for index in range(len(regions.sizes))
    }
    for first, second in regions.pairs.tolist():
        nodes[first].neighbours.add(second)
        nodes[second].neighbours.add(first)
    return nodes


def slow_similarities(first: Node, second: Node, pixels: int) -> list[float]:
    left, top = (min(first.box[side], second.box[side]) for side in (0, 1))
    right, bottom = (max(first.box[side], second.box[side]) for side in (2, 3))
    both = first.size + second.size
    return [
        np.minimum(first.colour, second.colour).sum(),
        np.minimum(first.texture, second.texture).sum(),
        1 - both / pixels,
        1 - ((right - left) * (bottom - top) - both) / pixels,
    ]


def slowly_merged(nodes: dict[int, Node], first: int, second: int) -> Node:
    a, b = nodes[first], nodes[second]
    size = a.size + b.size
    return Node(
        size,
        [
            min(a.box[0], b.box[0]),
            min(a.box[1], b.box[1]),
            max(a.box[2], b.box[2]),
            max(a.box[3], b.box[3]),
        ],
        (a.colour * a.size + b.colour * b.size) / size,
        (a.texture * a.size + b.texture * b.size) / size,
        (a.neighbours | b.neighbours) - {first, second},
    )


def expect_greedy(regions: Regions, tree: Hierarchy, similarity: str, pixels: int) -> None:
    """Follow every merge: none of the living neighbours was more alike, and everything told of it is true."""
    used = [letter in similarity for letter in "CTSF"]
    nodes = nodes_of(regions)

    def alike(first: int, second: int) -> float:
        return float(np.dot(used, slow_similarities(nodes[first], nodes[second], pixels)))

    sums = {(a, b): alike(a, b) for a in nodes for b in nodes[a].neighbours if a < b}
    compared = set(sums)
    count = len(regions.sizes)
    assert len(tree.merged_pairs) == count - 1
    for merge, (first, second) in enumerate(tree.merged_pairs.tolist()):
        chosen, new = (min(first, second), max(first, second)), count + merge
        assert chosen in sums, "the two touch and are both there"
        assert sums[chosen] >= max(sums.values()) - 2e-5, "no pair is more alike"
        reported = slow_similarities(nodes[first], nodes[second], pixels)
        np.testing.assert_allclose(tree.similarities[merge], reported, atol=2e-5)
        assert tree.sums[merge] == pytest.approx(sums[chosen], abs=2e-5)
        nodes[new] = slowly_merged(nodes, first, second)
        assert tree.sizes[new] == nodes[new].size
        assert tree.boxes[new].tolist() == nodes[new].box
        del nodes[first], nodes[second]
        sums = {pair: value for pair, value in sums.items() if not {first, second} & set(pair)}
        for neighbour in nodes[new].neighbours:
            nodes[neighbour].neighbours = nodes[neighbour].neighbours - {first, second} | {new}
            sums[neighbour, new] = alike(neighbour, new)
            compared.add((neighbour, new))
    merged = {(min(pair), max(pair)) for pair in tree.merged_pairs.tolist()}
    unmerged_pairs = [(min(pair), max(pair)) for pair in tree.unmerged_pairs.tolist()]
    assert sorted(unmerged_pairs) == sorted(compared - merged)


@given(seed=st.integers(0, 10**6), similarity=st.sampled_from(SUMS))
@settings(max_examples=40)
def test_grouping_merges_what_a_slow_greedy_grouping_merges(seed: int, similarity: str) -> None:
    planes = planes_of(seed, 20, 24)
    _, regions = described(planes)
    tree = group(regions, similarity=similarity, pixels=20 * 24)
    expect_greedy(regions, tree, similarity, pixels=20 * 24)


def test_the_first_to_merge_are_those_that_one_expects_by_hand() -> None:
    # A 10 × 10 picture: two slim columns and a wide one. The slim ones are the smallest pair.
    regions = by_hand((0, 0, 2, 10), (2, 0, 4, 10), (4, 0, 10, 10), pairs=[(0, 1), (1, 2)])
    tree = group(regions, similarity="S", pixels=100)
    assert tree.merged_pairs.tolist() in ([[0, 1], [2, 3]], [[0, 1], [3, 2]])
    assert tree.sums.tolist() == pytest.approx([0.6, 0])
    assert tree.unmerged_pairs.tolist() == [[1, 2]]
    assert tree.unmerged_boxes.tolist() == [[2, 0, 10, 10]]
    assert tree.unmerged_since.tolist() == [0]


def test_of_equally_similar_pairs_the_one_that_was_met_first_merges_first() -> None:
    columns = [(x, 0, x + 2, 4) for x in range(0, 8, 2)]
    regions = by_hand(*columns, pairs=[(2, 3), (0, 1), (1, 2)])
    tree = group(regions, similarity="S", pixels=32)
    assert [set(pair) for pair in tree.merged_pairs.tolist()] == [{2, 3}, {0, 1}, {4, 5}]


def test_one_region_is_a_hierarchy_without_merges() -> None:
    tree = group(by_hand((0, 0, 5, 5), pairs=[]), similarity="CTSF", pixels=25)
    assert (tree.regions, len(tree.merged_pairs), len(tree.unmerged_pairs)) == (1, 0, 0)
    assert tree.boxes.tolist() == [[0, 0, 5, 5]]


def test_a_region_with_very_many_neighbours_has_room_for_all_of_them() -> None:
    """Merge a long bar with 300 cells: each merge compares all the others again."""
    cells = [(x, 1, x + 1, 2) for x in range(300)]
    pairs = [(0, cell) for cell in range(1, 301)]
    tree = group(by_hand((0, 0, 300, 1), *cells, pairs=pairs), similarity="S", pixels=600)
    assert tree.boxes[-1].tolist() == [0, 0, 300, 2]
    assert len(tree.unmerged_pairs) == 300 * 299 // 2


# Properties


@given(
    seed=st.integers(0, 10**6),
    height=st.integers(1, 30),
    width=st.integers(1, 30),
    similarity=st.sampled_from(SUMS),
)
@settings(max_examples=40)
def test_a_hierarchy_joins_touching_regions_until_one_is_the_whole_picture(
    seed: int, height: int, width: int, similarity: str
) -> None:
    segmentation, regions = described(planes_of(seed, height, width), min_size=2)
    tree = group(regions, similarity=similarity, pixels=height * width)
    masks = [segmentation.labels == region for region in range(tree.regions)]
    for new, (first, second) in enumerate(tree.merged_pairs, start=tree.regions):
        assert _touch(masks[first], masks[second])
        masks.append(masks[first] | masks[second])
        assert tree.sizes[new] == tree.sizes[first] + tree.sizes[second] == masks[new].sum()
        assert np.all(
            tree.boxes[new, :2] == np.minimum(tree.boxes[first, :2], tree.boxes[second, :2])
        )
        assert np.all(
            tree.boxes[new, 2:] == np.maximum(tree.boxes[first, 2:], tree.boxes[second, 2:])
        )
    assert sorted(tree.merged_pairs.ravel().tolist()) == list(range(2 * tree.regions - 2))
    assert tree.boxes[-1].tolist() == [0, 0, width, height]
    assert tree.sizes[-1] == height * width
    assert np.all((tree.similarities >= -1e-5) & (tree.similarities <= 1 + 1e-5))


def _touch(first: npt.NDArray[np.bool_], second: npt.NDArray[np.bool_]) -> bool:
    return bool(
        (first[:, 1:] & second[:, :-1]).any()
        or (first[:, :-1] & second[:, 1:]).any()
        or (first[1:] & second[:-1]).any()
        or (first[:-1] & second[1:]).any()
    )


# The priority queue


@given(keys=st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.5]), max_size=40), data=st.data())
@settings(max_examples=60)
def test_the_queue_gives_the_highest_key_first_and_of_equal_ones_the_lower_item(
    keys: list[float], data: st.DataObject
) -> None:
    room = np.zeros(len(keys) + 1, np.float32), np.zeros(len(keys) + 1, np.int32)
    order = data.draw(st.permutations(range(len(keys))))
    waiting: list[tuple[float, int]] = []
    for item in order:
        heap_push(*room, len(waiting), keys[item], item)
        waiting.append((-keys[item], item))
        if data.draw(st.booleans()):
            waiting.sort()
            assert room[1][0] == waiting.pop(0)[1]
            heap_pop(*room, len(waiting) + 1)
    for length in range(len(waiting), 0, -1):
        waiting.sort()
        assert room[1][0] == waiting.pop(0)[1]
        heap_pop(*room, length)
