"""Synthetic street scenes as a data set: made on the spot from a seed, or written in Penn-Fudan's layout."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fastrcnn_core.datasets.dataset import Annotation, Dataset
from fastrcnn_core.datasets.masks import instances_of
from fastrcnn_core.datasets.pennfudan.writing import write_pennfudan
from fastrcnn_core.datasets.street.scene import Scene, set_empty_scene, set_scene
from fastrcnn_core.structures import AnnotatedImage, Image

CLASSES = ("person",)
# Change it whenever the same numbers give another picture: what is remembered of a data set goes by it.
GENERATOR_VERSION = 3
# How many scenes a process remembers: those of the default data set, about 80 MB.
_REMEMBERED = 64


def scene(seed: int, index: int) -> AnnotatedImage:
    """The street scene of these two numbers; the same on every call, whatever was made before.

    Everybody in it is annotated: people of whom too little would be seen are not put into it.
    """
    return _annotated(set_scene(seed, index), scene_name(index))


def empty_scene(seed: int, index: int) -> AnnotatedImage:
    """The street of `scene(seed, index)` when nobody is there: an image without boxes."""
    return _annotated(set_empty_scene(seed, index), f"{scene_name(index)}-empty")


def scene_name(index: int) -> str:
    """scene-0001 for index 1."""
    return f"scene-{index:04d}"


def synthetic_dataset(count: int = 60, seed: int = 0) -> Dataset:
    """`count` scenes named scene-0001, scene-0002, …, each made when it is asked for."""
    return Dataset(
        title="Synthetic street scenes",
        setting=f"synthetic:{count}:{seed}",
        classes=CLASSES,
        names=tuple(scene_name(index) for index in range(1, count + 1)),
        read=functools.partial(_read, seed),
        fingerprint=functools.partial(_fingerprint, count, seed),
        annotate=functools.partial(_annotate, seed),
    )


def write_folder(folder: Path, *, count: int, seed: int) -> Path:
    """Write `count` scenes in Penn-Fudan's layout: PNGImages, PedMasks and Annotation.

    Raises:
        DataError: there is something in the folder already, or it cannot be written to.
    """
    return write_pennfudan(folder, synthetic_dataset(count, seed))


@functools.lru_cache(maxsize=_REMEMBERED)
def _remembered(seed: int, index: int) -> AnnotatedImage:
    return scene(seed, index)


def _read(seed: int, name: str) -> AnnotatedImage:
    return _remembered(seed, _index(name))


def _annotate(seed: int, name: str) -> Annotation:
    """All from the people's outlines: a scene is planned and set, but not painted."""
    people = set_scene(seed, _index(name)).people()
    height, width = people.shape
    return Annotation(name, height, width, *_found(people)[:3])


def _index(name: str) -> int:
    return int(name.removeprefix("scene-"))


def _found(
    people: npt.NDArray[np.int32],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], tuple[str, ...]]:
    """Boxes, labels and tags of the people in a mask."""
    boxes = instances_of(people).boxes
    return boxes, np.ones(len(boxes), np.int64), ("",) * len(boxes)


def _annotated(made: Scene, name: str) -> AnnotatedImage:
    people = made.people()
    boxes, labels, tags = _found(people)
    return AnnotatedImage(Image(made.photograph(), name), boxes, labels, CLASSES, tags, people)


def _fingerprint(count: int, seed: int) -> str:
    """Of the numbers, and of everything that turns them into pixels."""
    makers = [f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "scipy", "pillow")]
    identity = f"scenes {GENERATOR_VERSION} {count} {seed} {makers}"
    return hashlib.blake2b(identity.encode(), digest_size=16).hexdigest()
