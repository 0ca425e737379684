"""Annotations in COCO's format: what `open_coco` reads, and every other tool, too.

Source: https://cocodataset.org/#format-data, object detection.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fastrcnn_core.boxes import area
from fastrcnn_core.datasets.dataset import Annotation


def to_coco(
    annotations: Iterable[Annotation], classes: Sequence[str], *, ending: str = ".png"
) -> dict[str, Any]:
    """The content of a COCO annotation file: plain values, ready for JSON.

    Args:
        annotations: of the pictures, each name once.
        classes: the K names; label i becomes category i.
        ending: what makes a picture's name a file's name.
    """
    pictures = list(annotations)
    boxes = [
        (number, box) for number, picture in enumerate(pictures, start=1) for box in _boxes(picture)
    ]
    return {
        "images": [
            {"id": id_, "file_name": it.name + ending, "height": it.height, "width": it.width}
            for id_, it in enumerate(pictures, start=1)
        ],
        "annotations": [
            {"id": id_, "image_id": image_id} | box
            for id_, (image_id, box) in enumerate(boxes, start=1)
        ],
        "categories": [{"id": id_, "name": name} for id_, name in enumerate(classes, start=1)],
    }


def _boxes(picture: Annotation) -> list[dict[str, Any]]:
    rows = zip(
        picture.boxes.tolist(), picture.labels, picture.tags, area(picture.boxes), strict=True
    )
    return [
        {
            "category_id": int(label),
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "area": float(size),
            "iscrowd": int(tag == "crowd"),
        }
        for (x1, y1, x2, y2), label, tag, size in rows
    ]
