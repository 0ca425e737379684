"""Annotated images written in Penn-Fudan's layout: PNGImages/NAME.png, PedMasks/NAME_mask.png, Annotation/NAME.txt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as Picture

from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.datasets.pennfudan.reading import IMAGES, MASKS
from fastrcnn_core.errors import DataError
from fastrcnn_core.files import atomic_write, write_text
from fastrcnn_core.structures import AnnotatedImage

ANNOTATIONS = "Annotation"
_HEADER = """# Compatible with PASCAL Annotation Version 1.00
Image filename : "PennFudanPed/PNGImages/{name}.png"
Image size (X x Y x C) : {width} x {height} x 3
Database : "The Penn-Fudan-Pedestrian Database"
Objects with ground truth : {count} {{ {kinds} }}
# Note there may be some objects not included in the ground truth list for they are severe-occluded
# or have very small size.
# Top left pixel co-ordinates : (1, 1)
"""
_PEDESTRIAN = """# Details for pedestrian {number} ("PASpersonWalking")
Original label for object {number} "PASpersonWalking" : "PennFudanPed"
Bounding box for object {number} "PASpersonWalking" (Xmin, Ymin) - (Xmax, Ymax) : ({x1}, {y1}) - ({x2}, {y2})
Pixel mask for object {number} "PASpersonWalking" : "PennFudanPed/PedMasks/{name}_mask.png"

"""


def write_pennfudan(folder: Path, dataset: Dataset) -> Path:
    """Write a data set of people with instance masks, and answer with the folder. Each file appears whole.

    Raises:
        DataError: there is something in the folder already, or it cannot be written to, or there are no masks.
    """
    try:
        _expect_empty(folder)
        for name in dataset.names:
            _write(folder, dataset.load(name))
    except OSError as error:
        raise DataError(
            f"{folder} cannot be written to ({error.strerror or error}).",
            hint="Free some space, or choose another folder.",
        ) from error
    return folder


def annotation_text(annotated: AnnotatedImage) -> str:
    """What Penn-Fudan's Annotation folder says of a picture; there, corners are counted from 1 and inclusive."""
    name, count = annotated.name, len(annotated.boxes)
    header = _HEADER.format(
        name=name,
        width=annotated.image.width,
        height=annotated.image.height,
        count=count,
        kinds=" ".join(['"PASpersonWalking"'] * count),
    )
    boxes = annotated.boxes.round().astype(int).tolist()
    return header + "".join(
        _PEDESTRIAN.format(name=name, number=number, x1=x1 + 1, y1=y1 + 1, x2=x2, y2=y2)
        for number, (x1, y1, x2, y2) in enumerate(boxes, start=1)
    )


def _write(folder: Path, annotated: AnnotatedImage) -> None:
    name, people = annotated.name, annotated.instances
    if people is None or len(annotated.boxes) > 255:
        raise DataError(
            f"{name} cannot be written: Penn-Fudan's layout needs a mask with at most 255 people.",
            hint="Write only images whose people have instance masks.",
        )
    with atomic_write(folder / IMAGES / f"{name}.png") as partial:
        Picture.fromarray(annotated.image.pixels).save(partial)
    with atomic_write(folder / MASKS / f"{name}_mask.png") as partial:
        Picture.fromarray(people.astype(np.uint8)).save(partial)
    write_text(folder / ANNOTATIONS / f"{name}.txt", annotation_text(annotated))


def _expect_empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise DataError(
            f"There is something in {folder} already.",
            hint="Name a new folder, or empty this one.",
        )
