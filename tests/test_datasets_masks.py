"""From instance masks to boxes."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torchvision.ops import masks_to_boxes

from fastrcnn_core.datasets.pennfudan import instances_from_mask
from fastrcnn_core.errors import DataError

MASKS = arrays.arrays(
    np.int32,
    arrays.array_shapes(min_dims=2, max_dims=2, max_side=12),
    elements=st.sampled_from([0, 0, 0, 1, 2, 5, 40_000]),
)


def test_the_right_and_bottom_edges_are_exclusive() -> None:
    people = instances_from_mask(
        np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]], dtype=np.int32)
    )
    assert people.boxes.tolist() == [[1, 1, 3, 2]]


def test_numbers_with_gaps_become_one_to_n_in_their_order() -> None:
    people = instances_from_mask(np.array([[9, 0, 4, 9]], dtype=np.int32))
    assert people.numbers.tolist() == [4, 9]
    assert people.boxes.tolist() == [[2, 0, 3, 1], [0, 0, 4, 1]]
    assert people.map.tolist() == [[2, 0, 1, 2]]


def test_a_mask_without_anybody_has_no_boxes() -> None:
    people = instances_from_mask(np.zeros((3, 3), dtype=np.int32))
    assert (people.boxes.shape, people.boxes.dtype) == ((0, 4), np.float32)  # type: ignore[comparison-overlap]
    assert not people.map.any()


def test_a_mask_without_background_is_all_somebody() -> None:
    assert instances_from_mask(np.full((2, 3), 7, dtype=np.int32)).boxes.tolist() == [[0, 0, 3, 2]]


def test_numbers_below_zero_are_refused() -> None:
    with pytest.raises(DataError, match="below 0"):
        instances_from_mask(np.array([[-1, 0]], dtype=np.int32))


@given(mask=MASKS)
def test_boxes_hold_exactly_the_pixels_of_their_objects(mask: np.ndarray) -> None:
    people = instances_from_mask(mask)
    assert np.array_equal(people.map > 0, mask > 0)
    for index, (number, box) in enumerate(zip(people.numbers, people.boxes, strict=True)):
        pixels = mask == number
        assert np.array_equal(people.map == index + 1, pixels)
        x1, y1, x2, y2 = box.astype(int)
        inside = np.zeros(mask.shape, dtype=bool)
        inside[y1:y2, x1:x2] = True
        assert not (pixels & ~inside).any()
        for edge in (pixels[y1, :], pixels[y2 - 1, :], pixels[:, x1], pixels[:, x2 - 1]):
            assert edge.any()


@given(mask=MASKS.filter(np.any))
def test_boxes_are_torchvisions_but_for_the_exclusive_edges(mask: np.ndarray) -> None:
    people = instances_from_mask(mask)
    each = torch.as_tensor(people.numbers)[:, None, None] == torch.as_tensor(mask)
    assert (masks_to_boxes(each) + torch.tensor([0, 0, 1, 1])).tolist() == people.boxes.tolist()
