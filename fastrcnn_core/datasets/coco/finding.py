"""Where things are in a folder in COCO's format: its annotation file and its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fastrcnn_core.datasets.coco.parsing import Picture
from fastrcnn_core.errors import DataError

ANNOTATIONS = "annotations"
PROBED = 200  # chosen here: so many pictures are looked for to find out where all of them are


def find_coco(folder: Path) -> list[Path]:
    """The JSON files in a folder and in its subfolder `annotations`, any of which may be COCO's."""
    found = [*folder.glob("*.json"), *(folder / ANNOTATIONS).glob("*.json")]
    return sorted(path for path in found if path.is_file() and not path.name.startswith("."))


def annotation_file(path: Path) -> Path:
    """The path itself if it is a file, or the one JSON file of a folder.

    Raises:
        DataError: none or several.
    """
    if path.is_file():
        return path
    found = find_coco(path)
    if len(found) == 1:
        return found[0]
    listed = ", ".join(str(one.relative_to(path)) for one in found)
    raise DataError(
        f"{path} has {f'several JSON files: {listed}' if found else 'no JSON file'}.",
        hint="Name the annotation file itself." if found else "Put the annotation file there.",
    )


def pictures_folder(base: Path, pictures: Sequence[Picture]) -> Path:
    """Below which folder the pictures' paths lead to files: the one where most of the first ones do."""
    places = [base, *_subfolders(base), *_subfolders(base / "images")]
    probed = pictures[:PROBED]
    return max(places, key=lambda place: sum((place / one.file).is_file() for one in probed))


def _subfolders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_dir() and path.name[0] != ".")
