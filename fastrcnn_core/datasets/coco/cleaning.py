"""From COCO's entries to boxes that can be used, and sentences about those that cannot.

Shape letters: N boxes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from fastrcnn_core.datasets.dataset import Annotation
from fastrcnn_core.datasets.numbering import Id

LEFT_OUT = "was left out because"
UNKNOWN = f"{LEFT_OUT} its category is not listed"
NO_BOX = f"{LEFT_OUT} its bbox is not four numbers"
NO_AREA = f"{LEFT_OUT} it has no width or no height"
OUTSIDE = f"{LEFT_OUT} it lies outside of its image"
STRAY = f"{LEFT_OUT} its image is not listed"
CUT = "was cut off at the edge of its image"

# Chosen here: what sticks out by no more than a pixel was rounded, and is no news.
ROUNDING = 1.0
# Chosen here: no picture is so large, and float32 tells the two ends of a side of a tenth of a pixel apart.
LARGEST = 1e6
SMALLEST = 0.1

Corners = tuple[float, float, float, float]


class Complaints:
    """What happened to boxes, how often, and where first: filled while the annotations are cleaned."""

    def __init__(self) -> None:
        self._places: dict[str, list[str]] = defaultdict(list)

    def add(self, what: str, entry: Mapping[str, Any], image: str) -> None:
        self._places[what].append(f"annotation {entry.get('id')} of {image}")

    def sentences(self) -> tuple[str, ...]:
        """One for each kind."""
        return tuple(
            f"{len(places)} × a box {what} (first: {places[0]})."
            for what, places in self._places.items()
        )


def clean(
    entries: Iterable[Mapping[str, Any]],
    *,
    name: str,
    height: int,
    width: int,
    labels: Mapping[Id, int],
    complaints: Complaints,
) -> Annotation:
    """The usable boxes of one picture, inside it and with an area; what happened to others is added to the complaints.

    Args:
        entries: the picture's annotations.
        name, height, width: the picture's.
        labels: the label of each category id.
        complaints: grows.
    """
    boxes: list[Corners] = []
    kept, tags = [], []
    for entry in entries:
        corners = _corners(entry.get("bbox"))
        inside = _clip(corners, height=height, width=width)
        fault = _fault(entry.get("category_id"), corners, inside, labels)
        if fault or _sticks_out(corners, inside):
            complaints.add(fault or CUT, entry, name)
        if not fault:
            boxes.append(inside)
            kept.append(labels[entry["category_id"]])
            tags.append("crowd" if entry.get("iscrowd") else "")
    return Annotation(
        name,
        height,
        width,
        np.array(boxes, dtype=np.float32).reshape(-1, 4),
        np.array(kept, dtype=np.int64),
        tuple(tags),
    )


# Plain numbers from here on: COCO's largest file has 860,000 boxes, and an array for each would take half a minute.


def _corners(bbox: Any) -> Corners:
    """x1, y1, x2, y2 of COCO's x, y, width, height; not numbers where it has none."""
    numbers = bbox if isinstance(bbox, list) else []
    usable = [one for one in numbers if isinstance(one, int | float) and abs(one) < LARGEST]
    if len(usable) != 4 or len(numbers) != 4:
        return math.nan, math.nan, math.nan, math.nan
    x, y, width, height = usable
    return x, y, x + width, y + height


def _clip(box: Corners, *, height: int, width: int) -> Corners:
    x1, y1, x2, y2 = box
    return max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)


def _fault(category: Any, corners: Corners, inside: Corners, labels: Mapping[Id, int]) -> str:
    """Why a box cannot be used; empty if it can."""
    if not isinstance(category, int | str) or category not in labels:
        return UNKNOWN
    if math.isnan(corners[0]):
        return NO_BOX
    if not _has_area(corners):
        return NO_AREA
    return "" if _has_area(inside) else OUTSIDE


def _has_area(box: Corners) -> bool:
    x1, y1, x2, y2 = box
    return x2 - x1 >= SMALLEST and y2 - y1 >= SMALLEST


def _sticks_out(corners: Corners, inside: Corners) -> bool:
    return any(abs(one - other) > ROUNDING for one, other in zip(corners, inside, strict=True))
