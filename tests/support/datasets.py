"""Data sets of a few small images, written to disk in Penn-Fudan's and in COCO's layout."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image

from fastrcnn_core.datasets import CocoIds, Dataset
from fastrcnn_core.structures import AnnotatedImage


def write_picture(path: Path, *, height: int, width: int, seed: int = 0) -> None:
    """Write an image file of random pixels."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    PIL.Image.fromarray(pixels).save(path)


def write_pennfudan(
    folder: Path, masks: Mapping[str, npt.ArrayLike], *, added: Sequence[str] = ()
) -> Path:
    """Write each mask with an image of its size in Penn-Fudan's layout; return the folder."""
    (folder / "PedMasks").mkdir(parents=True)
    for seed, (name, mask) in enumerate(masks.items()):
        values = np.asarray(mask, dtype=np.uint8)
        PIL.Image.fromarray(values).save(folder / "PedMasks" / f"{name}_mask.png")
        height, width = values.shape
        write_picture(folder / "PNGImages" / f"{name}.png", height=height, width=width, seed=seed)
    if added:
        lines = ["# image name (\t) object index", *added]
        (folder / "added-object-list.txt").write_text("\n".join(lines))
    return folder


def write_tiny(folder: Path, *, count: int = 10, people: int = 1) -> Path:
    """Write a Penn-Fudan folder of 64 × 96 noise images with bright upright boxes as people; return it."""
    generator = np.random.default_rng(0)
    for kind in ("PNGImages", "PedMasks"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        pixels = generator.integers(60, 90, (64, 96, 3)).astype(np.uint8)
        mask = np.zeros((64, 96), np.uint8)
        for person in range(people):
            left = 4 + 40 * person + int(generator.integers(0, 12))
            pixels[8:56, left : left + 20] = (230, 40 + 20 * person, 30)
            mask[8:56, left : left + 20] = person + 1
        PIL.Image.fromarray(pixels).save(folder / "PNGImages" / f"tiny{number:02}.png")
        PIL.Image.fromarray(mask).save(folder / "PedMasks" / f"tiny{number:02}_mask.png")
    return folder


class MemoryDataset(Dataset):
    """Annotated images held in memory; the content hash is the title."""

    def __init__(
        self,
        *images: AnnotatedImage,
        title: str = "memory",
        classes: tuple[str, ...] = ("person",),
        names: tuple[str, ...] | None = None,
        ids: CocoIds | None = None,
    ) -> None:
        self.images = {image.name: image for image in images}
        named = tuple(image.name for image in images) if names is None else names
        super().__init__(title=title, setting=title, classes=classes, names=named)
        if ids is not None:
            self.coco_ids = ids

    def read(self, name: str) -> AnnotatedImage:
        return self.images[name]

    def hash_content(self) -> str:
        return self.title


def zipped(folder: Path, archive: Path) -> Path:
    """Zip a folder, with its own name as the archive's top folder as in Penn-Fudan's zip."""
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder.parent))
    return archive


def coco_image(id: int, file: str, *, height: int = 20, width: int = 30) -> dict[str, Any]:
    """Build an entry of COCO's `images`."""
    return {"id": id, "file_name": file, "height": height, "width": width}


def coco_box(image: int, bbox: Any, *, category: int = 1, **more: Any) -> dict[str, Any]:
    """Build an entry of COCO's `annotations`."""
    return {"id": 7, "image_id": image, "category_id": category, "bbox": bbox, "iscrowd": 0} | more


def write_coco(
    file: Path,
    images: Sequence[Mapping[str, Any]],
    annotations: Sequence[Mapping[str, Any]] = (),
    *,
    categories: Mapping[int, str] | None = None,
) -> Path:
    """Write an annotation file without its images; return its path."""
    named = categories or {1: "person"}
    content = {
        "images": list(images),
        "annotations": list(annotations),
        "categories": [{"id": id, "name": name} for id, name in named.items()],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))
    return file


def write_coco_scenes(
    folder: Path, *, count: int = 4, classes: Sequence[str] = ("person",), stem: str = "scene"
) -> Path:
    """Write COCO's format with pictures of noise, two boxes of the classes in turn on each; return the folder."""
    files = [f"{stem}{number}.png" for number in range(count)]
    for number, file in enumerate(files):
        write_picture(folder / "images" / file, height=64, width=96, seed=number)
    boxes = [
        coco_box(
            number,
            [10 + 40 * side, 8, 24, 48],
            category=1 + side % len(classes),
            id=2 * number + side,
        )
        for number in range(count)
        for side in range(2)
    ]
    write_coco(
        folder / "annotations.json",
        [coco_image(number, file, height=64, width=96) for number, file in enumerate(files)],
        boxes,
        categories=dict(enumerate(classes, start=1)),
    )
    return folder
