"""Data sets with a label file for each picture, as Pascal VOC and YOLO have them.

Their readers, `voc` and `yolo`, turn label files into rows like COCO's; here the rows become annotations.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastrcnn_core.datasets.coco_parsing import Complaints, clean_annotation
from fastrcnn_core.datasets.dataset import EXPORT_SPLIT, Annotation, Dataset, Id, Split, hash_files
from fastrcnn_core.errors import DataError, ImageError
from fastrcnn_core.images import IMAGE_ENDINGS, read_image
from fastrcnn_core.structures import AnnotatedImage

PARTS = ("train", "valid", "val", "test")
_SHOWN = 3  # chosen here: so many pictures that were left out are named


@dataclass(frozen=True)
class Labelled:
    """A picture and the rows of its label file.

    Args:
        picture, label: the files; None without a label file.
        height, width: of the upright picture.
        rows: with `category_id`, the label from 1, and `bbox`, as in COCO's format.
        part: of the export's own split, "train" or another; empty without one.
    """

    picture: Path
    label: Path | None
    height: int
    width: int
    rows: list[dict[str, Any]]
    part: str = ""


@dataclass
class LeftOut:
    """Pictures that cannot be used, by cause; filled while a folder is read."""

    causes: list[str] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """Name the first causes and count the others."""
        notes = [f"A picture was left out: {cause}" for cause in self.causes[:_SHOWN]]
        if (more := len(self.causes) - _SHOWN) > 0:
            notes.append(f"{more} more pictures were left out like these.")
        return notes


class LabelledDataset(Dataset):
    """The pictures of a folder in Pascal VOC's or YOLO's layout.

    Args:
        folder: its root.
        images: its pictures with their rows.
        classes: the K names.
        notes: sentences of the reader.
        listed: files beside the label files that decide on the content, such as `data.yaml`.

    Raises:
        DataError: there is no picture.
    """

    def __init__(
        self,
        folder: Path,
        images: Sequence[Labelled],
        *,
        classes: tuple[str, ...],
        notes: Sequence[str],
        listed: Iterable[Path] = (),
    ) -> None:
        if not images:
            raise DataError(
                f"{folder} has label files, but no picture that can be used. {' '.join(notes)}",
                hint="Put the pictures beside their label files, or into the folder that the layout asks for.",
            )
        self.folder, self._listed = folder, tuple(listed)
        self._images = _named(folder, images)
        complaints = Complaints()
        labels: dict[Id, int] = {number: number for number in range(1, len(classes) + 1)}
        self._annotations = {
            name: clean_annotation(
                image.rows,
                name=name,
                height=image.height,
                width=image.width,
                labels=labels,
                complaints=complaints,
            )
            for name, image in self._images.items()
        }
        super().__init__(
            title=folder.name,
            setting=str(folder),
            classes=classes,
            names=tuple(sorted(self._images)),
            notes=(*notes, *complaints.sentences()),
        )
        self._keep_split()

    def read(self, name: str) -> AnnotatedImage:
        """Read an image."""
        annotation = self._annotations[name]
        image = read_image(self._images[name].picture, name=name)
        return AnnotatedImage(
            image, annotation.boxes, annotation.labels, self.classes, annotation.tags
        )

    def read_annotation(self, name: str) -> Annotation:
        """Return the annotation, which was read when the data set was opened."""
        return self._annotations[name]

    def file_name(self, name: str) -> str:
        """Return the image's path below the folder."""
        return self._images[name].picture.relative_to(self.folder).as_posix()

    def hash_content(self) -> str:
        """Hash the pictures, their label files and the files that list them."""
        labels = [image.label for image in self._images.values() if image.label is not None]
        pictures = [image.picture for image in self._images.values()]
        return hash_files(self.folder, [*pictures, *labels, *self._listed])

    def _keep_split(self) -> None:
        """Take the export's own split, if it has one."""
        parts = {name: self._images[name].part for name in self.names}
        train = tuple(name for name in self.names if parts[name] == "train")
        test = tuple(name for name in self.names if parts[name] not in ("train", ""))
        if train and test:
            self.split, self.split_reason = Split(train, test), EXPORT_SPLIT


def pictures_in(folder: Path) -> list[Path]:
    """List the pictures directly in a folder; an operating system's hidden files do not count."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_ENDINGS and path.name[0] != "." and path.is_file()
    )


def read_labelled(
    images: Iterable[Path], read: Callable[[Path], Labelled], left_out: LeftOut
) -> list[Labelled]:
    """Read each picture's labels by `read(picture)`; one that cannot be read is left out."""
    found: list[Labelled] = []
    for picture in images:
        try:
            found.append(read(picture))
        except (DataError, ImageError) as error:
            left_out.causes.append(error.problem)
    return found


def _named(folder: Path, images: Sequence[Labelled]) -> Mapping[str, Labelled]:
    """Name each image by its stem, or by its path if two images have the same stem."""
    stems = {image.picture.stem: image for image in images}
    if len(stems) == len(images):
        return stems
    return {os.path.relpath(image.picture, folder): image for image in images}
