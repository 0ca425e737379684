"""Several data sets as one."""

from pathlib import Path

import pytest

from fastrcnn_core.datasets import Dataset, UnionDataset, open_dataset
from fastrcnn_core.errors import DataError
from tests.support.builders import annotate
from tests.support.datasets import MemoryDataset, coco_box, coco_image, write_coco, write_picture


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


def write_part(file: Path, images: Path, names: str) -> None:
    for name in names:
        write_picture(images / f"{name}.jpg", height=20, width=30)
    entries = [coco_image(number, f"{name}.jpg") for number, name in enumerate(names)]
    write_coco(file, entries, [coco_box(0, [1, 1, 9, 9])])


def test_a_roboflow_exports_own_split_is_kept(tmp_path: Path) -> None:
    for part, names in (("train", "abcde"), ("valid", "fg"), ("test", "h")):
        write_part(tmp_path / part / "_annotations.coco.json", tmp_path / part, names)
    data = open_dataset(tmp_path)
    assert (set(data.split.train), set(data.split.test)) == (set("abcde"), set("fgh"))
    assert open_dataset(data.setting).split == data.split
    assert "as the export was split" in data.split_reason
    assert data.load("f").boxes.tolist() == [[1, 1, 10, 10]]


def test_cocos_own_folder_is_split_by_its_files_and_captions_are_left_alone(tmp_path: Path) -> None:
    for part, names in (("train", "abc"), ("val", "de")):
        file = tmp_path / "annotations" / f"instances_{part}2017.json"
        write_part(file, tmp_path / f"{part}2017", names)
        (tmp_path / "annotations" / f"captions_{part}2017.json").write_text("{}")
    data = open_dataset(tmp_path)
    assert (data.split.train, data.split.test) == (("a", "b", "c"), ("d", "e"))
    assert data.notes == ()


@pytest.mark.parametrize("names", [["train.json", "notes.json"], ["val.json", "test.json"]])
def test_files_of_one_part_alone_are_no_split(names: list[str], tmp_path: Path) -> None:
    for name in names:
        write_part(tmp_path / name, tmp_path, "a")
    with pytest.raises(DataError, match="several JSON files"):
        open_dataset(tmp_path)
