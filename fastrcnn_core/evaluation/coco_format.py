"""COCO's results format: detections with boxes as x, y, width, height. Source: https://cocodataset.org/#format-results"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastrcnn_core.structures import Detections, class_key


def coco_results(
    found: Mapping[str, Detections],
    image_ids: Mapping[str, int | str] | None = None,
    categories: Mapping[str, int | str] | None = None,
) -> list[dict[str, Any]]:
    """Convert detections to COCO's results format, with names beside the ids; nothing is rounded, so no scores tie.

    Args:
        found: the detections of each image, by its name.
        image_ids: the id of each image, by its name; None where the images are of no data set: they have no id then.
        categories: the category id of each class, by its name; detections of other classes are left out. None counts
            the detector's classes from 1.
    """
    category_ids = {class_key(name): number for name, number in (categories or {}).items()}
    return [
        {
            "image": image,
            **({} if image_ids is None else {"image_id": image_ids[image]}),
            "category_id": label if categories is None else category_ids[class_key(name)],
            "category": name,
            "bbox": list(bbox),
            "score": score,
        }
        for image, label, name, bbox, score in _rows(found)
        if categories is None or class_key(name) in category_ids
    ]


def pycocotools_results(
    found: Mapping[str, Detections], image_ids: Mapping[str, int | str], classes: Sequence[str]
) -> list[dict[str, Any]]:
    """Convert detections for pycocotools, with the fields that `COCO.loadRes` would add; categories count from 1."""
    categories = {name: label for label, name in enumerate(classes, start=1)}
    return [
        row | {"id": number, "area": row["bbox"][2] * row["bbox"][3], "iscrowd": 0}
        for number, row in enumerate(coco_results(found, image_ids, categories), start=1)
    ]


def _rows(
    found: Mapping[str, Detections],
) -> Iterator[tuple[str, int, str, tuple[float, float, float, float], float]]:
    """Yield each detection's image, label, class, box as x, y, width, height, and score."""
    for image, detections in found.items():
        rows = zip(detections.boxes.tolist(), detections.labels, detections.scores, strict=True)
        for (x1, y1, x2, y2), label, score in rows:
            name = detections.classes[int(label) - 1]
            yield image, int(label), name, (x1, y1, x2 - x1, y2 - y1), float(score)
