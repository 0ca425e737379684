"""Ground truth and detections as COCO writes them: boxes as x, y, width, height."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastrcnn_core.datasets.numbering import CocoIds
from fastrcnn_core.evaluation.truth import Annotated
from fastrcnn_core.structures import Detections


def coco_results(
    found: Mapping[str, Detections], ids: CocoIds | None = None
) -> list[dict[str, Any]]:
    """COCO's results format with the picture's name beside it: box as x, y, width, height.

    Args:
        found: the detections of each picture, by its name.
        ids: of the data set, whose classes are the detections'; None where the pictures are of no data set: they have
            no id then, and a category is the detector's class, counted from 1.
    """
    return [
        {
            "image": name,
            **({} if ids is None else {"image_id": ids.images[name]}),
            "category_id": int(label) if ids is None else ids.categories[label - 1],
            "bbox": [round(value, 2) for value in (x1, y1, x2 - x1, y2 - y1)],
            "score": round(float(score), 5),
        }
        for name, detections in found.items()
        for (x1, y1, x2, y2), label, score in zip(
            detections.boxes.tolist(), detections.labels, detections.scores, strict=True
        )
    ]


def truth_of(pictures: Sequence[Annotated], classes: Sequence[str]) -> dict[str, Any]:
    """The ground truth as a COCO data set. Pictures go by their names there too."""
    boxes = [
        (picture.name, box, int(label), tag)
        for picture in pictures
        for box, label, tag in zip(
            picture.boxes.tolist(), picture.labels, picture.tags, strict=True
        )
    ]
    return {
        "images": [{"id": picture.name} for picture in pictures],
        "categories": [{"id": label, "name": name} for label, name in enumerate(classes, start=1)],
        "annotations": [
            {"id": number, "image_id": name, "category_id": label, "tag": tag, **_extent(box)}
            | {"iscrowd": int(tag == "crowd")}
            for number, (name, box, label, tag) in enumerate(boxes, start=1)
        ],
    }


def results_of(
    found: Mapping[str, Detections], pictures: Sequence[Annotated]
) -> list[dict[str, Any]]:
    rows = [
        (picture.name, box, int(label), float(score))
        for picture in pictures
        for box, label, score in zip(
            found[picture.name].boxes.tolist(),
            found[picture.name].labels,
            found[picture.name].scores,
            strict=True,
        )
    ]
    return [
        {"id": number, "image_id": name, "category_id": label, "score": score, "iscrowd": 0}
        | _extent(box)
        for number, (name, box, label, score) in enumerate(rows, start=1)
    ]


def _extent(box: Sequence[float]) -> dict[str, Any]:
    x1, y1, x2, y2 = box
    return {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)}
