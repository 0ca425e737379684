"""The numbers by which files in COCO's format speak of a data set's pictures and classes.

Source: https://cocodataset.org/#format-results: a result names its picture and category by the annotation file's ids.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Id = int | str


@dataclass(frozen=True)
class CocoIds:
    """The ids of one annotation file.

    Args:
        images: the id of each picture, by its name.
        categories: the K ids; label i > 0 is `categories[i - 1]`.
    """

    images: Mapping[str, Id]
    categories: tuple[Id, ...]


def counted(names: Sequence[str], classes: Sequence[str]) -> CocoIds:
    """Counted from 1, for a data set that has no annotation file to take them from."""
    images = {name: number for number, name in enumerate(names, start=1)}
    return CocoIds(images, tuple(range(1, len(classes) + 1)))
