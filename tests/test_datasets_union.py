"""Several data sets as one."""

from functools import partial

import numpy as np
import pytest

from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.datasets.union import together
from fastrcnn_core.errors import DataError
from fastrcnn_core.structures import AnnotatedImage, Image


def picture(name: str) -> AnnotatedImage:
    boxes = np.array([[0, 0, 2, 3]], dtype=np.float32)
    pixels = np.zeros((4, 5, 3), dtype=np.uint8)
    return AnnotatedImage(Image(pixels, name), boxes, np.array([1]), ("person",), ("",))


def dataset(title: str, count: int, classes: tuple[str, ...] = ("person",)) -> Dataset:
    names = tuple(f"{title}{number}" for number in range(count))
    return Dataset(title, title, classes, names, read=picture, fingerprint=partial(str, title))


def test_each_part_keeps_its_own_split() -> None:
    parts = [dataset("a", 10), dataset("b", 5)]
    both = together(parts)
    assert both.split.train == parts[0].split.train + parts[1].split.train
    assert both.split.test == parts[0].split.test + parts[1].split.test
    assert len(both) == 15


def test_a_picture_is_read_from_the_part_that_has_it() -> None:
    assert together([dataset("a", 2), dataset("b", 2)]).load("b1").name == "b1"


def test_the_setting_opens_it_again_and_the_hash_needs_no_order() -> None:
    parts = [dataset("a", 2), dataset("b", 2)]
    assert together(parts).setting == "a + b"
    assert together(parts).content_hash == together(parts[::-1]).content_hash
    assert together(parts).content_hash != together([parts[0], dataset("c", 2)]).content_hash


def test_pictures_of_the_same_name_are_refused() -> None:
    with pytest.raises(DataError, match="same name"):
        together([dataset("a", 2), dataset("a", 3)])


def test_data_sets_of_other_classes_are_refused() -> None:
    with pytest.raises(DataError, match="dog"):
        together([dataset("a", 2), dataset("b", 2, ("dog",))])
