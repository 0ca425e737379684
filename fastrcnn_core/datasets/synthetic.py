"""Synthetic street scenes as a data set: made on the spot from a seed, or written as a folder in Penn-Fudan's layout."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from pathlib import Path

import numpy as np
from PIL import Image as Picture

from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.datasets.masks import Instances, instances_of
from fastrcnn_core.datasets.street.scene import draw_scene
from fastrcnn_core.errors import DataError
from fastrcnn_core.files import appearing_whole, write_text
from fastrcnn_core.structures import AnnotatedImage, Image

CLASSES = ("person",)
# Change it whenever the same numbers give another picture: caches of proposals and features go by it.
GENERATOR_VERSION = 1


def scene(seed: int, index: int) -> AnnotatedImage:
    """The street scene of these two numbers; the same on every call, whatever was drawn before."""
    pixels, people = draw_scene(seed, index)
    return _annotated(pixels, people, scene_name(index))


def empty_scene(seed: int, index: int) -> AnnotatedImage:
    """The street of `scene(seed, index)` when nobody is there."""
    pixels, people = draw_scene(seed, index, people=False)
    return _annotated(pixels, people, f"{scene_name(index)}-empty")


def scene_name(index: int) -> str:
    """scene-0001 for index 1."""
    return f"scene-{index:04d}"


def synthetic_dataset(count: int = 60, seed: int = 0) -> Dataset:
    """`count` scenes named scene-0001, scene-0002, …, each made when it is asked for."""
    return Dataset(
        title=f"Synthetic street scenes ({count}, seed {seed})",
        setting=f"synthetic:{count}:{seed}",
        classes=CLASSES,
        names=tuple(scene_name(index) for index in range(1, count + 1)),
        read=functools.partial(_read, seed),
        fingerprint=functools.partial(_fingerprint, count, seed),
    )


def write_folder(folder: Path, *, count: int, seed: int) -> Path:
    """Write scenes in Penn-Fudan's layout: PNGImages, PedMasks and Annotation.

    Returns:
        The folder.

    Raises:
        DataError: the folder has something in it, or cannot be written to.
    """
    if folder.exists() and any(folder.iterdir()):
        raise DataError(f"{folder} is not empty.", way_out="Name a new folder, or empty this one.")
    dataset = synthetic_dataset(count, seed)
    try:
        for name in dataset.names:
            _write_scene(folder, dataset.load(name))
    except OSError as error:
        raise DataError(
            f"{folder} cannot be written to ({error.strerror or error}).",
            way_out="Free some space, or choose another folder.",
        ) from error
    return folder


def _read(seed: int, name: str) -> AnnotatedImage:
    return scene(seed, int(name.removeprefix("scene-")))


def _annotated(pixels: np.ndarray, people: np.ndarray, name: str) -> AnnotatedImage:
    found: Instances = instances_of(people)
    count = len(found.boxes)
    labels = np.ones(count, np.int64)
    return AnnotatedImage(
        Image(pixels, name), found.boxes, labels, CLASSES, ("",) * count, found.map
    )


def _fingerprint(count: int, seed: int) -> str:
    """Of the numbers and of everything that turns them into pixels."""
    makers = [f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "scipy", "pillow")]
    identity = f"scenes {GENERATOR_VERSION} {count} {seed} {makers}"
    return hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()


def _write_scene(folder: Path, annotated: AnnotatedImage) -> None:
    name = annotated.name
    with appearing_whole(folder / "PNGImages" / f"{name}.png") as partial:
        Picture.fromarray(annotated.image.pixels).save(partial)
    with appearing_whole(folder / "PedMasks" / f"{name}_mask.png") as partial:
        assert annotated.instances is not None
        Picture.fromarray(annotated.instances.astype(np.uint8)).save(partial)
    write_text(folder / "Annotation" / f"{name}.txt", annotation_text(annotated))


def annotation_text(annotated: AnnotatedImage) -> str:
    """What Penn-Fudan's Annotation folder says of a picture; corners are 1-based and inclusive there."""
    image, count = annotated.image, len(annotated.boxes)
    words = " ".join(['"PASpersonWalking"'] * count)
    lines = [
        "# Compatible with PASCAL Annotation Version 1.00",
        f'Image filename : "PennFudanPed/PNGImages/{image.name}.png"',
        f"Image size (X x Y x C) : {image.width} x {image.height} x 3",
        'Database : "The Penn-Fudan-Pedestrian Database"',
        f"Objects with ground truth : {count} {{ {words} }}",
        "# Note there may be some objects not included in the ground truth list for they are severe-occluded",
        "# or have very small size.",
        "# Top left pixel co-ordinates : (1, 1)",
    ]
    for number, (x1, y1, x2, y2) in enumerate(annotated.boxes.astype(int).tolist(), start=1):
        lines += [
            f'# Details for pedestrian {number} ("PASpersonWalking")',
            f'Original label for object {number} "PASpersonWalking" : "PennFudanPed"',
            f'Bounding box for object {number} "PASpersonWalking" (Xmin, Ymin) - (Xmax, Ymax) : '
            f"({x1 + 1}, {y1 + 1}) - ({x2}, {y2})",
            f'Pixel mask for object {number} "PASpersonWalking" : "PennFudanPed/PedMasks/{image.name}_mask.png"',
            "",
        ]
    return "\n".join(lines) + "\n"
