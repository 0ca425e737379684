"""The abstract data set: names, images by name, a split that never changes, and the content hash."""

import os
import pickle
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastrcnn_core.datasets import Dataset, PennFudanDataset, open_dataset, split_by_name
from fastrcnn_core.datasets.checking import check, describe_near_duplicates
from fastrcnn_core.datasets.dataset import hash_files
from fastrcnn_core.errors import DataError
from tests.support.datasets import MemoryDataset, write_pennfudan

EMPTY = [[0, 0, 0], [0, 0, 0]]
TWO = [[1, 0, 2], [1, 0, 2]]
NAMES = st.sets(st.text(min_size=1, max_size=5), max_size=30)


@pytest.fixture
def street(tmp_path: Path) -> Dataset:
    folder = write_pennfudan(tmp_path / "street", {"two": TWO, "empty": EMPTY}, added=["two.png 2"])
    return PennFudanDataset(folder)


@given(names=NAMES)
def test_the_split_is_a_partition(names: set[str]) -> None:
    split = split_by_name(names)
    assert sorted(split.train + split.test) == sorted(names)
    assert len(split.train) == len(names) * 8 // 10


@given(names=NAMES.flatmap(lambda names: st.permutations(sorted(names))))
def test_the_split_does_not_depend_on_the_order_of_the_names(names: list[str]) -> None:
    assert split_by_name(names) == split_by_name(sorted(names))


def test_the_split_is_the_one_that_was_promised() -> None:
    # Shuffled by hand with random.Random(42): a b c d e → d b c e a.
    split = split_by_name(["e", "d", "c", "b", "a"])
    assert (split.train, split.test) == (("d", "b", "c", "e"), ("a",))
    assert [split.part_of(name) for name in "da"] == ["train", "test"]
    with pytest.raises(KeyError):
        split.part_of("z")


def test_a_hundred_and_seventy_images_become_136_and_34() -> None:
    split = split_by_name(f"Image{number:03}" for number in range(170))
    assert (len(split.train), len(split.test)) == (136, 34)


def test_an_unknown_name_is_refused_with_the_nearest_that_exists(street: Dataset) -> None:
    for ask in (street.load, street.annotation):
        with pytest.raises(DataError, match=r"no image 'emty'.*'empty'"):
            ask("emty")


def test_two_images_of_the_same_name_are_impossible() -> None:
    with pytest.raises(ValueError, match="same name"):
        MemoryDataset(title="t", names=("a", "a"))


def test_an_annotation_is_the_annotated_image_without_its_pixels(street: Dataset) -> None:
    images = [street.load(name) for name in street.names]
    for dataset in (street, MemoryDataset(*images)):
        annotation = dataset.annotation("two")
        assert (annotation.name, annotation.height, annotation.width, annotation.tags) == (
            "two",
            2,
            3,
            ("", "added"),
        )
        assert annotation.boxes.tolist() == [[0, 0, 1, 2], [2, 0, 3, 2]]
        assert annotation.labels.tolist() == [1, 1]


def test_a_data_set_without_a_read_method_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Dataset(title="t", setting="s", classes=("person",), names=())  # type: ignore[abstract]


def test_a_worker_process_can_be_handed_a_data_set(street: Dataset) -> None:
    copy = pickle.loads(pickle.dumps(street))
    assert copy.load("two").image.key == street.load("two").image.key
    assert copy.content_hash == street.content_hash


def test_the_content_hash_is_of_the_content_and_not_of_the_place(tmp_path: Path) -> None:
    first = PennFudanDataset(write_pennfudan(tmp_path / "here", {"two": TWO}))
    second = PennFudanDataset(write_pennfudan(tmp_path / "there", {"two": TWO}))
    different = PennFudanDataset(write_pennfudan(tmp_path / "other", {"two": EMPTY}))
    renamed = PennFudanDataset(write_pennfudan(tmp_path / "renamed", {"deux": TWO}))
    assert first.content_hash == second.content_hash
    assert len({first.content_hash, different.content_hash, renamed.content_hash}) == 3


def test_a_content_hash_changes_with_a_file_although_it_is_cached(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("one")
    first = hash_files(tmp_path, [file])
    assert hash_files(tmp_path, [file]) == first
    file.write_text("two")
    os.utime(file, (1, 1))
    assert hash_files(tmp_path, [file]) != first


def test_a_cached_content_hash_reads_no_file_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("one")
    first = hash_files(tmp_path, [file])
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("read again"))
    assert hash_files(tmp_path, [file]) == first


def test_a_check_counts_what_is_there(street: Dataset) -> None:
    steps = []
    report = check(street, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(1, 2), (2, 2)]
    assert (report.images, report.images_without_boxes, len(report.boxes)) == (2, 1, 2)
    assert report.boxes_per_class == {"person": 2}
    assert report.boxes_per_tag == {"added": 1}
    assert report.problems == ()


def test_a_check_goes_on_after_a_damaged_picture_and_names_it(street: Dataset) -> None:
    (Path(street.setting) / "PNGImages" / "two.png").write_bytes(b"nonsense")
    report = check(street)
    assert (report.images, report.images_without_boxes) == (2, 1)
    assert len(report.problems) == 1
    assert report.problems[0][0] == "two"
    assert report.boxes.shape == (0, 4)


def film(folder: Path, frames: int) -> Dataset:
    """Write frames of one background before which a dark bar moves by two pixels a frame."""
    background = np.random.default_rng(0).integers(120, 200, (240, 320, 3), dtype=np.uint8)
    for number in range(frames):
        pixels = background.copy()
        mask = np.zeros((240, 320), np.uint8)
        left = 20 + 2 * number
        pixels[60:210, left : left + 60] = (40, 40, 90)
        mask[60:210, left : left + 60] = 1
        for kind, name, values in (
            ("PNGImages", f"f{number:02}.png", pixels),
            ("PedMasks", f"f{number:02}_mask.png", mask),
        ):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            PIL.Image.fromarray(values).save(folder / kind / name)
    return open_dataset(folder)


def test_frames_of_one_film_on_both_sides_of_the_split_are_told(tmp_path: Path) -> None:
    dataset = film(tmp_path, 20)
    pairs = check(dataset).near_duplicates
    assert [test for test, _ in pairs] == list(dataset.split.test)
    assert {training for _, training in pairs} <= set(dataset.split.train)
    sentence = describe_near_duplicates(pairs, dataset)
    assert sentence.startswith("4 of the 4 test pictures are nearly the same as a training picture")


def test_a_damaged_picture_does_not_hide_near_duplicates(tmp_path: Path) -> None:
    dataset = film(tmp_path, 20)
    broken = dataset.split.train[0]
    (tmp_path / "PNGImages" / f"{broken}.png").write_bytes(b"no picture")
    assert len(check(dataset).near_duplicates) == 4


def test_the_street_scenes_are_not_accused_of_near_duplicates() -> None:
    dataset = open_dataset("synthetic")
    assert check(dataset).near_duplicates == ()
    assert describe_near_duplicates((), dataset) == ""


@pytest.mark.pennfudan
def test_penn_fudan_is_not_accused_of_near_duplicates(pennfudan_folder: Path) -> None:
    assert check(open_dataset(pennfudan_folder)).near_duplicates == ()
