"""Data sets in COCO's format: a folder of images with one annotation file, of any number of classes.

Source: https://cocodataset.org/#format-data, object detection.
"""

from __future__ import annotations

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
from fastrcnn_core.datasets.dataset import Annotation, CocoIds, Dataset, Id, hash_files
from fastrcnn_core.errors import DataError
from fastrcnn_core.images import read_image, read_size
from fastrcnn_core.structures import AnnotatedImage

ANNOTATIONS = "annotations"
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
        present = [image for image in content.images if (self.folder / image.file).is_file()]
        if not present:
            first = content.images[0].file
            raise not_coco(self.file, f"none of its images, such as {first}, is below {self.base}")
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
            notes=(*_missing(content.images, present, self.folder), *complaints.sentences()),
        )

    def read(self, name: str) -> AnnotatedImage:
        """Read an image and compare its size with the annotation file's."""
        annotation, file = self._annotations[name], self._files[name]
        image = read_image(self.folder / file, name=name)
        if (image.height, image.width) != (annotation.height, annotation.width):
            raise DataError(
                f"The image {file} is {image.width}×{image.height}, but the annotation file says "
                f"{annotation.width}×{annotation.height} (width × height).",
                hint="Its boxes would be in the wrong places: correct the file, or save the image upright, "
                "without EXIF data that turns it.",
            )
        boxes, labels = annotation.boxes, annotation.labels
        return AnnotatedImage(image, boxes, labels, self.classes, annotation.tags)

    def read_annotation(self, name: str) -> Annotation:
        """Return the annotation, which was read when the data set was opened."""
        return self._annotations[name]

    def hash_content(self) -> str:
        """Hash the annotation file and the images."""
        return hash_files(
            self.base, [self.file, *(self.folder / file for file in self._files.values())]
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


def _missing(
    listed: Sequence[ImageEntry], present: Sequence[ImageEntry], folder: Path
) -> tuple[str, ...]:
    found = set(present)
    absent = [image.file for image in listed if image not in found]
    if not absent:
        return ()
    return (
        f"{len(absent)} of {len(listed)} listed pictures were left out because their files are not in {folder} "
        f"(first: {absent[0]}).",
    )
