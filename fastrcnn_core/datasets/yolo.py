"""YOLO's layout: a text file for each picture, and `data.yaml` or `classes.txt` with the names of the classes.

Source: https://docs.ultralytics.com/datasets/detect/: a line is a class from 0, then the box's centre and size, as
shares of the picture's width and height; more numbers are an outline.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from fastrcnn_core.datasets.label_files import (
    Labelled,
    LabelledDataset,
    LeftOut,
    pictures_in,
    read_labelled,
)
from fastrcnn_core.errors import DataError
from fastrcnn_core.images import IMAGE_ENDINGS, read_size

_LIST = ("classes.txt", "labels/classes.txt", "obj.names")


def find_yolo(folder: Path) -> Path | None:
    """Find the file that names the classes."""
    names = ("data.yaml", "dataset.yaml", "data.yml", *_LIST)
    return next((folder / name for name in names if (folder / name).is_file()), None)


def open_yolo(folder: Path) -> LabelledDataset:
    """Open a folder for which `find_yolo` finds a file.

    Raises:
        DataError: that file is damaged, or there is no picture that can be used.
    """
    file = find_yolo(folder)
    if file is None:
        raise DataError(f"{folder} has no data.yaml.", hint="Name the folder that has it.")
    classes, parts = _yaml(file) if file.suffix in (".yaml", ".yml") else (_lines(file), {})
    if not classes:
        raise DataError(f"{file} names no classes.", hint="Add the list `names`.")
    part_of = {
        picture: part
        for part, places in reversed(parts.items())  # a picture in two parts is one to train on
        for place in places
        for picture in _pictures(folder, str(place))
    } or {picture: "" for place in (folder / "images", folder) for picture in pictures_in(place)}
    left_out = LeftOut()

    def read(picture: Path) -> Labelled:
        height, width = read_size(picture, name=picture.name)
        label = _label_file(folder, picture)
        rows = [] if label is None else list(_rows(label, height=height, width=width))
        return Labelled(picture, label, height, width, rows, part_of[picture])

    images = read_labelled(part_of, read, left_out)
    _expect_shares(file, images)
    notes = left_out.sentences()
    if background := [image.picture.name for image in images if image.label is None]:
        notes.append(
            f"{len(background)} pictures have no label file, which YOLO takes for background (first: {background[0]})."
        )
    return LabelledDataset(folder, images, classes=tuple(classes), notes=notes, listed=[file])


def _yaml(file: Path) -> tuple[list[str], dict[str, list[Any]]]:
    """Return the classes, and the places of each part's pictures: folders, or files that list them."""
    import yaml

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
        names = content["names"]
        if isinstance(names, dict):
            names = [names[number] for number in sorted(names)]
        classes = [str(name).strip() for name in names]
    except (yaml.YAMLError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise DataError(
            f"{file} is no YAML file with a list `names` ({error}).", hint="Correct the file."
        ) from error
    places = {part: content.get(part) for part in ("train", "val", "valid", "test")}
    return classes, {
        part: place if isinstance(place, list) else [place]
        for part, place in places.items()
        if place
    }


def _lines(file: Path) -> list[str]:
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    return [line.strip() for line in lines if line.strip()]


def _pictures(folder: Path, place: str) -> list[Path]:
    """List the pictures of a place: a folder, its `images`, or a text file with a path in each line."""
    found = _below(folder, place)
    if found is None:
        return []
    if found.is_dir():
        return pictures_in(found) or pictures_in(found / "images")
    listed = (_below(folder, line) for line in _lines(found))
    return [path for path in listed if path and path.suffix.lower() in IMAGE_ENDINGS]


def _below(folder: Path, place: str) -> Path | None:
    """Find a path below the folder by its longest tail that is there: it may be another machine's, or start with `..`.

    Nothing outside of the folder is opened.
    """
    parts = [
        part
        for part in PurePosixPath(place.replace("\\", "/")).parts
        if part not in ("..", ".", "/") and ":" not in part
    ]
    tails = (folder.joinpath(*parts[start:]) for start in range(len(parts)))
    return next((path for path in tails if path.exists()), None)


def _label_file(folder: Path, picture: Path) -> Path | None:
    """Find the text file beside the picture, or in `labels` where the picture's path has `images`."""
    parts = list(picture.relative_to(folder).parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    label = folder.joinpath(*parts).with_suffix(".txt")
    beside = picture.with_suffix(".txt")
    return next((path for path in (label, beside) if path.is_file()), None)


def _rows(label: Path, *, height: int, width: int) -> Iterator[dict[str, Any]]:
    """Yield a row like COCO's for each line; without a box where the line is no label."""
    for number, line in enumerate(label.read_text(encoding="utf-8-sig").splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        try:
            category, *values = (float(word) for word in words)
            bbox = _bbox(values, height=height, width=width)
            class_number = int(category) + 1
        except (ValueError, OverflowError):
            bbox, class_number = None, 1
        yield {"id": number, "category_id": class_number, "bbox": bbox}


def _bbox(values: list[float], *, height: int, width: int) -> list[float] | None:
    if not all(map(math.isfinite, values)):
        return None
    if len(values) in (4, 5):  # a fifth number is the confidence of a detector
        x, y, w, h = values[:4]
        return [(x - w / 2) * width, (y - h / 2) * height, w * width, h * height]
    if len(values) < 6 or len(values) % 2:
        return None
    x1, y1, x2, y2 = min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])
    return [x1 * width, y1 * height, (x2 - x1) * width, (y2 - y1) * height]


def _expect_shares(file: Path, images: list[Labelled]) -> None:
    """Raise DataError if most boxes are larger than their pictures: pixels were written in place of shares."""
    sizes = [
        max(row["bbox"][2] / image.width, row["bbox"][3] / image.height)
        for image in images
        for row in image.rows
        if row["bbox"]
    ]
    if sum(size > 1.5 for size in sizes) > len(sizes) / 2:
        raise DataError(
            f"Most boxes of {file.parent} are larger than their pictures: they seem to be in pixels.",
            hint="Divide them by the picture's width and height.",
        )
