"""Folders in COCO's format, with everything that can be wrong with them."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO

from fastrcnn_core.datasets import Dataset
from fastrcnn_core.datasets.coco import CocoDataset, find_coco
from fastrcnn_core.errors import DataError, ImageError
from tests.support.datasets import coco_box, coco_image, write_coco, write_picture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With one picture, a.png, 20 high and 30 wide."""
    write_picture(tmp_path / "a.png", height=20, width=30)
    return tmp_path


def of_boxes(folder: Path, *boxes: Any) -> Dataset:
    """Write an annotation file of the image a.png and open it."""
    return CocoDataset(write_coco(folder / "boxes.json", [coco_image(1, "a.png")], boxes))


def test_a_folder_of_pictures_and_one_json_is_a_data_set(folder: Path) -> None:
    write_coco(folder / "boxes.json", [coco_image(1, "a.png")], [coco_box(1, [2, 3, 10, 5.5])])
    dataset = CocoDataset(folder)
    annotated = dataset.load("a")
    assert annotated.boxes.tolist() == [[2, 3, 12, 8.5]]
    assert (annotated.boxes.dtype, annotated.labels.tolist(), annotated.tags) == (  # type: ignore[comparison-overlap]
        np.float32,
        [1],
        ("",),
    )
    assert annotated.instances is None
    assert dataset.notes == ()
    assert CocoDataset(Path(dataset.setting)).names == ("a",)


def test_classes_are_in_the_order_of_their_category_ids(folder: Path) -> None:
    categories = {44: "bottle", 1: "person", 18: "dog"}
    boxes = [coco_box(1, [0, 0, 5, 5], category=id) for id in (44, 18, 1)]
    images = [coco_image(1, "a.png")]
    dataset = CocoDataset(write_coco(folder / "b.json", images, boxes, categories=categories))
    assert dataset.classes == ("person", "dog", "bottle")
    assert dataset.load("a").labels.tolist() == [3, 2, 1]


def test_two_classes_of_one_name_can_be_told_apart(folder: Path) -> None:
    images, categories = [coco_image(1, "a.png")], {0: "car", 1: "person", 2: "car"}
    dataset = CocoDataset(write_coco(folder / "b.json", images, categories=categories))
    assert dataset.classes == ("car (0)", "person", "car (2)")


def test_a_crowd_is_tagged(folder: Path) -> None:
    dataset = of_boxes(folder, coco_box(1, [0, 0, 9, 9], iscrowd=1), coco_box(1, [1, 1, 9, 9]))
    assert dataset.load("a").tags == ("crowd", "")


@pytest.mark.parametrize(
    ("annotation", "why"),
    [
        (coco_box(1, [5, 5, 0, 10]), "no width or no height"),
        (coco_box(1, [5, 5, 10, 0]), "no width or no height"),
        (coco_box(1, [5, 5, -3, 10]), "no width or no height"),
        (coco_box(1, [5, 5, 1e-9, 10]), "no width or no height"),
        (coco_box(1, [30, 5, 10, 10]), "outside of its image"),
        (coco_box(1, [-10, -10, 10, 10]), "outside of its image"),
        (coco_box(1, [1, 1, 5]), "not four numbers"),
        (coco_box(1, [1, 1, 5, "five"]), "not four numbers"),
        (coco_box(1, [1, 1, 5, float("nan")]), "not four numbers"),
        (coco_box(1, [1, 1, 5, float("inf")]), "not four numbers"),
        (coco_box(1, None), "not four numbers"),
        (coco_box(1, [1, 1, 5, 5], category=9), "category is not listed"),
        (coco_box(1, [1, 1, 5, 5], category_id=[1]), "category is not listed"),
        (coco_box(99, [1, 1, 5, 5]), "image is not listed"),
        (coco_box(1, [1, 1, 5, 5], image_id=[1]), "image is not listed"),
    ],
)
def test_a_box_that_cannot_be_used_is_left_out_and_reported(
    folder: Path, annotation: dict[str, Any], why: str
) -> None:
    dataset = of_boxes(folder, annotation, coco_box(1, [2, 2, 4, 4]))
    assert dataset.load("a").boxes.tolist() == [[2, 2, 6, 6]]
    assert len(dataset.notes) == 1
    assert dataset.notes[0].startswith("1 × a box was left out because ")
    assert why in dataset.notes[0]
    assert "annotation 7 of" in dataset.notes[0]


def test_a_box_that_sticks_out_is_cut_off_at_the_edge(folder: Path) -> None:
    dataset = of_boxes(folder, coco_box(1, [-4, 10, 10, 100]))
    assert dataset.load("a").boxes.tolist() == [[0, 10, 6, 20]]
    assert "cut off at the edge" in dataset.notes[0]


def test_a_box_that_was_rounded_over_the_edge_is_cut_off_without_a_word(folder: Path) -> None:
    dataset = of_boxes(folder, coco_box(1, [20, 10, 10.5, 10.5]))
    assert dataset.load("a").boxes.tolist() == [[20, 10, 30, 20]]
    assert dataset.notes == ()


def test_outlines_are_ignored(folder: Path) -> None:
    outlines = ([[1, 2, 3, 4, 5, 6]], {"counts": "abc", "size": [20, 30]}, None)
    boxes = [coco_box(1, [0, 0, 5, 5], segmentation=outline) for outline in outlines]
    assert len(of_boxes(folder, *boxes).load("a").boxes) == 3


def test_an_image_without_annotations_is_an_image(folder: Path) -> None:
    annotated = of_boxes(folder).load("a")
    assert annotated.boxes.shape == (0, 4)
    assert annotated.labels.shape == (0,)


def test_sizes_that_the_file_leaves_out_are_read_from_the_pictures(folder: Path) -> None:
    images = [{"id": 1, "file_name": "a.png"}]
    dataset = CocoDataset(write_coco(folder / "b.json", images, [coco_box(1, [20, 0, 20, 5])]))
    assert (dataset.annotation("a").height, dataset.annotation("a").width) == (20, 30)
    assert dataset.load("a").boxes.tolist() == [[20, 0, 30, 5]]


def test_a_picture_of_another_size_than_listed_is_refused(folder: Path) -> None:
    images = [coco_image(1, "a.png", height=30, width=20)]
    file = write_coco(folder / "b.json", images)
    message = r"a\.png is 30×20, but the annotation file says 20×30"
    with pytest.raises(DataError, match=message):
        CocoDataset(file)
    write_picture(folder / "b.png", height=20, width=30)
    dataset = CocoDataset(write_coco(folder / "b.json", [*images, coco_image(2, "b.png")]))
    assert dataset.names == ("b",)
    assert re.search(message, dataset.notes[0])


def test_listed_pictures_that_are_not_there_are_left_out_and_reported(folder: Path) -> None:
    images = [coco_image(1, "a.png"), coco_image(2, "b.png"), coco_image(3, "c.png")]
    boxes = [coco_box(2, [0, 0, 5, 5])]
    dataset = CocoDataset(write_coco(folder / "boxes.json", images, boxes))
    assert dataset.names == ("a",)
    assert len(dataset.notes) == 1
    assert dataset.notes[0].startswith("2 of 3 listed pictures were left out")
    assert "b.png" in dataset.notes[0]


def test_without_a_single_picture_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none of its images, such as a\.png"):
        CocoDataset(write_coco(tmp_path / "boxes.json", [coco_image(1, "a.png")]))


def test_a_damaged_picture_is_left_out_or_an_error_in_words(folder: Path) -> None:
    (folder / "a.png").write_bytes(b"nonsense")
    with pytest.raises(ImageError, match="no picture"):
        of_boxes(folder)
    write_picture(folder / "b.png", height=20, width=30)
    images = [coco_image(1, "a.png"), coco_image(2, "b.png")]
    dataset = CocoDataset(write_coco(folder / "boxes.json", images))
    assert dataset.names == ("b",)
    assert "a.png is no picture" in dataset.notes[0]


@pytest.mark.parametrize("place", [".", "images", "val2017", "images/val2017"])
def test_pictures_are_found_where_they_usually_are(tmp_path: Path, place: str) -> None:
    write_picture(tmp_path / place / "a.png", height=20, width=30)
    write_picture(tmp_path / "others" / "b.png", height=20, width=30)
    write_coco(tmp_path / "annotations" / "instances.json", [coco_image(1, "a.png")])
    dataset = CocoDataset(tmp_path)
    assert dataset.load("a").image.height == 20
    assert Path(dataset.setting) == tmp_path / "annotations" / "instances.json"
    assert CocoDataset(Path(dataset.setting)).names == ("a",)


def test_a_picture_is_called_by_its_stem_or_by_its_path_if_stems_collide(tmp_path: Path) -> None:
    files = ["x/a.png", "y/b.png"]
    for file in [*files, "y/a.png"]:
        write_picture(tmp_path / file, height=20, width=30)
    images = [coco_image(id, file) for id, file in enumerate(files)]
    assert CocoDataset(write_coco(tmp_path / "1.json", images)).names == ("a", "b")
    more = [*images, coco_image(9, "y\\a.png")]
    dataset = CocoDataset(write_coco(tmp_path / "2.json", more))
    assert dataset.names == ("x/a.png", "y/a.png", "y/b.png")
    assert dataset.load("y/a.png").name == "y/a.png"


@pytest.mark.parametrize(
    "file",
    [
        "../a.png",
        "x/../../a.png",
        "/etc/a.png",
        "C:\\a.png",
        "..\\..\\media\\A.PNG",
        "http://host/a.jpg",
    ],
)
def test_a_path_from_another_machine_leads_to_the_one_picture_of_that_name(
    tmp_path: Path, file: str
) -> None:
    write_picture(tmp_path / "a.png", height=99, width=99)  # outside of the folder: never opened
    folder = tmp_path / "set"
    write_picture(folder / "images" / "a.png", height=20, width=30)
    dataset = CocoDataset(write_coco(folder / "boxes.json", [coco_image(1, file)]))
    assert dataset.load("a").image.height == 20
    assert dataset.notes[0].startswith("1 of 1 listed pictures were found by their name alone")
    write_picture(folder / "more" / "a.png", height=20, width=30)
    with pytest.raises(DataError, match="none of its images"):
        CocoDataset(folder / "boxes.json")


@pytest.mark.parametrize("file", ["", ".", "../b.png", "/etc/passwd"])
def test_no_picture_outside_of_the_folder_is_opened(tmp_path: Path, file: str) -> None:
    write_picture(tmp_path / "b.png", height=20, width=30)
    write_picture(tmp_path / "set" / "a.png", height=20, width=30)
    images = [coco_image(1, "a.png"), coco_image(2, file)]
    dataset = CocoDataset(write_coco(tmp_path / "set" / "boxes.json", images))
    assert dataset.names == ("a",)
    assert dataset.notes[0].startswith("1 of 2 listed pictures were left out")


def test_a_folder_with_several_json_files_asks_which(folder: Path) -> None:
    write_coco(folder / "train.json", [coco_image(1, "a.png")])
    chosen = write_coco(folder / "annotations" / "val.json", [coco_image(1, "a.png")])
    with pytest.raises(DataError, match=r"several JSON files: annotations/val\.json, train\.json"):
        CocoDataset(folder)
    assert CocoDataset(chosen).names == ("a",)


def test_hidden_json_files_do_not_count(folder: Path) -> None:
    write_coco(folder / "boxes.json", [coco_image(1, "a.png")])
    (folder / "._boxes.json").write_bytes(b"\0")
    assert find_coco(folder) == [folder / "boxes.json"]


def test_a_folder_without_json_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match="no JSON file"):
        CocoDataset(folder)


GOOD: dict[str, Any] = {
    "images": [coco_image(1, "a.png")],
    "annotations": [],
    "categories": [{"id": 1, "name": "person"}],
}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "cannot be read"),
        ('{"images": [', "cannot be read"),
        ("[" * 100_000, "cannot be read"),
        ("[]", "no list 'images'"),
        (GOOD | {"annotations": None}, "no list 'annotations'"),
        (GOOD | {"categories": []}, "no images or no categories"),
        (GOOD | {"images": []}, "no images or no categories"),
        (GOOD | {"images": [{"id": 1}]}, "file_name"),
        (GOOD | {"images": [{"file_name": "a.png"}]}, "id"),
        (GOOD | {"images": ["a.png"]}, "wrong form"),
        (GOOD | {"images": [coco_image(1, 5)]}, "file_name 5"),  # type: ignore[arg-type]
        (GOOD | {"images": [coco_image([1], "a.png")]}, r"id \[1\]"),  # type: ignore[arg-type]
        (GOOD | {"images": [coco_image(1, "a.png"), coco_image(1, "b.png")]}, "lists 1 2 times"),
        (GOOD | {"images": [coco_image(1, "a.png"), coco_image(2, "a.png")]}, "lists 'a.png'"),
        (GOOD | {"categories": [{"id": 1, "name": "a"}, {"id": "b", "name": "b"}]}, "wrong form"),
        (GOOD | {"categories": [{"id": 1, "name": "a"}] * 2}, "lists 1 2 times"),
        (GOOD | {"annotations": ["nonsense"]}, "wrong form"),
    ],
)
def test_a_damaged_annotation_file_is_an_error_in_words(
    folder: Path, content: Any, why: str
) -> None:
    file = folder / "boxes.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(DataError, match=why) as caught:
        CocoDataset(folder)
    assert "no annotation file in COCO's format" in caught.value.problem


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_names_may_be_in_any_script(folder: Path, encoding: str) -> None:
    content = GOOD | {"categories": [{"id": 1, "name": "行人"}]}
    (folder / "boxes.json").write_text(json.dumps(content, ensure_ascii=False), encoding=encoding)
    assert CocoDataset(folder).classes == ("行人",)


def test_a_file_in_another_encoding_is_an_error_in_words(folder: Path) -> None:
    (folder / "boxes.json").write_bytes(b'{"images": "\xff\xfe"}')
    with pytest.raises(DataError, match="cannot be read"):
        CocoDataset(folder)


def test_the_content_hash_follows_boxes_and_pictures(folder: Path) -> None:
    hashes = {of_boxes(folder).content_hash}
    hashes.add(of_boxes(folder, coco_box(1, [0, 0, 9, 9])).content_hash)
    write_picture(folder / "a.png", height=20, width=30, seed=1)
    hashes.add(of_boxes(folder, coco_box(1, [0, 0, 9, 9])).content_hash)
    assert len(hashes) == 3


SIDE = st.integers(min_value=1, max_value=10)
CORNER = st.integers(min_value=0, max_value=10)
BOXES = st.lists(st.tuples(CORNER, CORNER, SIDE, SIDE, st.sampled_from([3, 5])), max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(boxes=BOXES)
def test_what_is_written_is_read_as_pycocotools_reads_it(folder: Path, boxes: list[Any]) -> None:
    annotations = [
        coco_box(1, list(box[:4]), category=box[4], id=id, area=box[2] * box[3])
        for id, box in enumerate(boxes, 1)
    ]
    images, categories = [coco_image(1, "a.png")], {5: "dog", 3: "cat"}
    file = write_coco(folder / "boxes.json", images, annotations, categories=categories)
    oracle = COCO()
    oracle.dataset = json.loads(file.read_text())
    oracle.createIndex()
    expected = oracle.loadAnns(oracle.getAnnIds(imgIds=[1]))
    annotated = CocoDataset(file).annotation("a")
    assert [[x1, y1, x2 - x1, y2 - y1] for x1, y1, x2, y2 in annotated.boxes.tolist()] == [
        box["bbox"] for box in expected
    ]
    named = [("cat", "dog")[label - 1] for label in annotated.labels]
    assert named == [oracle.cats[box["category_id"]]["name"] for box in expected]
