"""Synthetic scenes as a data set: the same for the same numbers, annotated to the pixel, and written as a folder."""

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.datasets import Annotation, open_dataset
from fastrcnn_core.datasets.pennfudan import open_pennfudan
from fastrcnn_core.datasets.pennfudan.writing import annotation_text, write_pennfudan
from fastrcnn_core.datasets.synthetic import empty_scene, scene, synthetic_dataset, write_folder
from fastrcnn_core.errors import DataError
from fastrcnn_core.structures import AnnotatedImage


@pytest.fixture(scope="module")
def scenes() -> Sequence[AnnotatedImage]:
    return [scene(0, index) for index in range(1, 9)]


@pytest.fixture(scope="module")
def annotations() -> Sequence[Annotation]:
    dataset = synthetic_dataset(40, seed=5)
    return [dataset.annotation(name) for name in dataset.names]


def test_the_same_numbers_give_the_same_scene_whatever_was_made_before(
    scenes: Sequence[AnnotatedImage],
) -> None:
    for index in (6, 2):
        again = scene(0, index)
        assert again.image.key == scenes[index - 1].image.key
        np.testing.assert_array_equal(again.instances, scenes[index - 1].instances)


def test_another_seed_or_another_index_gives_another_scene(
    scenes: Sequence[AnnotatedImage],
) -> None:
    keys = {it.image.key for it in [*scenes, scene(1, 1), scene(1, 2)]}
    assert len(keys) == len(scenes) + 2


def test_scenes_differ_from_each_other_as_photographs_do(scenes: Sequence[AnnotatedImage]) -> None:
    small = [_thumbnail(it) for it in scenes]
    for i, one in enumerate(small):
        for other in small[:i]:
            assert np.abs(one - other).mean() > 15
    assert len({(it.image.height, it.image.width) for it in scenes}) == len(scenes)


def _thumbnail(it: AnnotatedImage) -> np.ndarray:
    rows, columns = (np.linspace(0, n - 1, 24).astype(int) for n in it.image.pixels.shape[:2])
    return it.image.pixels[rows[:, None], columns[None]].astype(float)


def test_pictures_are_as_large_as_those_of_penn_fudan(scenes: Sequence[AnnotatedImage]) -> None:
    for it in scenes:
        assert 300 <= it.image.height <= 550
        assert 311 <= it.image.width <= 650


def test_a_picture_is_neither_dark_nor_burnt_out_nor_without_colour(
    scenes: Sequence[AnnotatedImage],
) -> None:
    for it in scenes:
        pixels = it.image.pixels.astype(float)
        assert 60 < pixels.mean() < 190
        assert pixels.mean(2).std() > 25
        assert (pixels.min(2) >= 250).mean() < 0.12
        assert np.ptp(pixels, axis=2).mean() > 4


def test_boxes_are_tight_around_the_visible_pixels_of_each_person(
    scenes: Sequence[AnnotatedImage],
) -> None:
    for it in scenes:
        assert it.instances is not None
        assert set(np.unique(it.instances)) == set(range(len(it.boxes) + 1))
        for number, box in enumerate(it.boxes, start=1):
            rows, columns = np.nonzero(it.instances == number)
            bounds = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            assert box.tolist() == bounds


def test_everybody_is_large_enough_to_be_seen(annotations: Sequence[Annotation]) -> None:
    boxes = np.concatenate([it.boxes for it in annotations])
    heights, widths = boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0]
    assert heights.min() >= 60
    assert heights.max() <= 350
    assert widths.min() >= 14


def test_people_are_of_many_sizes(annotations: Sequence[Annotation]) -> None:
    boxes = np.concatenate([it.boxes for it in annotations])
    heights = boxes[:, 3] - boxes[:, 1]
    assert (heights < 130).mean() > 0.05
    assert (heights > 250).mean() > 0.1


def test_every_scene_has_people_and_about_as_many_as_penn_fudan(
    annotations: Sequence[Annotation],
) -> None:
    counts = [len(it.boxes) for it in annotations]
    assert min(counts) >= 1
    assert 2.0 <= np.mean(counts) <= 3.0
    assert max(counts) >= 4


def test_some_people_stand_before_others(annotations: Sequence[Annotation]) -> None:
    overlaps = []
    for it in annotations:
        iou = pairwise_iou(it.boxes, it.boxes)
        overlaps.append(iou[~np.eye(len(iou), dtype=bool)].max(initial=0))
    assert (np.array(overlaps) > 0.1).sum() >= 4


def test_an_annotation_without_its_picture_says_the_same_as_the_picture() -> None:
    dataset = synthetic_dataset(4, seed=0)
    for name in dataset.names:
        whole, alone = dataset.load(name), dataset.annotation(name)
        np.testing.assert_array_equal(alone.boxes, whole.boxes)
        np.testing.assert_array_equal(alone.labels, whole.labels)
        assert (alone.height, alone.width) == (whole.image.height, whole.image.width)
        assert (alone.name, alone.tags) == (whole.name, whole.tags)


def test_a_street_without_people_is_an_image_without_boxes(
    scenes: Sequence[AnnotatedImage],
) -> None:
    empty, peopled = empty_scene(0, 3), scenes[2]
    assert empty.boxes.shape == (0, 4)
    assert empty.labels.shape == (0,)
    assert empty.instances is not None
    assert not empty.instances.any()
    assert empty.image.pixels.shape == peopled.image.pixels.shape
    assert empty.image.key != peopled.image.key


def test_people_are_painted_where_they_are_annotated(scenes: Sequence[AnnotatedImage]) -> None:
    for index in (2, 3, 5):
        peopled, empty = scenes[index - 1], empty_scene(0, index)
        assert peopled.instances is not None
        changed = np.abs(peopled.image.pixels.astype(int) - empty.image.pixels).mean(2)
        for number in range(1, len(peopled.boxes) + 1):
            own = peopled.instances == number
            assert changed[own].mean() > 25
            assert (
                peopled.image.pixels[own].mean(1).std() > 12
            )  # dressed and lit, not a black paper doll


def test_the_data_set_names_its_scenes_and_opens_again_by_its_setting() -> None:
    dataset = synthetic_dataset(count=3, seed=4)
    assert dataset.names == ("scene-0001", "scene-0002", "scene-0003")
    assert dataset.classes == ("person",)
    again = open_dataset(dataset.setting)
    assert (again.names, again.setting) == (dataset.names, "synthetic:3:4")
    assert again.content_hash == dataset.content_hash
    assert again.load("scene-0002").image.key == scene(4, 2).image.key
    assert again.load("scene-0002").name == "scene-0002"


def test_other_scenes_have_another_content_hash() -> None:
    hashes = {synthetic_dataset(*numbers).content_hash for numbers in ((3, 0), (4, 0), (3, 1))}
    assert len(hashes) == 3


def test_a_scene_that_is_not_in_the_data_set_is_refused() -> None:
    with pytest.raises(DataError, match="scene-0004"):
        synthetic_dataset(3, 0).load("scene-0004")


def test_a_worker_process_can_be_handed_the_data_set() -> None:
    dataset = synthetic_dataset(2, 3)
    copy = pickle.loads(pickle.dumps(dataset))
    assert copy.load("scene-0001").image.key == dataset.load("scene-0001").image.key


def test_a_written_folder_reads_back_with_the_same_boxes_and_pixels(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "scenes", count=3, seed=2)
    read, made = open_dataset(folder), synthetic_dataset(3, seed=2)
    assert read.names == made.names
    for name in made.names:
        one, other = read.load(name), made.load(name)
        assert one.image.key == other.image.key
        np.testing.assert_array_equal(one.boxes, other.boxes)
        np.testing.assert_array_equal(one.instances, other.instances)
        assert one.tags == other.tags
    assert len(list((folder / "Annotation").glob("*.txt"))) == 3


def test_nothing_is_written_into_a_folder_that_has_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(DataError, match="something in"):
        write_folder(tmp_path, count=1, seed=0)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot be written to"):
        write_folder(tmp_path / "file" / "scenes", count=1, seed=0)


def test_an_image_without_a_mask_cannot_be_written(tmp_path: Path) -> None:
    dataset = synthetic_dataset(1, 0)
    whole = dataset.load("scene-0001")
    bare = AnnotatedImage(whole.image, whole.boxes, whole.labels, whole.classes, whole.tags)
    object.__setattr__(dataset, "read", lambda name: bare)
    with pytest.raises(DataError, match="needs a mask"):
        write_pennfudan(tmp_path / "scenes", dataset)


def test_annotation_files_count_corners_from_one_and_include_the_last() -> None:
    it = scene(0, 1)
    x1, y1, x2, y2 = it.boxes[0].astype(int)
    lines = annotation_text(it).splitlines()
    assert lines[2] == f"Image size (X x Y x C) : {it.image.width} x {it.image.height} x 3"
    box = next(line for line in lines if line.startswith("Bounding box for object 1"))
    assert box.endswith(f"(Xmin, Ymin) - (Xmax, Ymax) : ({x1 + 1}, {y1 + 1}) - ({x2}, {y2})")


@pytest.mark.pennfudan
def test_annotation_files_read_as_those_of_the_authors(pennfudan_folder: Path) -> None:
    dataset = open_pennfudan(pennfudan_folder)
    for name in dataset.names[:21]:
        theirs = (pennfudan_folder / "Annotation" / f"{name}.txt").read_text()
        assert annotation_text(dataset.load(name)).rstrip() == theirs.rstrip()


@pytest.mark.slow
def test_selective_search_finds_most_people_but_not_all(scenes: Sequence[AnnotatedImage]) -> None:
    segmentation = pytest.importorskip("cv2").ximgproc.segmentation
    best: list[float] = []
    for it in [*scenes, *(scene(1, index) for index in range(1, 9))]:
        search = segmentation.createSelectiveSearchSegmentation()
        search.setBaseImage(np.ascontiguousarray(it.image.pixels[..., ::-1]))
        search.switchToSelectiveSearchFast()
        corners = search.process()[:2000].astype(np.float32)
        corners[:, 2:] += corners[:, :2]
        best += pairwise_iou(it.boxes, corners).max(1).tolist()
    found = np.mean(np.array(best) >= 0.5)
    assert found >= 0.75
    assert np.mean(np.array(best) >= 0.7) < 0.95
