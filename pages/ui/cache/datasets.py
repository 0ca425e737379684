"""Opened data sets, their images and their annotations, opened again when their files have changed on disk."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from weakref import WeakKeyDictionary

import streamlit as st

from fastrcnn_core.datasets import SEPARATOR, is_synthetic, open_dataset
from fastrcnn_core.datasets.dataset import Annotation, Dataset
from fastrcnn_core.structures import AnnotatedImage
from pages.ui.cache.memory import BytesCache

# Chosen here: a class looks at some dozens of pictures at a time.
PICTURE_BYTES = 200_000_000
# Below a data set's folder: PennFudanPed/PNGImages, images/train.
_LEVELS = 2
_STAMPS = "stamps-of-this-rerun"
_stamps: WeakKeyDictionary[Dataset, str] = WeakKeyDictionary()


def look_again() -> None:
    """Forget which files there were, so that this rerun looks at the disk, once. Called first by the side bar."""
    st.session_state[_STAMPS] = {}


def opened(setting: str) -> Dataset:
    """Open a data set once, and again when a file of it has changed. Raises DataError."""
    stamps: dict[str, str] | None = st.session_state.get(_STAMPS)
    if stamps is None:  # outside of a page, such as in a test
        return _opened(setting, stamp(setting))
    if setting not in stamps:
        stamps[setting] = stamp(setting)
    return _opened(setting, stamps[setting])


def annotated_image(data: Dataset, name: str) -> AnnotatedImage:
    """Load an image of a data set, from memory while there is room. Raises DataError, ImageError."""
    key = (data.setting, stamp_of(data), name)
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
    cached = _annotations(data.setting, stamp_of(data))
    for name in data.names:
        if name not in cached:
            cached[name] = data.annotation(name)
            progress(len(cached), len(data))
    return tuple(cached[name] for name in data.names)


def stamp_of(data: Dataset) -> str:
    """Return the stamp under which a data set was opened; that of now for one that was opened elsewhere."""
    return _stamps.get(data) or stamp(data.setting)


def stamp(setting: str) -> str:
    """Digest the names, sizes and times of change of a data set's files; what cannot be looked at is left out."""
    digest = hashlib.blake2b(digest_size=16)
    parts = [setting] if os.path.exists(setting) else setting.split(SEPARATOR)
    for part in parts:
        if not is_synthetic(part):
            for path, size, changed in _files(_folder(os.path.expanduser(part)), _LEVELS):
                digest.update(f"{path}\n{size} {changed}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _folder(path: str) -> str:
    """Return the folder that a setting names, or that of its annotation file."""
    if os.path.isdir(path):
        return path
    parent = os.path.dirname(path)
    return os.path.dirname(parent) if os.path.basename(parent) == "annotations" else parent


def _files(folder: str, levels: int) -> Iterator[tuple[str, int, int]]:
    """Yield path, size and time of change of the files in a folder and in so many levels of folders below it."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except (OSError, ValueError):  # no such folder, or none that may be listed: opening it says so
        return
    for entry in entries:
        try:
            if entry.is_dir():
                if levels:
                    yield from _files(entry.path, levels - 1)
                continue
            facts = entry.stat()
        except OSError:  # it went while we looked, or leads nowhere
            continue
        yield entry.path, facts.st_size, facts.st_mtime_ns


@st.cache_resource(max_entries=6, show_spinner=False)
def _annotations(setting: str, stamp: str) -> dict[str, Annotation]:
    """Return a data set's annotations by name, as far as they have been read; entries are only added."""
    return {}


@st.cache_resource(max_entries=6, show_spinner="Opening the data set…")
def _opened(setting: str, stamp: str) -> Dataset:
    data = open_dataset(setting)
    _stamps[data] = stamp
    return data


@st.cache_resource(show_spinner=False)
def _pictures() -> BytesCache[tuple[str, str, str], AnnotatedImage]:
    return BytesCache(PICTURE_BYTES, size=_bytes)


def _bytes(annotated: AnnotatedImage) -> int:
    instances = 0 if annotated.instances is None else annotated.instances.nbytes
    return annotated.image.pixels.nbytes + instances
