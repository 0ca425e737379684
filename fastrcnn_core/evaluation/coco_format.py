"""COCO's results format: detections with boxes as x, y, width, height. Source: https://cocodataset.org/#format-results"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastrcnn_core.datasets import CocoIds
from fastrcnn_core.structures import Detections


def coco_results(
    found: Mapping[str, Detections], ids: CocoIds | None = None
) -> list[dict[str, Any]]:
    """Convert detections to COCO's results format, with the image's name beside them.

    Args:
        found: the detections of each image, by its name.
        ids: of the data set, whose classes are the detections'; None where the images are of no data set: they have
            no id then, and a category is the detector's class, counted from 1.
    """
    return [
        {
            "image": name,
            **({} if ids is None else {"image_id": ids.images[name]}),
            "category_id": label if ids is None else ids.categories[label - 1],
            "bbox": [round(value, 2) for value in bbox],
            "score": round(score, 5),
        }
        for name, label, bbox, score in _rows(found)
    ]


def pycocotools_results(found: Mapping[str, Detections], ids: CocoIds) -> list[dict[str, Any]]:
    """Convert detections for pycocotools: unrounded, with the fields that `COCO.loadRes` would add."""
    return [
        {
            "id": number,
            "image_id": ids.images[name],
            "category_id": ids.categories[label - 1],
            "bbox": list(bbox),
            "area": bbox[2] * bbox[3],
            "score": score,
            "iscrowd": 0,
        }
        for number, (name, label, bbox, score) in enumerate(_rows(found), start=1)
    ]


def _rows(
    found: Mapping[str, Detections],
) -> Iterator[tuple[str, int, tuple[float, float, float, float], float]]:
    """Yield each detection's image, label, box as x, y, width, height, and score."""
    for name, detections in found.items():
        rows = zip(detections.boxes.tolist(), detections.labels, detections.scores, strict=True)
        for (x1, y1, x2, y2), label, score in rows:
            yield name, int(label), (x1, y1, x2 - x1, y2 - y1), float(score)
