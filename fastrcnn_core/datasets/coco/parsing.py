"""COCO's JSON as plain, checked values; what is wrong with single boxes is left to `cleaning`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fastrcnn_core.datasets.numbering import Id
from fastrcnn_core.errors import DataError


@dataclass(frozen=True)
class Picture:
    """An entry of "images"; height and width are None where the file leaves them out."""

    id: Id
    file: str
    height: int | None
    width: int | None


@dataclass(frozen=True)
class Listing:
    """An annotation file.

    Args:
        pictures: in the file's order.
        classes: the names, in the order of their category ids.
        labels: the label, from 1, of each category id.
        annotations: the entries of "annotations" as they are.
    """

    pictures: tuple[Picture, ...]
    classes: tuple[str, ...]
    labels: dict[Id, int]
    annotations: tuple[dict[str, Any], ...]


def parse(path: Path) -> Listing:
    """What an annotation file says.

    Raises:
        DataError: no JSON, no COCO format, an id or a picture listed twice, or a picture outside of the folder.
    """
    content = _content(path)
    try:
        pictures = tuple(_picture(entry) for entry in content["images"])
        categories = sorted((_id(entry), str(entry["name"])) for entry in content["categories"])
        annotations = tuple(dict(entry) for entry in content["annotations"])
    except (KeyError, TypeError, ValueError) as error:
        raise not_coco(
            path, f"an entry lacks something or has it in a wrong form ({error!r})"
        ) from error
    ids = [id for id, _ in categories]
    for listed in (
        ids,
        [picture.id for picture in pictures],
        [picture.file for picture in pictures],
    ):
        _expect_once(listed, path)
    if not ids or not pictures:
        raise not_coco(path, "it lists no images or no categories")
    labels = {id: label for label, id in enumerate(ids, start=1)}
    return Listing(pictures, _distinct(categories), labels, annotations)


def not_coco(path: Path, why: str) -> DataError:
    """The error for a file that is not what it should be."""
    return DataError(
        f"{path} is no annotation file in COCO's format, or a damaged one: {why}.",
        hint='It is one JSON object with the lists "images", "annotations" and "categories".',
    )


def _content(path: Path) -> dict[str, list[Any]]:
    """The JSON object, with the three lists that make it COCO's."""
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


def _picture(entry: dict[str, Any]) -> Picture:
    if not isinstance(entry["file_name"], str):
        raise ValueError(f"file_name {entry['file_name']!r}")
    file = PurePosixPath(entry["file_name"].replace("\\", "/"))  # some were written on Windows
    if file.is_absolute() or ".." in file.parts or ":" in str(file) or not file.name:
        raise DataError(
            f"The annotation file names a picture outside of its folder: {entry['file_name']!r}.",
            hint="Name pictures by their path below the folder, and put them there.",
        )
    return Picture(_id(entry), str(file), _pixels(entry.get("height")), _pixels(entry.get("width")))


def _pixels(value: Any) -> int | None:
    return value if isinstance(value, int) and value > 0 else None


def _expect_once(listed: Iterable[Id], path: Path) -> None:
    value, count = Counter(listed).most_common(1)[0] if listed else (None, 1)
    if count > 1:
        raise not_coco(path, f"it lists {value!r} {count} times")


def _distinct(categories: list[tuple[Id, str]]) -> tuple[str, ...]:
    """The names; where two categories have the same one, with their ids."""
    counts = Counter(name for _, name in categories)
    return tuple(name if counts[name] == 1 else f"{name} ({id})" for id, name in categories)
