"""Folders with a label file for each picture: Pascal VOC's and YOLO's layouts."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.errors import DataError
from tests.support.datasets import write_picture

OBJECT = (
    "<object><name>{}</name><bndbox><xmax>{}</xmax><ymax>{}</ymax><xmin>{}</xmin><ymin>{}</ymin>"
    "</bndbox>{}</object>"
)
YAML = "train: ../train/images\nval: ../valid/images\ntest: D:\\x\\test\\images\nnames: [car, person]\n"


def write_voc(
    folder: Path,
    boxes: Mapping[str, Sequence[tuple[str, float, float, float, float]]],
    *,
    labels: Path | None = None,
    more: str = "",
    size: tuple[int, int] = (30, 20),
) -> None:
    """Write 30 × 20 pictures with an XML file each; a box is a class and x1, y1, x2, y2 as in the file."""
    for name, listed in boxes.items():
        write_picture(folder / f"{name}.jpg", height=20, width=30)
        objects = "".join(
            OBJECT.format(kind, x2, y2, x1, y1, more) for kind, x1, y1, x2, y2 in listed
        )
        xml = f"<annotation><size><width>{size[0]}</width><height>{size[1]}</height></size>{objects}</annotation>"
        file = (labels or folder) / f"{name}.xml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(xml)


def write_yolo(images: Path, labels: Path, content: Mapping[str, str | None]) -> None:
    """Write 40 × 20 pictures with the text of their label files, or without one."""
    labels.mkdir(parents=True, exist_ok=True)
    for name, text in content.items():
        write_picture(images / f"{name}.jpg", height=20, width=40)
        if text is not None:
            (labels / f"{name}.txt").write_text(text)


def test_voc_corners_count_from_one_and_are_inclusive(tmp_path: Path) -> None:
    boxes = {
        "a": [("person", 1, 1, 30, 20), ("Car", 5, 6, 10, 12)],
        "b": [],
        "c": [("car", 2, 2, 9, 9)],
    }
    write_voc(tmp_path / "JPEGImages", boxes, labels=tmp_path / "Annotations")
    data = open_dataset(tmp_path)
    assert data.classes == ("car", "person")
    assert data.load("a").boxes.tolist() == [[0, 0, 30, 20], [4, 5, 10, 12]]
    assert data.load("a").labels.tolist() == [2, 1]
    assert (len(data), len(data.load("b").boxes), data.notes) == (3, 0, ())
    assert data.file_name("a") == "JPEGImages/a.jpg"
    assert open_dataset(data.setting).content_hash == data.content_hash


def test_voc_corners_with_a_zero_count_from_zero(tmp_path: Path) -> None:
    write_voc(tmp_path, {"a": [("person", 0, 3, 10, 12)], "b": [("person", 4, 5, 10, 12)]})
    data = open_dataset(tmp_path)
    assert data.load("b").boxes.tolist() == [[4, 5, 10, 12]]
    assert "count from 0" in data.notes[0]


def test_voc_lists_split_the_folder(tmp_path: Path) -> None:
    boxes = {name: [("person", 2, 2, 9, 9)] for name in "abcd"}
    write_voc(tmp_path / "JPEGImages", boxes, labels=tmp_path / "Annotations")
    lists = tmp_path / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    for part, names in (("train", "a\nb"), ("val", "c")):
        (lists / f"{part}.txt").write_text(names + "\n")
    data = open_dataset(tmp_path)
    assert (data.split.train, data.split.test) == (("a", "b"), ("c",))
    assert "as the export was split" in data.split_reason
    assert any("d is in no list" in note for note in data.notes)


def test_a_roboflow_export_for_voc_keeps_its_split(tmp_path: Path) -> None:
    for part, name in (("train", "a"), ("valid", "b"), ("test", "c")):
        write_voc(tmp_path / part, {name: [("person", 2, 2, 9, 9)]})
    data = open_dataset(tmp_path)
    assert (data.split.train, data.split.test) == (("a",), ("b", "c"))


def test_a_bad_voc_file_leaves_out_its_picture_alone(tmp_path: Path) -> None:
    write_voc(tmp_path, {"a": [("person", 2, 2, 9, 9)]}, more="<difficult>1</difficult>")
    write_voc(tmp_path, {"b": [("person", 2, 2, 9, 9)]}, size=(20, 30))
    for name in "cd":
        write_picture(tmp_path / f"{name}.jpg", height=20, width=30)
    (tmp_path / "c.xml").write_text(
        '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    )
    (tmp_path / "e.xml").write_text("<annotation/>")
    data = open_dataset(tmp_path)
    notes = " ".join(data.notes)
    assert data.names == ("a",)
    for text in (
        "c.xml is no XML",
        "b.jpg is 30×20",
        "e.xml has no picture",
        "first: c.jpg",
        "difficult",
    ):
        assert text in notes


def test_yolo_boxes_are_centres_in_shares(tmp_path: Path) -> None:
    lines = "1 0.5 0.5 0.5 0.8\n0 0.1 0.1 0.3 0.1 0.3 0.6\n\n"
    write_yolo(tmp_path / "images", tmp_path / "labels", {"a": lines, "b": None})
    (tmp_path / "classes.txt").write_text("car\nperson\n")
    (tmp_path / "notes.json").write_text("{}")
    data = open_dataset(tmp_path)
    assert data.classes == ("car", "person")
    assert data.load("a").labels.tolist() == [2, 1]
    np.testing.assert_allclose(data.load("a").boxes, [[10, 2, 30, 18], [4, 2, 12, 12]], rtol=1e-5)
    assert len(data.load("b").boxes) == 0
    assert "1 pictures have no label file" in data.notes[0]
    assert open_dataset(data.setting).content_hash == data.content_hash


def test_a_yolo_exports_own_split_is_kept_whatever_machine_its_paths_name(tmp_path: Path) -> None:
    for part, name in (("train", "a"), ("valid", "b"), ("test", "c")):
        place = tmp_path / part
        write_yolo(place / "images", place / "labels", {name: "1 0.5 0.5 0.5 0.8"})
    (tmp_path / "data.yaml").write_text(YAML)
    data = open_dataset(tmp_path)
    assert (data.split.train, data.split.test) == (("a",), ("b", "c"))
    np.testing.assert_allclose(data.load("c").boxes, [[10, 2, 30, 18]], rtol=1e-5)


def test_yolo_lists_never_lead_outside(tmp_path: Path) -> None:
    write_yolo(tmp_path, tmp_path, {"secret": "0 0.5 0.5 0.5 0.8"})
    root = tmp_path / "set"
    write_yolo(root / "images" / "train", root / "labels" / "train", {"a": "0 0.5 0.5 0.5 0.8"})
    (root / "train.txt").write_text(
        f"./images/train/a.jpg\n{tmp_path / 'secret.jpg'}\n../secret.jpg\n"
    )
    (root / "data.yaml").write_text("path: /far/away\ntrain: train.txt\nnames: {0: person}\n")
    assert open_dataset(root).names == ("a",)


def test_bad_yolo_lines_and_pictures_are_left_out_and_named(tmp_path: Path) -> None:
    lines = "0 0.5 0.5 0.5 0.8\nhello\n7 0.5 0.5 0.5 0.5\n0 nan 0.5 0.5 0.5\n0 0.5 0.5\n"
    write_yolo(tmp_path / "images", tmp_path / "labels", {"a": lines})
    (tmp_path / "images" / "b.jpg").write_text("no picture")
    (tmp_path / "classes.txt").write_text("person")
    data = open_dataset(tmp_path)
    assert (data.names, len(data.load("a").boxes)) == (("a",), 1)
    notes = " ".join(data.notes)
    assert "3 × a box was left out because its bbox" in notes
    assert "category is not listed (first: annotation 3 of a)" in notes
    assert "A picture was left out" in notes


@pytest.mark.parametrize("text", ["names: 3", "- a", "names: [a", "names: []"])
def test_a_damaged_data_yaml_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_text(text)
    with pytest.raises(DataError, match=r"data\.yaml"):
        open_dataset(tmp_path)


def test_yolo_boxes_in_pixels_are_refused_by_their_cause(tmp_path: Path) -> None:
    write_yolo(tmp_path / "images", tmp_path / "labels", {"a": "0 20 10 20 16"})
    (tmp_path / "classes.txt").write_text("person")
    with pytest.raises(DataError, match="in pixels"):
        open_dataset(tmp_path)


def test_pictures_of_one_stem_in_two_folders_stay_apart(tmp_path: Path) -> None:
    for part in ("train", "valid"):
        place = tmp_path / part
        write_yolo(place / "images", place / "labels", {"1": "0 0.5 0.5 0.5 0.8"})
    (tmp_path / "data.yaml").write_text(YAML)
    assert open_dataset(tmp_path).names == ("train/images/1.jpg", "valid/images/1.jpg")
