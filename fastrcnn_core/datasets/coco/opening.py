"""COCO's annotation file and its pictures as a data set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from fastrcnn_core.datasets.coco.cleaning import STRAY, Complaints, clean
from fastrcnn_core.datasets.coco.finding import ANNOTATIONS, annotation_file, pictures_folder
from fastrcnn_core.datasets.coco.parsing import Listing, Picture, not_coco, parse
from fastrcnn_core.datasets.dataset import Annotation, Dataset
from fastrcnn_core.datasets.fingerprint import fingerprint
from fastrcnn_core.datasets.numbering import CocoIds, Id
from fastrcnn_core.errors import DataError
from fastrcnn_core.images import read_image, read_size
from fastrcnn_core.structures import AnnotatedImage


def open_coco(path: Path) -> Dataset:
    """The data set of an annotation file, or of a folder with exactly one.

    The pictures are looked for beside the annotation file, in the folder's subfolders, and in those of `images`.

    Raises:
        DataError: no annotation file or several, a damaged one, or not one of its pictures.
        ImageError: a picture whose size the annotation file leaves out and that cannot be read.
    """
    file = annotation_file(path.expanduser().absolute())
    base = file.parent.parent if file.parent.name == ANNOTATIONS else file.parent
    listing = parse(file)
    folder = pictures_folder(base, listing.pictures)
    present = [picture for picture in listing.pictures if (folder / picture.file).is_file()]
    if not present:
        raise not_coco(
            file, f"none of its pictures, such as {listing.pictures[0].file}, is below {base}"
        )
    complaints = Complaints()
    entries = _entries(folder, present, listing, complaints)
    coco = _Coco(base, file, folder, listing.classes, entries)
    return Dataset(
        title=f"{base.name} ({file.name})",
        setting=str(file),
        classes=listing.classes,
        names=tuple(sorted(entries)),
        read=coco.read,
        fingerprint=coco.fingerprint,
        annotate=coco.annotate,
        notes=(*_missing(listing.pictures, present, folder), *complaints.sentences()),
        own_ids=CocoIds(
            {name: it.id for name, it in zip(_names(present), present, strict=True)},
            tuple(listing.labels),
        ),
    )


@dataclass(frozen=True)
class _Coco:
    """What reading a name needs: each name's file, below `folder`, and its annotation."""

    base: Path
    file: Path
    folder: Path
    classes: tuple[str, ...]
    entries: dict[str, tuple[str, Annotation]]

    def read(self, name: str) -> AnnotatedImage:
        file, it = self.entries[name]
        image = read_image(self.folder / file, name=name)
        if (image.height, image.width) != (it.height, it.width):
            raise DataError(
                f"The picture {file} is {image.width}×{image.height}, but the annotation file says "
                f"{it.width}×{it.height} (width × height).",
                hint="Its boxes would be in the wrong places: correct the file, or save the picture upright, "
                "without EXIF data that turns it.",
            )
        return AnnotatedImage(image, it.boxes, it.labels, self.classes, it.tags)

    def annotate(self, name: str) -> Annotation:
        return self.entries[name][1]

    def fingerprint(self) -> str:
        pictures = [self.folder / file for file, _ in self.entries.values()]
        return fingerprint(self.base, [self.file, *pictures])


def _entries(
    folder: Path, present: Sequence[Picture], listing: Listing, complaints: Complaints
) -> dict[str, tuple[str, Annotation]]:
    """Each picture's file and cleaned annotation, by name."""
    known = {picture.id for picture in listing.pictures}
    of_picture: dict[Id, list[dict[str, Any]]] = defaultdict(list)
    for entry in listing.annotations:
        image = entry.get("image_id")
        if isinstance(image, int | str) and image in known:
            of_picture[image].append(entry)
        else:
            complaints.add(STRAY, entry, f"image {image!r}")
    entries = {}
    for name, picture in zip(_names(present), present, strict=True):
        height, width = _size(folder, picture)
        entries[name] = (
            picture.file,
            clean(
                of_picture[picture.id],
                name=name,
                height=height,
                width=width,
                labels=listing.labels,
                complaints=complaints,
            ),
        )
    return entries


def _names(pictures: Sequence[Picture]) -> list[str]:
    """Each picture's name: its stem, or its path if two pictures have the same stem."""
    stems = [PurePosixPath(picture.file).stem for picture in pictures]
    return stems if len(set(stems)) == len(stems) else [picture.file for picture in pictures]


def _size(folder: Path, picture: Picture) -> tuple[int, int]:
    """Height and width, from the annotation file if it has them."""
    if picture.height and picture.width:
        return picture.height, picture.width
    return read_size(folder / picture.file, name=picture.file)


def _missing(
    listed: Sequence[Picture], present: Sequence[Picture], folder: Path
) -> tuple[str, ...]:
    found = set(present)
    absent = [picture.file for picture in listed if picture not in found]
    if not absent:
        return ()
    return (
        f"{len(absent)} of {len(listed)} listed pictures were left out because their files are not in {folder} "
        f"(first: {absent[0]}).",
    )
