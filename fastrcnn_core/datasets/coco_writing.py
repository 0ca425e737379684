"""Annotations written in COCO's format, as `CocoDataset` and every other tool reads them.

Source: https://cocodataset.org/#format-data, object detection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fastrcnn_core.boxes import area
from fastrcnn_core.datasets.dataset import Annotation, CocoIds


def to_coco(
    annotations: Iterable[Annotation],
    classes: Sequence[str],
    ids: CocoIds,
    *,
    file_name: Callable[[str], str] = "{}.png".format,
) -> dict[str, Any]:
    """Build the content of a COCO annotation file: plain values, ready for JSON.

    Args:
        annotations: of the images, each name once.
        classes: the K names.
        ids: of the images and of the classes.
        file_name: returns the file of an image's name, such as a data set's `file_name`.
    """
    images = list(annotations)
    boxes = [
        {"image_id": ids.images[image.name]} | box for image in images for box in _boxes(image, ids)
    ]
    return {
        "images": [
            {
                "id": ids.images[image.name],
                "file_name": file_name(image.name),
                "height": image.height,
                "width": image.width,
            }
            for image in images
        ],
        "annotations": [{"id": number} | box for number, box in enumerate(boxes, start=1)],
        "categories": [
            {"id": id_, "name": name} for id_, name in zip(ids.categories, classes, strict=True)
        ],
    }


def _boxes(image: Annotation, ids: CocoIds) -> list[dict[str, Any]]:
    rows = zip(image.boxes.tolist(), image.labels, image.is_crowd, area(image.boxes), strict=True)
    return [
        {
            "category_id": ids.categories[label - 1],
            "bbox": [x1, y1, x2 - x1, y2 - y1],
            "area": float(size),
            "iscrowd": int(is_crowd),
        }
        for (x1, y1, x2, y2), label, is_crowd, size in rows
    ]
