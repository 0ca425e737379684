"""Annotations in COCO's format: what `open_coco` reads, and every other tool, too.

Source: https://cocodataset.org/#format-data, object detection.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fastrcnn_core.boxes import area
from fastrcnn_core.datasets.dataset import Annotation
from fastrcnn_core.datasets.numbering import CocoIds


def to_coco(
    annotations: Iterable[Annotation],
    classes: Sequence[str],
    ids: CocoIds,
    *,
    ending: str = ".png",
) -> dict[str, Any]:
    """The content of a COCO annotation file: plain values, ready for JSON.

    Args:
        annotations: of the pictures, each name once.
        classes: the K names.
        ids: of the pictures and of the classes.
        ending: what makes a picture's name a file's name.
    """
    pictures = list(annotations)
    boxes = [{"image_id": ids.images[it.name]} | box for it in pictures for box in _boxes(it, ids)]
    return {
        "images": [
            {
                "id": ids.images[it.name],
                "file_name": it.name + ending,
                "height": it.height,
                "width": it.width,
            }
            for it in pictures
        ],
        "annotations": [{"id": number} | box for number, box in enumerate(boxes, start=1)],
        "categories": [
            {"id": id_, "name": name} for id_, name in zip(ids.categories, classes, strict=True)
        ],
    }


def _boxes(picture: Annotation, ids: CocoIds) -> list[dict[str, Any]]:
    rows = zip(
        picture.boxes.tolist(), picture.labels, picture.tags, area(picture.boxes), strict=True
    )
    return [
        {
            "category_id": ids.categories[label - 1],
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "area": float(size),
            "iscrowd": int(tag == "crowd"),
        }
        for (x1, y1, x2, y2), label, tag, size in rows
    ]
