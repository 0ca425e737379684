"""Data sets in COCO's format: a folder of images with one annotation file, of any number of classes.

Source: https://cocodataset.org/#format-data, object detection.
"""

from __future__ import annotations

import dataclasses
import os
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from fastrcnn_core.datasets.coco_parsing import (
    STRAY,
    CocoFile,
    Complaints,
    ImageEntry,
    clean_annotation,
    not_coco,
    parse_coco,
)
from fastrcnn_core.datasets.coco_repair import ROUNDING
from fastrcnn_core.datasets.dataset import Annotation, CocoIds, Dataset, Id, hash_files
from fastrcnn_core.errors import DataError, ImageError, UserError
from fastrcnn_core.files import complete_files
from fastrcnn_core.images import IMAGE_ENDINGS, read_image, read_size
from fastrcnn_core.structures import AnnotatedImage

ANNOTATIONS = "annotations"
MEASURED = 2000  # chosen here: images whose sizes are compared with their files' when the data set is opened
PROBED = 200  # chosen here: so many images are looked for to find the folder of all of them


def find_coco(folder: Path) -> list[Path]:
    """List the JSON files in a folder and in its subfolder `annotations`, any of which may be COCO's."""
    found = [*folder.glob("*.json"), *(folder / ANNOTATIONS).glob("*.json")]
    return sorted(path for path in found if path.is_file() and not path.name.startswith("."))


class CocoDataset(Dataset):
    """The images of an annotation file, or of a folder with exactly one.

    Image files are looked for beside the annotation file, in the folder's subfolders, and in those of `images`.

    Args:
        path: the annotation file or the folder.

    Raises:
        DataError: no annotation file or several, a damaged one, or none of its images is there.
        ImageError: an image whose size the annotation file leaves out and that cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.file = _annotation_file(path.expanduser().absolute())
        self.base = self.file.parent
        if self.base.name == ANNOTATIONS:
            self.base = self.base.parent
        content = parse_coco(self.file)
        self.folder = _images_folder(self.base, content.images)
        present, lost = _find_files(self.base, self.folder, content.images)
        if not present:
            first = content.images[0].file
            raise not_coco(self.file, f"none of its images, such as {first}, is below {self.base}")
        present, misfits = _fitting_sizes(self.folder, present, content)
        complaints = Complaints()
        names = _unique_names(present)
        self._files = {name: image.file for name, image in zip(names, present, strict=True)}
        self._annotations = _annotations(self.folder, names, present, content, complaints)
        self._ids = CocoIds(
            {name: image.id for name, image in zip(names, present, strict=True)},
            tuple(content.labels),
        )
        super().__init__(
            title=f"{self.base.name} ({self.file.name})",
            setting=str(self.file),
            classes=content.classes,
            names=tuple(sorted(names)),
            notes=(
                *content.notes,
                *lost,
                *misfits,
                *_unlisted(self.folder, present),
                *complaints.sentences(),
            ),
        )

    def read(self, name: str) -> AnnotatedImage:
        """Read an image and compare its size with the annotation file's."""
        annotation, file = self._annotations[name], self._files[name]
        image = read_image(self.folder / file, name=name)
        listed, actual = (annotation.height, annotation.width), (image.height, image.width)
        if listed != actual:
            raise misfit(file, actual=actual, listed=listed)
        boxes, labels = annotation.boxes, annotation.labels
        return AnnotatedImage(image, boxes, labels, self.classes, annotation.tags)

    def read_annotation(self, name: str) -> Annotation:
        """Return the annotation, which was read when the data set was opened."""
        return self._annotations[name]

    def file_name(self, name: str) -> str:
        """Return the image's file, as its annotation file would name it."""
        return PurePosixPath(os.path.normpath(self._files[name])).as_posix()

    def hash_content(self) -> str:
        """Hash the annotation file and the images."""
        return hash_files(
            self.base,
            [
                self.file,
                *(Path(os.path.normpath(self.folder / file)) for file in self._files.values()),
            ],
        )

    @cached_property
    def coco_ids(self) -> CocoIds:
        """The ids of its annotation file."""
        return self._ids


def _annotation_file(path: Path) -> Path:
    """Return the path itself if it is a file, or the one JSON file of a folder.

    Raises:
        DataError: none or several.
    """
    if path.is_file():
        return path
    found = find_coco(path)
    if len(found) == 1:
        return found[0]
    listed = ", ".join(str(file.relative_to(path)) for file in found)
    raise DataError(
        f"{path} has {f'several JSON files: {listed}' if found else 'no JSON file'}.",
        hint="Name the annotation file itself." if found else "Put the annotation file there.",
    )


def _images_folder(base: Path, images: Sequence[ImageEntry]) -> Path:
    """Find the folder below which most of the first images' paths lead to files."""
    candidates = [base, *_subfolders(base), *_subfolders(base / "images")]
    probed = images[:PROBED]
    return max(
        candidates, key=lambda folder: sum((folder / image.file).is_file() for image in probed)
    )


def _subfolders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*") if path.is_dir() and path.name[0] != ".")


def _annotations(
    folder: Path,
    names: Sequence[str],
    images: Sequence[ImageEntry],
    content: CocoFile,
    complaints: Complaints,
) -> dict[str, Annotation]:
    """Clean the annotation of each image, by name."""
    ids = {image.id for image in content.images}
    by_image: dict[Id, list[dict[str, Any]]] = defaultdict(list)
    for entry in content.annotations:
        image_id = entry.get("image_id")
        if isinstance(image_id, int | str) and image_id in ids:
            by_image[image_id].append(entry)
        else:
            complaints.add(STRAY, entry, f"image {image_id!r}")
    annotations = {}
    for name, image in zip(names, images, strict=True):
        height, width = _size(folder, image)
        annotations[name] = clean_annotation(
            by_image[image.id],
            name=name,
            height=height,
            width=width,
            labels=content.labels,
            complaints=complaints,
        )
    return annotations


def _unique_names(images: Sequence[ImageEntry]) -> list[str]:
    """Name each image by its stem, or by its path if two images have the same stem."""
    stems = [PurePosixPath(image.file).stem for image in images]
    return stems if len(set(stems)) == len(stems) else [image.file for image in images]


def _size(folder: Path, image: ImageEntry) -> tuple[int, int]:
    """Return height and width, from the annotation file if it has them."""
    if image.height and image.width:
        return image.height, image.width
    return read_size(folder / image.file, name=image.file)


def _find_files(
    base: Path, folder: Path, listed: Sequence[ImageEntry]
) -> tuple[list[ImageEntry], list[str]]:
    """Find each listed image's file below `base`; return those found, and sentences about the others.

    A path from another machine, or a name in another case or with another ending, leads to the one file of that name
    below `base`; nothing outside is opened.
    """
    found: list[ImageEntry] = []
    moved: list[str] = []
    several: list[str] = []
    absent: list[str] = []
    by_name: dict[str, list[Path]] | None = None
    for image in listed:
        if _is_below(image.file) and (folder / image.file).is_file():
            found.append(image)
            continue
        if by_name is None:
            by_name = _files_by_name(base)
        name = PurePosixPath(image.file).name.lower()
        candidates = by_name.get(name) or by_name.get(PurePosixPath(name).stem, [])
        if len(candidates) == 1:
            found.append(dataclasses.replace(image, file=os.path.relpath(candidates[0], folder)))
            moved.append(image.file)
        else:
            (several if candidates else absent).append(image.file)
    taken = {image.file for image in found}
    if len(taken) < len(found):  # two rows lead to one file: it belongs to the first
        found = list({image.file: image for image in reversed(found)}.values())[::-1]
    notes = [
        (moved, f"of {len(listed)} listed pictures were found by their name alone below {base}"),
        (
            several,
            f"of {len(listed)} listed pictures were left out because several files have that name",
        ),
        (
            absent,
            f"of {len(listed)} listed pictures were left out because their files are not in {folder}",
        ),
    ]
    return found, [f"{len(files)} {text} (first: {files[0]})." for files, text in notes if files]


def _is_below(file: str) -> bool:
    path = PurePosixPath(file)
    return not (path.is_absolute() or ".." in path.parts or ":" in file or not path.name)


def _files_by_name(base: Path) -> dict[str, list[Path]]:
    """Map names and stems, in lower case, to the image files below a folder."""
    by_name: dict[str, list[Path]] = defaultdict(list)
    for path in complete_files(base):
        if path.suffix.lower() in IMAGE_ENDINGS:
            by_name[path.name.lower()].append(path)
            by_name[path.stem.lower()].append(path)
    return by_name


def _unlisted(folder: Path, present: Sequence[ImageEntry]) -> tuple[str, ...]:
    """Say which image files beside the listed ones have no entry."""
    listed = {os.path.normpath(image.file) for image in present}
    unlisted = sorted(
        path.name
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_ENDINGS and path.name not in listed and path.name[0] != "."
    )
    if not unlisted or not any(os.sep not in file for file in listed):
        return ()
    return (
        f"{len(unlisted)} pictures in {folder} are not in the annotation file (first: {unlisted[0]}); "
        "without an entry they are not used, not even as background.",
    )


def _fitting_sizes(
    folder: Path, images: Sequence[ImageEntry], content: CocoFile
) -> tuple[list[ImageEntry], list[str]]:
    """Compare listed sizes with the files' own; take the file's where the boxes fit it and not the listed one.

    Files of large sets are not opened one by one, which would take minutes; a misfit is found there when it is read.

    Raises:
        DataError, ImageError: no image can be used; the first one's fault is told.
    """
    if len(images) > MEASURED:
        return list(images), []
    boxes = defaultdict(list)
    for entry in content.annotations:
        if isinstance(entry.get("image_id"), int | str):
            boxes[entry["image_id"]].append(entry.get("bbox"))
    usable, turned = [], []
    faults: list[UserError] = []
    for image in images:
        try:
            actual = read_size(folder / image.file, name=image.file)
        except ImageError as error:
            faults.append(error)
            continue
        listed = (image.height or actual[0], image.width or actual[1])
        if listed == actual:
            usable.append(image)
        elif _fit(boxes[image.id], actual) and not _fit(boxes[image.id], listed):
            turned.append(image.file)
            usable.append(dataclasses.replace(image, height=actual[0], width=actual[1]))
        else:
            faults.append(misfit(image.file, actual=actual, listed=listed))
    if not usable:
        raise faults[0]
    notes = [f"A picture was left out: {fault.problem}" for fault in faults[:5]]
    if len(faults) > 5:
        notes.append(f"{len(faults) - 5} more pictures were left out like these.")
    if turned:
        notes.append(
            f"{len(turned)} pictures are of another size than listed, turned by EXIF data for example; their boxes fit "
            f"the picture as it is shown, which was taken (first: {turned[0]})."
        )
    return usable, notes


def _fit(boxes: Sequence[Any], size: tuple[int, int]) -> bool:
    """Tell whether all boxes lie within an image of this height and width."""
    height, width = size
    return all(
        x + w <= width + ROUNDING and y + h <= height + ROUNDING
        for x, y, w, h in (
            bbox
            for bbox in boxes
            if isinstance(bbox, list)
            and len(bbox) == 4
            and all(isinstance(v, int | float) for v in bbox)
        )
    )


def misfit(file: str, *, actual: tuple[int, int], listed: tuple[int, int]) -> DataError:
    """Build the error for a picture of another size than listed; sizes are height and width."""
    return DataError(
        f"The image {file} is {actual[1]}×{actual[0]}, but the annotation file says {listed[1]}×{listed[0]} "
        "(width × height).",
        hint="Its boxes would be in the wrong places: correct the file, or save the image upright, without EXIF data "
        "that turns it.",
    )
