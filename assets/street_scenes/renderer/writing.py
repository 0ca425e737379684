"""Scenes in Penn-Fudan's layout: PNGImages/NAME.jpg, PedMasks/NAME_mask.png, Annotation/NAME.txt.

Source of the text: the files of the Penn-Fudan database, PASCAL Annotation Version 1.00.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from renderer.scene import Scene

Box = tuple[int, int, int, int]  # x1, y1, x2, y2 in pixels; x2 and y2 are exclusive

_HEADER = """# Compatible with PASCAL Annotation Version 1.00
Image filename : "PennFudanPed/PNGImages/{file}"
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


def scene_name(index: int) -> str:
    """Return scene-0001 for index 1."""
    return f"scene-{index:04d}"


def write_scene(folder: Path, scene: Scene) -> None:
    """Write a scene's JPEG bytes, its lossless instance mask and its annotation text."""
    name, people = scene_name(scene.index), scene.people()
    text = annotation_text(f"{name}.jpg", shape=people.shape, boxes=list(bounding_boxes(people)))
    for kind in ("PNGImages", "PedMasks", "Annotation"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    (folder / "PNGImages" / f"{name}.jpg").write_bytes(scene.photograph())
    mask = Image.fromarray(people.astype(np.uint8))
    mask.save(folder / "PedMasks" / f"{name}_mask.png", optimize=True)
    (folder / "Annotation" / f"{name}.txt").write_text(text, encoding="utf-8", newline="\n")


def bounding_boxes(people: npt.NDArray[np.int32]) -> Iterator[Box]:
    """Yield the smallest box around the pixels of each person 1..N of a mask (H, W)."""
    for number in range(1, int(people.max()) + 1):
        rows, columns = np.nonzero(people == number)
        yield int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def annotation_text(file: str, *, shape: tuple[int, ...], boxes: Sequence[Box]) -> str:
    """Format a picture's annotation as Penn-Fudan does; there, corners count from 1 and are inclusive.

    Args:
        file: the picture's file name.
        shape: its (height, width).
        boxes: of its people.
    """
    kinds = " ".join(['"PASpersonWalking"'] * len(boxes))
    height, width = shape
    header = _HEADER.format(file=file, width=width, height=height, count=len(boxes), kinds=kinds)
    return header + "".join(
        _PEDESTRIAN.format(name=Path(file).stem, number=i, x1=x1 + 1, y1=y1 + 1, x2=x2, y2=y2)
        for i, (x1, y1, x2, y2) in enumerate(boxes, start=1)
    )
