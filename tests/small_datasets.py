"""Data sets of a few pixels, written to disk for the tests of everything that reads one."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image


def write_picture(path: Path, *, height: int, width: int, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    PIL.Image.fromarray(pixels).save(path)


def write_pennfudan(
    folder: Path, masks: Mapping[str, npt.ArrayLike], *, added: Sequence[str] = ()
) -> Path:
    """A folder in Penn-Fudan's layout: each mask, and a picture of its size."""
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


def zipped(folder: Path, archive: Path) -> Path:
    """A zip file with the folder in it, as Penn-Fudan's has PennFudanPed."""
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(folder.rglob("*")):
            file.write(path, path.relative_to(folder.parent))
    return archive


def coco_image(id: int, file: str, *, height: int = 20, width: int = 30) -> dict[str, Any]:
    return {"id": id, "file_name": file, "height": height, "width": width}


def coco_box(image: int, bbox: Any, *, category: int = 1, **more: Any) -> dict[str, Any]:
    return {"id": 7, "image_id": image, "category_id": category, "bbox": bbox, "iscrowd": 0} | more


def write_coco(
    file: Path,
    images: Sequence[Mapping[str, Any]],
    annotations: Sequence[Mapping[str, Any]] = (),
    *,
    categories: Mapping[int, str] | None = None,
) -> Path:
    """An annotation file; the pictures are not written."""
    named = categories or {1: "person"}
    content = {
        "images": list(images),
        "annotations": list(annotations),
        "categories": [{"id": id, "name": name} for id, name in named.items()],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))
    return file
