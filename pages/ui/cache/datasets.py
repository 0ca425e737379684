"""Opened data sets, their images and their annotations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from fastrcnn_core.datasets import is_synthetic, open_dataset
from fastrcnn_core.datasets.dataset import Annotation, Dataset
from fastrcnn_core.structures import AnnotatedImage
from pages.ui.cache.memory import BytesCache

# Chosen here: a class looks at some dozens of pictures at a time.
PICTURE_BYTES = 200_000_000


def opened(setting: str) -> Dataset:
    """Open a data set once, and again when its folder has changed. Raises DataError."""
    return _opened(setting, stamp(setting))


def annotated_image(data: Dataset, name: str) -> AnnotatedImage:
    """Load an image of a data set, from memory while there is room. Raises DataError, ImageError."""
    key = (data.setting, stamp(data.setting), name)
    return _pictures().get_or_make(key, lambda: data.load(name))


def all_annotations(
    data: Dataset, *, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[Annotation, ...]:
    """Read every picture's annotation, in the order of the names; none is read twice.

    Args:
        progress: called with (pictures so far, pictures in all) while annotations are read.

    Raises:
        DataError, ImageError: an annotation cannot be read.
    """
    cached = _annotations(data.setting, stamp(data.setting))
    for name in data.names:
        if name not in cached:
            cached[name] = data.annotation(name)
            progress(len(cached), len(data))
    return tuple(cached[name] for name in data.names)


def stamp(setting: str) -> float:
    """Return when the folder, or one directly in it, was last changed; 0 for what is no folder."""
    folder = Path(setting)
    if is_synthetic(setting) or not folder.is_dir():
        return 0.0
    return max(path.stat().st_mtime for path in [folder, *filter(Path.is_dir, folder.iterdir())])


@st.cache_resource(max_entries=6, show_spinner=False)
def _annotations(setting: str, stamp: float) -> dict[str, Annotation]:
    """Return a data set's annotations by name, as far as they have been read; entries are only added."""
    return {}


@st.cache_resource(max_entries=6, show_spinner="Opening the data set…")
def _opened(setting: str, stamp: float) -> Dataset:
    return open_dataset(setting)


@st.cache_resource(show_spinner=False)
def _pictures() -> BytesCache[tuple[str, float, str], AnnotatedImage]:
    return BytesCache(PICTURE_BYTES, size=_bytes)


def _bytes(annotated: AnnotatedImage) -> int:
    instances = 0 if annotated.instances is None else annotated.instances.nbytes
    return annotated.image.pixels.nbytes + instances
