"""Boxes: hand-checked numbers, torchvision as the oracle, and round trips, on NumPy arrays and PyTorch tensors."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision import ops
from torchvision.models.detection._utils import BoxCoder

from fastrcnn_core.boxes import (
    MAX_LOG_GROWTH,
    area,
    clip,
    decode,
    encode,
    flip_horizontally,
    pairwise_iou,
)

Make = Callable[[Any], Any]


def numpy_boxes(rows: Any) -> np.ndarray:
    return np.array(rows, dtype=np.float32).reshape(-1, 4)


def torch_boxes(rows: Any) -> torch.Tensor:
    return torch.from_numpy(numpy_boxes(rows))


both = pytest.mark.parametrize("boxes", [numpy_boxes, torch_boxes], ids=["numpy", "torch"])

corner = st.floats(0, 500, width=32)
side = st.floats(1, 500, width=32)
box = st.tuples(corner, corner, side, side).map(lambda b: [b[0], b[1], b[0] + b[2], b[1] + b[3]])
box_lists = st.lists(box, max_size=8)
pairs = st.lists(st.tuples(box, box), max_size=8).map(
    lambda rows: ([row[0] for row in rows], [row[1] for row in rows])
)


@both
def test_the_area_is_width_times_height_because_right_and_bottom_are_exclusive(boxes: Make) -> None:
    assert area(boxes([[0, 0, 10, 20], [5, 5, 6, 6]])).tolist() == [200, 1]


@both
def test_a_box_turned_inside_out_has_no_area(boxes: Make) -> None:
    assert area(boxes([[10, 0, 5, 20], [10, 20, 5, 0]])).tolist() == [0, 0]


@both
def test_clipping_keeps_what_lies_inside_the_image(boxes: Make) -> None:
    inside = clip(boxes([[-5, -5, 50, 50], [90, 10, 120, 20]]), height=40, width=100)
    assert inside.tolist() == [[0, 0, 50, 40], [90, 10, 100, 20]]


@given(box_lists)
def test_clipping_is_torchvisions(rows: list[list[float]]) -> None:
    result = clip(torch_boxes(rows), height=200, width=300)
    assert torch.equal(result, ops.clip_boxes_to_image(torch_boxes(rows), (200, 300)))


@both
def test_the_mirror_image_of_a_box_has_its_sides_exchanged(boxes: Make) -> None:
    assert flip_horizontally(boxes([[10, 0, 30, 40]]), width=100).tolist() == [[70, 0, 90, 40]]


@both
def test_mirroring_twice_changes_nothing(boxes: Make) -> None:
    once = flip_horizontally(boxes([[10, 0, 30, 40], [0, 1, 2, 3]]), width=100)
    assert flip_horizontally(once, width=100).tolist() == [[10, 0, 30, 40], [0, 1, 2, 3]]


@both
def test_iou_is_the_shared_part_of_what_both_cover(boxes: Make) -> None:
    iou = pairwise_iou(
        boxes([[0, 0, 10, 10]]), boxes([[0, 0, 10, 10], [5, 0, 15, 10], [10, 0, 20, 10]])
    )
    assert iou.tolist() == [[1.0, pytest.approx(1 / 3), 0.0]]


@both
def test_boxes_without_area_share_nothing(boxes: Make) -> None:
    assert pairwise_iou(boxes([[5, 5, 5, 5]]), boxes([[5, 5, 5, 5], [0, 0, 9, 9]])).tolist() == [
        [0, 0]
    ]


@given(box_lists, box_lists)
def test_iou_is_torchvisions(rows: list[list[float]], targets: list[list[float]]) -> None:
    expected = ops.box_iou(torch_boxes(rows), torch_boxes(targets))
    torch.testing.assert_close(pairwise_iou(torch_boxes(rows), torch_boxes(targets)), expected)
    on_numpy = pairwise_iou(numpy_boxes(rows), numpy_boxes(targets))
    torch.testing.assert_close(torch.from_numpy(on_numpy), expected)


@given(box_lists, box_lists)
def test_iou_is_symmetric(rows: list[list[float]], targets: list[list[float]]) -> None:
    first, second = numpy_boxes(rows), numpy_boxes(targets)
    assert np.array_equal(pairwise_iou(first, second), pairwise_iou(second, first).T)


@both
def test_deltas_are_the_shift_in_units_of_the_size_and_the_log_of_the_growth(boxes: Make) -> None:
    deltas = encode(source=boxes([[0, 0, 10, 20]]), target=boxes([[5, 10, 25, 30]]))
    assert deltas.tolist() == [pytest.approx([1.0, 0.5, math.log(2), 0.0])]


@given(pairs)
def test_encoding_is_torchvisions(rows: tuple[list[list[float]], list[list[float]]]) -> None:
    source, target = torch_boxes(rows[0]), torch_boxes(rows[1])
    expected = BoxCoder((1.0, 1.0, 1.0, 1.0)).encode_single(target, source)
    torch.testing.assert_close(encode(source=source, target=target), expected, rtol=1e-4, atol=1e-5)


@given(pairs)
def test_decoding_is_torchvisions(rows: tuple[list[list[float]], list[list[float]]]) -> None:
    source, target = torch_boxes(rows[0]), torch_boxes(rows[1])
    deltas = 2 * encode(source=source, target=target)
    expected = BoxCoder((1.0, 1.0, 1.0, 1.0)).decode_single(deltas, source)
    result = decode(source=source, deltas=deltas)
    torch.testing.assert_close(result, expected.reshape(-1, 4), rtol=1e-4, atol=1e-1)


@pytest.mark.parametrize("boxes", [numpy_boxes, torch_boxes], ids=["numpy", "torch"])
@given(pairs)
def test_decoding_undoes_encoding(
    boxes: Make, rows: tuple[list[list[float]], list[list[float]]]
) -> None:
    source, target = boxes(rows[0]), boxes(rows[1])
    decoded = decode(
        source=source, deltas=encode(source=source, target=target), max_log_growth=None
    )
    assert np.allclose(np.asarray(decoded), np.asarray(target), atol=0.01)


@both
def test_fault_exp_overflow_a_wild_delta_gives_a_finite_box(boxes: Make) -> None:
    grown = decode(source=boxes([[0, 0, 16, 16]]), deltas=boxes([[0, 0, 1000, 1000]]))
    assert grown.tolist() == [pytest.approx([-492, -492, 508, 508], abs=0.01)]  # 16 × 1000/16


@both
def test_without_the_clamp_a_wild_delta_is_trusted(boxes: Make) -> None:
    believed = decode(
        source=boxes([[0, 0, 16, 16]]), deltas=boxes([[0, 0, 5, 5]]), max_log_growth=None
    )
    assert believed[0, 2] - believed[0, 0] == pytest.approx(16 * math.exp(5), rel=1e-5)


def test_the_clamp_is_detectrons() -> None:
    assert math.log(1000 / 16) == MAX_LOG_GROWTH
    assert BoxCoder((1.0, 1.0, 1.0, 1.0)).bbox_xform_clip == MAX_LOG_GROWTH


@both
def test_no_boxes_are_boxes_too(boxes: Make) -> None:
    none = boxes([])
    assert area(none).shape == (0,)
    assert pairwise_iou(none, boxes([[0, 0, 1, 1]])).shape == (0, 1)
    assert pairwise_iou(boxes([[0, 0, 1, 1]]), none).shape == (1, 0)
    for result in (
        clip(none, height=5, width=5),
        flip_horizontally(none, width=5),
        encode(source=none, target=none),
        decode(source=none, deltas=none),
    ):
        assert result.shape == (0, 4)


@both
def test_answers_are_of_the_kind_of_the_question(boxes: Make) -> None:
    some = boxes([[0, 0, 4, 4]])
    for result in (
        area(some),
        clip(some, height=5, width=5),
        flip_horizontally(some, width=5),
        pairwise_iou(some, some),
        encode(source=some, target=some),
        decode(source=some, deltas=some),
    ):
        assert type(result) is type(some)
        assert result.dtype == some.dtype


@both
def test_arguments_stay_as_they_were(boxes: Make) -> None:
    rows = [[-1.0, -1, 9, 9]]
    some = boxes(rows)
    clip(some, height=5, width=5)
    flip_horizontally(some, width=5)
    pairwise_iou(some, some)
    decode(source=some, deltas=some)
    assert some.tolist() == rows
