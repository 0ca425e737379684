"""COCO files of other tools' conventions: what is repaired, with which note, and healthy sets that are left alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from fastrcnn_core.datasets import Dataset
from fastrcnn_core.datasets.coco import CocoDataset
from fastrcnn_core.datasets.coco_writing import to_coco
from fastrcnn_core.errors import DataError
from tests.support.datasets import write_picture

Content = dict[str, Any]
BOXES = [[20, 40, 50, 150], [110, 50, 50, 150]]
CORNERS = [[20, 40, 70, 190], [110, 50, 160, 200]]


def write(
    folder: Path, change: Callable[[Content], object] = lambda content: None, *, count: int = 8
) -> Dataset:
    """Write `count` pictures with two boxes each, after `change` of the annotation file's content, and open them."""
    images: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for number in range(count):
        write_picture(folder / "images" / f"s{number}.png", height=240, width=320, seed=number)
        images.append(
            {"id": number + 1, "file_name": f"s{number}.png", "width": 320, "height": 240}
        )
        rows += [
            {"id": len(rows) + 1 + k, "image_id": number + 1, "category_id": 1, "bbox": list(box)}
            | {"area": box[2] * box[3], "iscrowd": 0}
            for k, box in enumerate(BOXES)
        ]
    content = {"images": images, "annotations": rows, "categories": [{"id": 1, "name": "person"}]}
    change(content)
    (folder / "annotations.json").write_text(json.dumps(content), encoding="utf-8")
    return CocoDataset(folder)


def each(
    change: Callable[[dict[str, Any]], object], *, every: int = 1
) -> Callable[[Content], None]:
    def change_rows(content: Content) -> None:
        for row in content["annotations"][::every]:
            change(row)

    return change_rows


def to_fractions(row: dict[str, Any]) -> None:
    x, y, w, h = row["bbox"]
    row["bbox"] = [x / 320, y / 240, w / 320, h / 240]
    row["area"] = row["bbox"][2] * row["bbox"][3]


def to_corners(row: dict[str, Any]) -> None:
    x, y, w, h = row["bbox"]
    row["bbox"] = [x, y, x + w, y + h]


def to_corners_without_area(row: dict[str, Any]) -> None:
    to_corners(row)
    del row["area"]


def to_centres(row: dict[str, Any]) -> None:
    x, y, w, h = row["bbox"]
    row["bbox"] = [x + w / 2, y + h / 2, w, h]


def to_polygon(row: dict[str, Any]) -> None:
    x, y, w, h = row.pop("bbox")
    row["segmentation"] = [[x, y, x + w, y, x + w, y + h, x, y + h]]


def to_text_numbers(row: dict[str, Any]) -> None:
    row["bbox"] = [str(value) for value in row["bbox"]]


def ids_as(convert: Callable[[int], Any], *, of: str) -> Callable[[Content], None]:
    def change(content: Content) -> None:
        if of == "images":
            for image in content["images"]:
                image["id"] = convert(image["id"])
        else:
            for row in content["annotations"]:
                row[of] = convert(row[of])

    return change


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (each(to_fractions), "All 16 boxes lie within the first pixel"),
        (each(to_corners), "16 of 16 boxes were read as corners"),
        (each(to_corners_without_area), "16 of 16 boxes were read as corners"),
        (each(to_corners, every=3), "6 of 16 boxes were read as corners"),
        (each(to_centres), "All 16 boxes were read as centre"),
        (each(to_polygon), "16 × a box was taken from the outline"),
        (each(to_text_numbers), "16 × a box has its numbers written as texts"),
        (ids_as(str, of="images"), "16 × a box refers to an id in another form"),
        (ids_as(str, of="image_id"), "16 × a box refers to an id in another form"),
        (ids_as(str, of="category_id"), "16 × a box refers to an id in another form"),
        (lambda content: [ids_as(float, of=key)(content) for key in ("images", "image_id")], None),
        (lambda content: content["images"].append({"id": 99}), "1 × an image was left out"),
        (
            lambda content: (
                content["categories"].insert(0, {"id": 0, "name": "peds", "supercategory": "none"})
                or content["categories"][1].update(supercategory="peds")
            ),
            "Left out of the classes: peds",
        ),
        (
            lambda content: (
                content["categories"].append({"id": 2, "name": "Person "})
                or content["annotations"][3].update(category_id=2)
            ),
            "One class under several spellings: 'Person ' and 'person'",
        ),
    ],
)
def test_another_convention_gives_the_right_boxes_and_a_note(
    change: Callable[[Content], object], note: str | None, tmp_path: Path
) -> None:
    dataset = write(tmp_path, change)
    assert len(dataset.classes) == 1
    for name in dataset.names:
        boxes = dataset.load(name).boxes
        expected = [[x, y, x + w, y + h] for x, y, w, h in BOXES]
        np.testing.assert_allclose(boxes, expected, atol=1e-3)
    assert [text for text in dataset.notes if note and note in text] or not note
    assert len(dataset.notes) == bool(note)


def crowd_of_large_boxes(content: Content) -> None:
    for row in content["annotations"]:
        row["bbox"] = [0, 0, 320, 240]


def masks_areas(content: Content) -> None:
    for number, row in enumerate(content["annotations"]):
        row["area"] = 1000 + 37 * number
    content["annotations"][4].update(area=(50 - 20) * (150 - 40))  # by chance that of corners


def one_sticks_out(content: Content) -> None:
    content["annotations"][0]["bbox"] = [290, 40, 300, 150]
    del content["annotations"][0]["area"]


@pytest.mark.parametrize(
    "change",
    [
        lambda content: None,
        crowd_of_large_boxes,
        masks_areas,
        each(lambda row: row.pop("area")),
        each(lambda row: row.update(bbox=[1, 2, 5, 9], area=45)),
        each(lambda row: row.update(bbox=[0, 0, 1, 1], area=1)),
        each(lambda row: row.update(iscrowd=1)),
        lambda content: content.update(annotations=[]),
        lambda content: content.update(annotations=content["annotations"][:1]),
        lambda content: content["categories"].append({"id": 7, "name": "car"}),
        lambda content: content["categories"].extend(
            {"id": 10 + n, "name": f"class {n}", "supercategory": "things"} for n in range(20)
        ),
        lambda content: content["categories"][0].update(supercategory="person"),
    ],
)
def test_a_healthy_set_is_not_accused(change: Callable[[Content], object], tmp_path: Path) -> None:
    dataset = write(tmp_path, change)
    assert dataset.notes == ()
    rows = json.loads((tmp_path / "annotations.json").read_text())["annotations"]
    boxes = [row["bbox"] for row in rows if row["image_id"] == 1]
    expected = [[x, y, x + w, y + h] for x, y, w, h in boxes]
    assert dataset.load("s0").boxes.tolist() == expected


def test_one_box_that_sticks_out_changes_no_other(tmp_path: Path) -> None:
    dataset = write(tmp_path, one_sticks_out)
    assert len(dataset.notes) == 1
    assert "cut off" in dataset.notes[0]
    assert dataset.load("s1").boxes[0].tolist() == [20, 40, 70, 190]


@pytest.mark.parametrize("counts", [[4840, 150, 90, 150, 71570], "compressed"])
def test_a_run_length_encoded_outline_gives_its_box(counts: Any, tmp_path: Path) -> None:
    outline = {"size": [240, 320], "counts": [4840, 150, 90, 150, 71570]}
    if counts == "compressed":
        from pycocotools import mask

        outline = mask.frPyObjects(outline, 240, 320)
        outline["counts"] = outline["counts"].decode()

    def change(row: dict[str, Any]) -> None:
        del row["bbox"]
        row["segmentation"] = outline

    assert write(tmp_path, each(change)).load("s0").boxes[0].tolist() == [20, 40, 22, 190]


def test_an_id_that_is_listed_as_number_and_as_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lists the id 1 twice in images"):
        write(
            tmp_path, lambda content: content["images"].append(content["images"][0] | {"id": "1"})
        )


def test_pictures_that_are_not_listed_are_counted(tmp_path: Path) -> None:
    for number in range(8, 11):
        write_picture(tmp_path / "images" / f"s{number}.png", height=9, width=9)
    (note,) = write(tmp_path).notes
    assert note.startswith(f"3 pictures in {tmp_path / 'images'} are not in the annotation file")
    assert "s10.png" in note


def test_an_ending_in_another_case_or_another_ending_is_found(tmp_path: Path) -> None:
    def change(content: Content) -> None:
        content["images"][0]["file_name"] = "S0.PNG"
        content["images"][1]["file_name"] = "s1.jpg"

    dataset = write(tmp_path, change)
    assert len(dataset) == 8
    assert dataset.notes[0].startswith("2 of 8 listed pictures were found by their name alone")


@pytest.mark.parametrize("orientation", [6, 8])
def test_a_picture_that_exif_data_turns_is_taken_as_its_boxes_fit(
    orientation: int, tmp_path: Path
) -> None:
    write_picture(tmp_path / "images" / "upright.png", height=400, width=304)
    upright = PIL.Image.open(tmp_path / "images" / "upright.png")
    (tmp_path / "images" / "upright.png").unlink()
    exif = PIL.Image.Exif()
    exif[274] = orientation
    turn = PIL.Image.Transpose.ROTATE_90 if orientation == 6 else PIL.Image.Transpose.ROTATE_270
    (tmp_path / "images").mkdir(exist_ok=True)
    upright.transpose(turn).save(tmp_path / "images" / "t.jpg", exif=exif)

    def change(content: Content) -> None:
        content["images"].append({"id": 50, "file_name": "t.jpg", "width": 400, "height": 304})
        content["annotations"].append(
            {"id": 50, "image_id": 50, "category_id": 1, "bbox": [32, 230, 60, 160], "area": 9600}
        )

    dataset = write(tmp_path, change)
    annotated = dataset.load("t")
    assert (annotated.image.height, annotated.image.width) == (400, 304)
    assert annotated.boxes.tolist() == [[32, 230, 92, 390]]
    assert "their boxes fit the picture as it is shown" in dataset.notes[0]


@pytest.mark.parametrize("ending", [".png", ".jpg", ".bmp"])
def test_what_is_written_opens_beside_its_pictures(ending: str, tmp_path: Path) -> None:
    files = [f"dogs/1{ending}", f"cats/1{ending}", f"cats/2{ending}"]
    for file in files:
        write_picture(tmp_path / file, height=20, width=30)
    images = [
        {"id": n, "file_name": file, "width": 30, "height": 20} for n, file in enumerate(files)
    ]
    rows = [{"id": n, "image_id": n, "category_id": 3, "bbox": [n, 2, 10, 12]} for n in range(3)]
    content = {"images": images, "annotations": rows, "categories": [{"id": 3, "name": "pet"}]}
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps(content))
    first = CocoDataset(path)
    annotations = [first.annotation(name) for name in first.names]
    written = to_coco(annotations, first.classes, first.coco_ids, file_name=first.file_name)
    path.write_text(json.dumps(written))
    again = CocoDataset(path)
    assert (again.names, again.classes, again.notes) == (first.names, first.classes, ())
    for name in first.names:
        assert again.load(name).boxes.tolist() == first.load(name).boxes.tolist()
    assert again.coco_ids == first.coco_ids
