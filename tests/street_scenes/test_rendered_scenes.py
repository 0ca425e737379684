"""Rendered scenes: the same for the same numbers, annotated to the pixel, and written in Penn-Fudan's layout."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.datasets import PennFudanDataset, open_dataset
from fastrcnn_core.datasets.pennfudan import instances_from_mask
from fastrcnn_core.structures import AnnotatedImage, Image
from renderer.film import decode
from renderer.scene import Scene, set_empty_scene, set_scene
from renderer.writing import annotation_text, bounding_boxes, scene_name

RENDER = Path(__file__).resolve().parents[2] / "assets" / "street_scenes" / "render.py"


def photographed(rendered: Scene) -> AnnotatedImage:
    image = Image(decode(rendered.photograph()), scene_name(rendered.index))
    people = instances_from_mask(rendered.people())
    labels, tags = np.ones(len(people.boxes), np.int64), ("",) * len(people.boxes)
    return AnnotatedImage(image, people.boxes, labels, ("person",), tags, people.map)


def scene(seed: int, index: int) -> AnnotatedImage:
    return photographed(set_scene(seed, index))


def empty_scene(seed: int, index: int) -> AnnotatedImage:
    return photographed(set_empty_scene(seed, index))


@pytest.fixture(scope="module")
def scenes() -> Sequence[AnnotatedImage]:
    return [scene(0, index) for index in range(1, 9)]


@pytest.fixture(scope="module")
def boxes_of_scenes() -> Sequence[np.ndarray]:
    return [instances_from_mask(set_scene(5, index).people()).boxes for index in range(1, 41)]


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
    keys = {annotated.image.key for annotated in [*scenes, scene(1, 1), scene(1, 2)]}
    assert len(keys) == len(scenes) + 2


def test_scenes_differ_from_each_other_as_photographs_do(scenes: Sequence[AnnotatedImage]) -> None:
    small = [_thumbnail(annotated) for annotated in scenes]
    for i, thumbnail in enumerate(small):
        for earlier in small[:i]:
            assert np.abs(thumbnail - earlier).mean() > 15
    assert len({(annotated.image.height, annotated.image.width) for annotated in scenes}) == len(
        scenes
    )


def _thumbnail(annotated: AnnotatedImage) -> np.ndarray:
    rows, columns = (
        np.linspace(0, n - 1, 24).astype(int) for n in annotated.image.pixels.shape[:2]
    )
    return annotated.image.pixels[rows[:, None], columns[None]].astype(float)


def test_pictures_are_as_large_as_those_of_penn_fudan(scenes: Sequence[AnnotatedImage]) -> None:
    for annotated in scenes:
        assert 300 <= annotated.image.height <= 550
        assert 311 <= annotated.image.width <= 650


def test_a_picture_is_neither_dark_nor_burnt_out_nor_without_colour(
    scenes: Sequence[AnnotatedImage],
) -> None:
    for annotated in scenes:
        pixels = annotated.image.pixels.astype(float)
        assert 60 < pixels.mean() < 190
        assert pixels.mean(2).std() > 25
        assert (pixels.min(2) >= 250).mean() < 0.12
        assert np.ptp(pixels, axis=2).mean() > 4


def test_boxes_are_tight_around_the_visible_pixels_of_each_person(
    scenes: Sequence[AnnotatedImage],
) -> None:
    for annotated in scenes:
        assert annotated.instances is not None
        assert set(np.unique(annotated.instances)) == set(range(len(annotated.boxes) + 1))
        for number, box in enumerate(annotated.boxes, start=1):
            rows, columns = np.nonzero(annotated.instances == number)
            bounds = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            assert box.tolist() == bounds


def test_everybody_is_large_enough_to_be_seen(boxes_of_scenes: Sequence[np.ndarray]) -> None:
    boxes = np.concatenate(boxes_of_scenes)
    heights, widths = boxes[:, 3] - boxes[:, 1], boxes[:, 2] - boxes[:, 0]
    assert heights.min() >= 60
    assert heights.max() <= 350
    assert widths.min() >= 14


def test_people_are_of_many_sizes(boxes_of_scenes: Sequence[np.ndarray]) -> None:
    boxes = np.concatenate(boxes_of_scenes)
    heights = boxes[:, 3] - boxes[:, 1]
    assert (heights < 130).mean() > 0.05
    assert (heights > 250).mean() > 0.1


def test_every_scene_has_people_and_about_as_many_as_penn_fudan(
    boxes_of_scenes: Sequence[np.ndarray],
) -> None:
    counts = [len(boxes) for boxes in boxes_of_scenes]
    assert min(counts) >= 1
    assert 2.0 <= np.mean(counts) <= 3.0
    assert max(counts) >= 4


def test_some_people_stand_before_others(boxes_of_scenes: Sequence[np.ndarray]) -> None:
    overlaps = []
    for boxes in boxes_of_scenes:
        iou = pairwise_iou(boxes, boxes)
        overlaps.append(iou[~np.eye(len(iou), dtype=bool)].max(initial=0))
    assert (np.array(overlaps) > 0.1).sum() >= 4


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


def test_annotation_files_count_corners_from_one_and_include_the_last() -> None:
    text = annotation_text("a.jpg", shape=(30, 40), boxes=[(1, 2, 11, 22)])
    lines = text.splitlines()
    assert lines[2] == "Image size (X x Y x C) : 40 x 30 x 3"
    box = next(line for line in lines if line.startswith("Bounding box for object 1"))
    assert box.endswith("(Xmin, Ymin) - (Xmax, Ymax) : (2, 3) - (11, 22)")


@pytest.mark.pennfudan
def test_annotation_files_read_as_those_of_the_authors(pennfudan_folder: Path) -> None:
    dataset = PennFudanDataset(pennfudan_folder)
    for name in dataset.names[:21]:
        authors = (pennfudan_folder / "Annotation" / f"{name}.txt").read_text()
        annotated = dataset.load(name)
        assert annotated.instances is not None
        boxes, shape = list(bounding_boxes(annotated.instances)), annotated.instances.shape
        text = annotation_text(f"{name}.png", shape=shape, boxes=boxes)
        assert text.rstrip() == authors.rstrip()


def render(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(RENDER), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_writes_a_folder_that_opens_with_the_same_pixels_and_boxes(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "scenes"
    done = render("--count", 2, "--seed", 2, "--out", folder)
    assert done.returncode == 0, done.stderr
    dataset = open_dataset(folder)
    assert dataset.names == ("scene-0001", "scene-0002")
    for index, name in enumerate(dataset.names, start=1):
        read, rendered = dataset.load(name), scene(2, index)
        assert read.image.key == rendered.image.key
        np.testing.assert_array_equal(read.instances, rendered.instances)
        assert (folder / "Annotation" / f"{name}.txt").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--count", 0], "at least 1"), (["--seed", -1], "at least 0"), ([], "not empty")],
)
def test_the_command_refuses_what_it_cannot_do(
    tmp_path: Path, words: list[object], message: str
) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    done = render(*words, "--out", tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_renderer_still_makes_the_shipped_scenes(scenes: Sequence[AnnotatedImage]) -> None:
    """Allow few differing pixels: another version of NumPy may round differently."""
    shipped = open_dataset("synthetic:8")
    for name, rendered in zip(shipped.names, scenes, strict=True):
        read = shipped.load(name)
        assert read.image.pixels.shape == rendered.image.pixels.shape
        difference = np.abs(read.image.pixels.astype(int) - rendered.image.pixels)
        assert difference.mean() < 1
        assert (read.instances != rendered.instances).mean() < 0.001  # type: ignore[union-attr]
