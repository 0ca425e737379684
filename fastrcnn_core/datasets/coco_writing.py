"""Annotations written in COCO's format, as `CocoDataset` and every other tool reads them.

Source: https://cocodataset.org/#format-data, object detection.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import PIL.Image

from fastrcnn_core.boxes import area
from fastrcnn_core.datasets.dataset import EXPORT_SPLIT, Annotation, CocoIds, Dataset
from fastrcnn_core.errors import ConfigError
from fastrcnn_core.files import write_text


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


def write_coco_folder(dataset: Dataset, names: Iterable[str], folder: Path) -> None:
    """Write images as the network sees them, upright PNG files, with their usable boxes, in COCO's layout.

    An export's own split becomes two folders, train and test.

    Args:
        dataset: it stays as it is.
        names: its images that can be read.
        folder: a new or an empty one.

    Raises:
        ConfigError: the folder has something in it.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} is not empty.", hint="Name a new folder.")
    usable = list(names)
    if dataset.split_reason != EXPORT_SPLIT:
        return _write_part(dataset, usable, folder, folder / "images")
    for part in ("train", "test"):
        chosen = [name for name in usable if name in set(getattr(dataset.split, part))]
        _write_part(dataset, chosen, folder / part, folder / part)


def _write_part(dataset: Dataset, names: Sequence[str], folder: Path, images: Path) -> None:
    files = {name: _png(name) for name in names}
    for name, file in files.items():
        path = images / file
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(dataset.load(name).image.pixels).save(path)
    content = to_coco(
        (dataset.annotation(name) for name in names),
        dataset.classes,
        CocoIds.counted(names, dataset.classes),
        file_name=files.__getitem__,
    )
    write_text(folder / "annotations.json", json.dumps(content))


def _png(name: str) -> str:
    """Return a file for a name, which may be a path that leads out of the annotation file's folder."""
    parts = [part for part in PurePosixPath(name).parts if part not in ("..", "/")]
    return f"{'/'.join(parts)}.png"
