"""Parsing of COCO annotation files: checked plain values, then usable boxes and sentences about the others.

Shape letters: N boxes.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from fastrcnn_core.datasets.coco_repair import ROUNDING, repair
from fastrcnn_core.datasets.dataset import Annotation, Id
from fastrcnn_core.errors import DataError
from fastrcnn_core.structures import CROWD

LEFT_OUT = "was left out because"
UNKNOWN = f"{LEFT_OUT} its category is not listed"
NO_BOX = f"{LEFT_OUT} its bbox is not four numbers"
NO_AREA = f"{LEFT_OUT} it has no width or no height"
OUTSIDE = f"{LEFT_OUT} it lies outside of its image"
STRAY = f"{LEFT_OUT} its image is not listed"
CUT = "was cut off at the edge of its image"

# Chosen here: no image is so large, and float32 tells the two ends of a side of a tenth of a pixel apart.
LARGEST = 1e6
SMALLEST = 0.1

Corners = tuple[float, float, float, float]


@dataclass(frozen=True)
class ImageEntry:
    """An entry of "images"; height and width are None where the file leaves them out."""

    id: Id
    file: str
    height: int | None
    width: int | None


@dataclass(frozen=True)
class CocoFile:
    """The content of an annotation file.

    Args:
        images: in the file's order.
        classes: the names, in the order of their category ids.
        labels: the label, from 1, of each category id.
        annotations: the entries of "annotations" as they are, or repaired.
        notes: a sentence for each kind of repair.
    """

    images: tuple[ImageEntry, ...]
    classes: tuple[str, ...]
    labels: dict[Id, int]
    annotations: tuple[dict[str, Any], ...]
    notes: tuple[str, ...] = ()


class Complaints:
    """The faults of boxes, how often each occurred, and where first: filled while annotations are cleaned."""

    def __init__(self) -> None:
        self._places: dict[str, list[str]] = defaultdict(list)

    def add(self, fault: str, entry: Mapping[str, Any], image: str) -> None:
        """Count one occurrence of a fault."""
        self._places[fault].append(f"annotation {entry.get('id')} of {image}")

    def sentences(self) -> tuple[str, ...]:
        """Write one sentence for each fault."""
        return tuple(
            f"{len(places)} × a box {fault} (first: {places[0]})."
            for fault, places in self._places.items()
        )


def parse_coco(path: Path) -> CocoFile:
    """Parse an annotation file.

    Raises:
        DataError: no JSON, not COCO's format, or an id or an image listed twice.
    """
    content = _content(path)
    try:
        notes = repair(content)
        images = tuple(_image(entry) for entry in content["images"])
        categories = sorted((_id(entry), str(entry["name"])) for entry in content["categories"])
        annotations = tuple(dict(entry) for entry in content["annotations"])
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise not_coco(
            path, f"an entry lacks something or has it in a wrong form ({error!r})"
        ) from error
    ids = [id for id, _ in categories]
    for listed in (ids, [image.id for image in images], [image.file for image in images]):
        _expect_once(listed, path)
    if not ids or not images:
        raise not_coco(path, "it lists no images or no categories")
    labels = {id: label for label, id in enumerate(ids, start=1)}
    return CocoFile(images, _distinct(categories), labels, annotations, tuple(notes))


def not_coco(path: Path, fault: str) -> DataError:
    """Build the error for a file that is not a COCO annotation file."""
    return DataError(
        f"{path} is no annotation file in COCO's format, or a damaged one: {fault}.",
        hint='It is one JSON object with the lists "images", "annotations" and "categories".',
    )


def _content(path: Path) -> dict[str, list[Any]]:
    """Read the JSON object, with the three lists that make it COCO's."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise not_coco(path, f"it cannot be read ({error})") from error
    for key in ("images", "annotations", "categories"):
        if not isinstance(content, dict) or not isinstance(content.get(key), list):
            raise not_coco(path, f"it has no list {key!r}")
    return content


def _id(entry: dict[str, Any]) -> Id:
    if not isinstance(entry["id"], int | str):
        raise ValueError(f"id {entry['id']!r}")
    return entry["id"]


def _image(entry: dict[str, Any]) -> ImageEntry:
    if not isinstance(entry["file_name"], str):
        raise ValueError(f"file_name {entry['file_name']!r}")
    file = PurePosixPath(entry["file_name"].replace("\\", "/"))  # some were written on Windows
    height, width = _pixels(entry.get("height")), _pixels(entry.get("width"))
    return ImageEntry(_id(entry), str(file), height, width)


def _pixels(value: Any) -> int | None:
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    return int(value) if isinstance(value, int | float) and value >= 1 else None


def _expect_once(listed: Iterable[Id], path: Path) -> None:
    value, count = Counter(listed).most_common(1)[0] if listed else (None, 1)
    if count > 1:
        raise not_coco(path, f"it lists {value!r} {count} times")


def _distinct(categories: list[tuple[Id, str]]) -> tuple[str, ...]:
    """Return the names; where two categories have the same one, with their ids."""
    counts = Counter(name for _, name in categories)
    return tuple(name if counts[name] == 1 else f"{name} ({id})" for id, name in categories)


def clean_annotation(
    entries: Iterable[Mapping[str, Any]],
    *,
    name: str,
    height: int,
    width: int,
    labels: Mapping[Id, int],
    complaints: Complaints,
) -> Annotation:
    """Take the usable boxes of one image, clipped to it; the faults of the others are added to the complaints.

    Args:
        entries: the image's annotations.
        name, height, width: of the image.
        labels: the label of each category id.
        complaints: grows.
    """
    boxes: list[Corners] = []
    box_labels, tags = [], []
    for entry in entries:
        corners = _corners(entry.get("bbox"))
        clipped = _clip(corners, height=height, width=width)
        fault = _fault(entry.get("category_id"), corners, clipped, labels)
        if fault or _sticks_out(corners, clipped):
            complaints.add(fault or CUT, entry, name)
        if not fault:
            boxes.append(clipped)
            box_labels.append(labels[entry["category_id"]])
            tags.append(CROWD if entry.get("iscrowd") else "")
    return Annotation(
        name,
        height,
        width,
        np.array(boxes, dtype=np.float32).reshape(-1, 4),
        np.array(box_labels, dtype=np.int64),
        tuple(tags),
    )


# Plain numbers from here on: COCO's largest file has 860,000 boxes, and an array for each would take half a minute.


def _corners(bbox: Any) -> Corners:
    """Convert COCO's x, y, width, height to x1, y1, x2, y2; NaN where they are not four numbers."""
    values = bbox if isinstance(bbox, list) else []
    usable = [value for value in values if isinstance(value, int | float) and abs(value) < LARGEST]
    if len(usable) != 4 or len(values) != 4:
        return math.nan, math.nan, math.nan, math.nan
    x, y, width, height = usable
    return x, y, x + width, y + height


def _clip(box: Corners, *, height: int, width: int) -> Corners:
    x1, y1, x2, y2 = box
    return max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)


def _fault(category: Any, corners: Corners, clipped: Corners, labels: Mapping[Id, int]) -> str:
    """Say why a box cannot be used; empty if it can."""
    if not isinstance(category, int | str) or category not in labels:
        return UNKNOWN
    if math.isnan(corners[0]):
        return NO_BOX
    if not _has_area(corners):
        return NO_AREA
    return "" if _has_area(clipped) else OUTSIDE


def _has_area(box: Corners) -> bool:
    x1, y1, x2, y2 = box
    return x2 - x1 >= SMALLEST and y2 - y1 >= SMALLEST


def _sticks_out(corners: Corners, clipped: Corners) -> bool:
    return any(abs(a - b) > ROUNDING for a, b in zip(corners, clipped, strict=True))
