"""Several data sets as one."""

import pytest

from fastrcnn_core.datasets import Dataset, UnionDataset
from fastrcnn_core.errors import DataError
from tests.support.builders import annotate
from tests.support.datasets import MemoryDataset


def dataset(title: str, count: int, classes: tuple[str, ...] = ("person",)) -> Dataset:
    images = (
        annotate([0, 0, 2, 3], height=4, width=5, classes=classes, name=f"{title}{number}")
        for number in range(count)
    )
    return MemoryDataset(*images, title=title, classes=classes)


def test_each_part_keeps_its_own_split() -> None:
    parts = [dataset("a", 10), dataset("b", 5)]
    both = UnionDataset(parts)
    assert both.split.train == parts[0].split.train + parts[1].split.train
    assert both.split.test == parts[0].split.test + parts[1].split.test
    assert len(both) == 15


def test_a_picture_is_read_from_the_part_that_has_it() -> None:
    assert UnionDataset([dataset("a", 2), dataset("b", 2)]).load("b1").name == "b1"


def test_the_setting_opens_it_again_and_the_hash_needs_no_order() -> None:
    parts = [dataset("a", 2), dataset("b", 2)]
    assert UnionDataset(parts).setting == "a + b"
    assert UnionDataset(parts).content_hash == UnionDataset(parts[::-1]).content_hash
    assert (
        UnionDataset(parts).content_hash != UnionDataset([parts[0], dataset("c", 2)]).content_hash
    )


def test_pictures_of_the_same_name_are_refused() -> None:
    with pytest.raises(DataError, match="same name"):
        UnionDataset([dataset("a", 2), dataset("a", 3)])


def test_data_sets_of_other_classes_are_refused() -> None:
    with pytest.raises(DataError, match="dog"):
        UnionDataset([dataset("a", 2), dataset("b", 2, ("dog",))])
