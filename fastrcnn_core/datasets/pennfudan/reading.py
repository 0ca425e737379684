"""A folder in Penn-Fudan's layout: PNGImages/NAME.png and PedMasks/NAME_mask.png, in which each person has a number.

Source: the data set's readme; Wang, Shi, Song, Shen, "Object Detection Combining Recognition and Segmentation",
ACCV 2007.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fastrcnn_core.datasets.dataset import Annotation, Dataset
from fastrcnn_core.datasets.fingerprint import fingerprint
from fastrcnn_core.datasets.masks import Instances, instances_of
from fastrcnn_core.errors import DataError
from fastrcnn_core.images import read_image, read_mask
from fastrcnn_core.structures import AnnotatedImage, IntArray

NAME = "PennFudanPed"
IMAGES, MASKS, ADDED = "PNGImages", "PedMasks", "added-object-list.txt"
CLASSES = ("person",)


def find_pennfudan(folder: Path) -> Path | None:
    """The folder itself or its subfolder PennFudanPed, whichever has Penn-Fudan's layout; None if neither has."""
    for candidate in (folder, folder / NAME):
        if (candidate / IMAGES).is_dir():
            return candidate
    return None


def open_pennfudan(folder: Path, *, title: str = "Penn-Fudan") -> Dataset:
    """The data set in a folder of Penn-Fudan's layout, or in the PennFudanPed folder inside it.

    Raises:
        DataError: another layout, no images at all, or images and masks that do not pair up.
    """
    found = find_pennfudan(folder.expanduser().absolute())
    if found is None:
        raise DataError(
            f"{folder} has no folder {IMAGES}, so it is not in Penn-Fudan's layout.",
            hint=f"Name the folder that contains {IMAGES} and {MASKS}.",
        )
    layout = _Layout(found, _paired_names(found), _added(found))
    return Dataset(
        title=title,
        setting=str(found),
        classes=CLASSES,
        names=layout.names,
        read=layout.read,
        fingerprint=layout.fingerprint,
        annotate=layout.annotate,
    )


@dataclass(frozen=True)
class _Layout:
    """What reading a name needs: the folder, its names, and who was added, as (name, number in the mask)."""

    folder: Path
    names: tuple[str, ...]
    added: frozenset[tuple[str, int]]

    def image(self, name: str) -> Path:
        return self.folder / IMAGES / f"{name}.png"

    def mask(self, name: str) -> Path:
        return self.folder / MASKS / f"{name}_mask.png"

    def read(self, name: str) -> AnnotatedImage:
        image = read_image(self.image(name), name=name)
        people = instances_of(read_mask(self.mask(name)))
        _expect_same_size(name, image=(image.height, image.width), mask=people.map.shape)
        boxes, tags = people.boxes, self._tags(name, people)
        return AnnotatedImage(image, boxes, _labels(people), CLASSES, tags, people.map)

    def annotate(self, name: str) -> Annotation:
        """All from the mask, which decodes ten times as fast as the picture."""
        people = instances_of(read_mask(self.mask(name)))
        height, width = people.map.shape
        tags = self._tags(name, people)
        return Annotation(name, height, width, people.boxes, _labels(people), tags)

    def fingerprint(self) -> str:
        files = [path(name) for name in self.names for path in (self.image, self.mask)]
        listed = [self.folder / ADDED] if (self.folder / ADDED).is_file() else []
        return fingerprint(self.folder, files + listed)

    def _tags(self, name: str, people: Instances) -> tuple[str, ...]:
        added = ((name, int(number)) in self.added for number in people.numbers)
        return tuple("added" if one else "" for one in added)


def _labels(people: Instances) -> IntArray:
    """Label 1, a person, for each."""
    return np.ones(len(people.boxes), dtype=np.int64)


def _expect_same_size(name: str, *, image: tuple[int, ...], mask: tuple[int, ...]) -> None:
    if image != mask:
        raise DataError(
            f"The image {name} is {image[1]}×{image[0]}, but its mask is {mask[1]}×{mask[0]} (width × height).",
            hint="They do not belong together: unpack or copy the data set again.",
        )


def _paired_names(folder: Path) -> tuple[str, ...]:
    """The stems of all images, sorted; each has its mask and each mask its image."""
    images = _stems(folder / IMAGES)
    masks = {stem.removesuffix("_mask") for stem in _stems(folder / MASKS)}
    if not images:
        raise DataError(f"{folder / IMAGES} has no PNG image in it.", hint="Put the images there.")
    _expect_none(sorted(images - masks), f"an image without its mask in {MASKS}")
    _expect_none(sorted(masks - images), f"a mask without its image in {IMAGES}")
    return tuple(sorted(images))


def _stems(folder: Path) -> set[str]:
    """Stems of the PNG files; a system's own hidden files do not count."""
    if not folder.is_dir():
        return set()
    return {
        path.stem
        for path in folder.iterdir()
        if path.suffix == ".png" and not path.name.startswith(".")
    }


def _expect_none(names: list[str], what: str) -> None:
    if names:
        shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        raise DataError(
            f"The data set is not whole: {len(names)} × {what} ({shown}).",
            hint="Unpack or copy it again, or take out what has no partner.",
        )


def _added(folder: Path) -> frozenset[tuple[str, int]]:
    """(image, number in its mask) of the people that were labelled after the paper: a line `NAME.png NUMBER` each."""
    path = folder / ADDED
    if not path.is_file():
        return frozenset()
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    entries = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    try:
        return frozenset((Path(image).stem, int(number)) for image, number in entries)
    except ValueError as error:
        raise DataError(
            f"{path} has a line that is not an image's name and a number.",
            hint="Repair the line, or remove the file: it only marks people that were labelled later.",
        ) from error
