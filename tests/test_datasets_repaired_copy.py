"""`data --repair`: what can be used of a data set, as a new folder in COCO's layout."""

import json
from pathlib import Path

import numpy as np
import pytest

from fastrcnn_core.commands import data as command
from fastrcnn_core.datasets import Dataset, open_dataset
from fastrcnn_core.errors import ConfigError
from tests.support.datasets import (
    coco_box,
    coco_image,
    write_coco,
    write_coco_scenes,
    write_picture,
)


def expect_equal(copy: Dataset, original: Dataset) -> None:
    assert (copy.names, copy.classes, copy.notes) == (original.names, original.classes, ())
    for name in original.names:
        first, second = original.load(name), copy.load(name)
        assert np.array_equal(first.image.pixels, second.image.pixels)
        np.testing.assert_allclose(first.boxes, second.boxes)
        assert first.labels.tolist() == second.labels.tolist()


def test_a_repaired_copy_opens_without_notes_and_the_original_stays(tmp_path: Path) -> None:
    folder, out = write_coco_scenes(tmp_path / "set", classes=("person", "car")), tmp_path / "out"
    file = folder / "annotations.json"
    content = json.loads(file.read_text())
    for row in content["annotations"]:
        x, y, width, height = row["bbox"]
        row |= {"bbox": [x, y, x + width, y + height], "image_id": str(row["image_id"])}
    file.write_text(json.dumps(content))
    before = file.read_bytes()
    original = open_dataset(folder)
    assert original.notes
    assert command.run(["--data", str(folder), "--repair", str(out)]) == 0
    copy = open_dataset(out)
    expect_equal(copy, original)
    assert copy.split == original.split
    assert copy.annotation(copy.names[0]).boxes[0].tolist() == [10, 8, 34, 56]
    assert file.read_bytes() == before


def test_an_exports_own_split_is_kept_in_the_copy(tmp_path: Path) -> None:
    for part, names in (("train", "ab"), ("valid", "c")):
        for name in names:
            write_picture(tmp_path / "set" / part / f"{name}.jpg", height=20, width=30)
        images = [coco_image(number, f"{name}.jpg") for number, name in enumerate(names)]
        write_coco(
            tmp_path / "set" / part / "_annotations.coco.json", images, [coco_box(0, [1, 1, 9, 9])]
        )
    original = open_dataset(tmp_path / "set")
    command.run(["--data", str(tmp_path / "set"), "--repair", str(tmp_path / "out")])
    copy = open_dataset(tmp_path / "out")
    expect_equal(copy, original)
    assert copy.split == original.split


def test_a_folder_with_something_in_it_is_never_written_to(tmp_path: Path) -> None:
    folder = write_coco_scenes(tmp_path / "set")
    with pytest.raises(ConfigError, match="not empty"):
        command.run(["--data", str(folder), "--repair", str(folder)])
