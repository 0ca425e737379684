"""Data sets in Penn-Fudan's layout: PNGImages/NAME.png and PedMasks/NAME_mask.png, which numbers each person's pixels.

Source: the data set's readme; Wang, Shi, Song, Shen, "Object Detection Combining Recognition and Segmentation",
ACCV 2007.

Shape letters: H, W image; N objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fastrcnn_core.datasets.dataset import Annotation, Dataset, hash_files
from fastrcnn_core.errors import DataError, ImageError
from fastrcnn_core.images import read_image, read_mask
from fastrcnn_core.structures import AnnotatedImage, FloatArray, IntArray

NAME = "PennFudanPed"
IMAGES, MASKS, ADDED = "PNGImages", "PedMasks", "added-object-list.txt"
CLASSES = ("person",)
ENDINGS = (".jpeg", ".jpg", ".png")  # of images, in any case; of one name the last is taken

# Chosen here, for masks with one number for everybody.
_FEWEST_MASKS, _SAMPLED = 4, 8
_LARGE_PART, _SPECK = 0.25, 0.01  # shares of a mask's largest part
# Chosen here: the share of edge pixels with a number between those around. In Penn-Fudan's masks it is at most 0.03; if
# they are resized by interpolation, at least 0.07.
_BLENDED = 0.05


def find_pennfudan(folder: Path) -> Path | None:
    """Return the folder itself or its subfolder PennFudanPed, whichever has the layout; None if neither has."""
    for candidate in (folder, folder / NAME):
        if (candidate / IMAGES).is_dir():
            return candidate
    return None


class PennFudanDataset(Dataset):
    """A folder in Penn-Fudan's layout, or the PennFudanPed folder inside it. Images are PNG or JPEG files.

    Args:
        folder: the one to open.
        title, setting: as in `Dataset`; the setting is the folder's absolute path if left out.
        count: take only the first so many names; all if left out.

    Raises:
        DataError: another layout, no images at all, or most images and masks do not pair up.
    """

    def __init__(
        self,
        folder: Path,
        *,
        title: str = "Penn-Fudan",
        setting: str | None = None,
        count: int | None = None,
    ) -> None:
        found = find_pennfudan(folder.expanduser().absolute())
        if found is None:
            raise DataError(
                f"{folder} has no folder {IMAGES}, so it is not in Penn-Fudan's layout.",
                hint=f"Name the folder that contains {IMAGES} and {MASKS}.",
            )
        self.folder = found
        self._images, self._masks, notes = _paired_files(found)
        self._added = _added_people(found)
        names = tuple(sorted(self._images))[:count]
        masks = [self._masks[name] for name in names]
        self._blended = _are_blended(masks)
        if self._blended:
            notes.append(
                "The masks were resized smoothly, which puts numbers of nobody along the edges: there the number of "
                "the nearest flat area was taken. Resize masks by the nearest pixel."
            )
        self._by_parts = _has_one_number_for_all(masks, sharpen=self._blended)
        if self._by_parts:
            notes.append(
                "The masks have one number for everybody, in several separate parts: each part was taken for a person."
            )
        super().__init__(
            title=title,
            setting=setting or str(found),
            classes=CLASSES,
            names=names,
            notes=tuple(notes),
        )

    def read(self, name: str) -> AnnotatedImage:
        """Read an image and its mask."""
        image = read_image(self._images[name], name=name)
        people = self._people(name)
        _expect_same_size(name, image=(image.height, image.width), mask=people.map.shape)
        boxes, tags = people.boxes, self._tags(name, people)
        return AnnotatedImage(image, boxes, _person_labels(people), CLASSES, tags, people.map)

    def read_annotation(self, name: str) -> Annotation:
        """Read the mask alone, which decodes ten times as fast as the image."""
        people = self._people(name)
        height, width = people.map.shape
        tags = self._tags(name, people)
        return Annotation(name, height, width, people.boxes, _person_labels(people), tags)

    def hash_content(self) -> str:
        """Hash the images, the masks and the list of added people."""
        files = [path for name in self.names for path in (self._images[name], self.mask_path(name))]
        listed = [self.folder / ADDED] if (self.folder / ADDED).is_file() else []
        return hash_files(self.folder, files + listed)

    def image_path(self, name: str) -> Path:
        """Return the path of an image file."""
        return self._images[name]

    def file_name(self, name: str) -> str:
        """Return the name of the image's file."""
        return self._images[name].name

    def mask_path(self, name: str) -> Path:
        """Return the path of an image's mask file."""
        return self._masks[name]

    def _people(self, name: str) -> Instances:
        mask = read_mask(self.mask_path(name))
        mask = sharpen_mask(mask) if self._blended else mask
        return instances_from_mask(separate_parts(mask) if self._by_parts else mask)

    def _tags(self, name: str, people: Instances) -> tuple[str, ...]:
        return tuple(
            "added" if (name, int(number)) in self._added else "" for number in people.numbers
        )


@dataclass(frozen=True, eq=False)
class Instances:
    """The objects of an instance mask, in the order of the mask's numbers.

    Args:
        numbers: (N,) int64, the mask's own numbers; they may have gaps.
        boxes: (N, 4) float32, the smallest box around all pixels of an object.
        map: (H, W) int32, 0 for background, i + 1 for object i.
    """

    numbers: npt.NDArray[np.int64]
    boxes: FloatArray
    map: npt.NDArray[np.int32]


def instances_from_mask(mask: npt.NDArray[np.int32]) -> Instances:
    """Find the objects of a mask (H, W): 0 for background, one number above 0 for each object's pixels.

    Raises:
        DataError: a number below 0.
    """
    from skimage.segmentation import relabel_sequential

    if mask.min(initial=0) < 0:
        raise DataError(
            "A mask has numbers below 0.",
            hint="Number its objects from 1; 0 is the background.",
        )
    relabelled, _, numbers = relabel_sequential(mask)
    numbers = np.asarray(numbers)[1:].astype(np.int64)  # the first is the background
    relabelled = relabelled.astype(np.int32)
    return Instances(numbers, _bounding_boxes(relabelled, len(numbers)), relabelled)


def separate_parts(mask: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Number the separate parts of a mask (H, W) that has one number for all; specks are left out."""
    from skimage.measure import label

    parts = label(mask > 0, connectivity=2).astype(np.int32)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    parts[sizes[parts] < _SPECK * sizes.max()] = 0
    return parts


def sharpen_mask(mask: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Give each pixel of a smoothly resized mask (H, W) the number of the nearest flat area of 3 × 3 pixels."""
    from scipy.ndimage import distance_transform_edt

    low, high = _around(mask)
    if not (low == high).any():
        return np.zeros_like(mask)
    nearest = distance_transform_edt(low != high, return_distances=False, return_indices=True)
    return mask[tuple(nearest)]


def _are_blended(masks: Sequence[Path]) -> bool:
    """Tell whether all sampled masks have numbers along their edges that lie between those on both sides.

    The first mask without them ends the search, so that opening a healthy data set reads one.
    """
    is_blended = False
    for mask in _sampled(masks):
        if mask.max(initial=0) > 1:  # between 0 and 1 there is no number
            low, high = _around(mask)
            between = ((low < mask) & (mask < high)).sum()
            is_blended = bool(between > _BLENDED * ((low < high) & (mask > 0)).sum())
            if not is_blended:
                return False
    return is_blended


def _around(mask: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return the lowest and the highest number within 3 × 3 pixels of each pixel."""
    padded = np.pad(mask, 1, mode="edge")
    rows = padded[:-2], padded[1:-1], padded[2:]
    low, high = np.minimum.reduce(rows), np.maximum.reduce(rows)
    return (
        np.minimum.reduce((low[:, :-2], low[:, 1:-1], low[:, 2:])),
        np.maximum.reduce((high[:, :-2], high[:, 1:-1], high[:, 2:])),
    )


def _sampled(masks: Sequence[Path]) -> Iterator[npt.NDArray[np.int32]]:
    """Read some of the masks, none of a few; one that cannot be read is told when it is asked for."""
    if len(masks) >= _FEWEST_MASKS:
        for path in masks[:: max(1, len(masks) // _SAMPLED)][:_SAMPLED]:
            with suppress(ImageError):
                yield read_mask(path)


def _has_one_number_for_all(masks: Sequence[Path], *, sharpen: bool) -> bool:
    """Tell from a sample of masks whether people have no numbers of their own.

    One person to a mask is no fault, and a pole before her may cut her in two: so several large parts must be usual.
    """
    crowded = looked_at = 0
    for stored in _sampled(masks):
        mask = sharpen_mask(stored) if sharpen else stored
        looked_at += 1
        if len(np.unique(mask)) > 2:  # the background, and more than one person
            return False
        sizes = np.bincount(separate_parts(mask).ravel())[1:]
        crowded += int((sizes > _LARGE_PART * sizes.max(initial=0)).sum() > 1)
    return crowded > looked_at / 2


def _bounding_boxes(relabelled: npt.NDArray[np.int32], count: int) -> FloatArray:
    """Return (count, 4) the smallest box around each number's pixels, in one pass over the mask."""
    y, x = np.nonzero(relabelled)
    index = relabelled[y, x] - 1
    top_left = np.full((2, count), max(relabelled.shape))
    bottom_right = np.zeros((2, count), dtype=int)
    for axis, position in enumerate((x, y)):
        np.minimum.at(top_left[axis], index, position)
        np.maximum.at(bottom_right[axis], index, position + 1)
    return np.vstack([top_left, bottom_right]).T.astype(np.float32)


def _person_labels(people: Instances) -> IntArray:
    return np.ones(len(people.boxes), dtype=np.int64)


def _expect_same_size(name: str, *, image: tuple[int, ...], mask: tuple[int, ...]) -> None:
    if image != mask:
        raise DataError(
            f"The image {name} is {image[1]}×{image[0]}, but its mask is {mask[1]}×{mask[0]} (width × height).",
            hint="They do not belong together: unpack or copy the data set again.",
        )


def _paired_files(folder: Path) -> tuple[dict[str, Path], dict[str, Path], list[str]]:
    """Map each name to its image and to its mask; return a sentence about files without a partner, too.

    Raises:
        DataError: there is no image, or most of the files have no partner.
    """
    images = _by_stem(folder / IMAGES, ENDINGS)
    masks = {
        stem.removesuffix("_mask"): path
        for stem, path in _by_stem(folder / MASKS, (".png",)).items()
    }
    if not images:
        raise DataError(
            f"{folder / IMAGES} has no PNG image and no JPEG image (.jpg) in it.",
            hint="Put the images there.",
        )
    names = images.keys() & masks.keys()
    notes = []
    for alone, fault in (
        (sorted(images.keys() - names), f"an image without its mask in {MASKS}"),
        (sorted(masks.keys() - names), f"a mask without its image in {IMAGES}"),
    ):
        shown = ", ".join(alone[:5]) + (", …" if len(alone) > 5 else "")
        if len(alone) >= len(names):
            raise DataError(
                f"The data set is not whole: {len(alone)} × {fault} ({shown}).",
                hint="Unpack or copy it again, or take out what has no partner.",
            )
        if alone:
            notes.append(f"{len(alone)} × {fault} was left out ({shown}).")
    return {name: images[name] for name in names}, {name: masks[name] for name in names}, notes


def _by_stem(folder: Path, endings: Sequence[str]) -> dict[str, Path]:
    """Map stems to files of these endings; an operating system's hidden files do not count."""
    paths = [path for path in (folder.iterdir() if folder.is_dir() else ()) if path.name[0] != "."]
    return {
        path.stem: path
        for ending in endings
        for path in sorted(paths)
        if path.suffix.lower() == ending
    }


def _added_people(folder: Path) -> frozenset[tuple[str, int]]:
    """Read (image, number in its mask) of people labelled after the paper: a line `NAME.png NUMBER` each."""
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
