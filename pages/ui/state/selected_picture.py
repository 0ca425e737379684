"""The selected picture: its name in the session, and its content from the caches."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.errors import DataError, ImageError
from fastrcnn_core.structures import AnnotatedImage, Image
from pages.ui.cache import datasets, uploads
from pages.ui.state import sources

_NAMES = "chosen-names"


@dataclass(frozen=True, eq=False)
class Picture:
    """The picture that the visitor looks at.

    Args:
        image: its pixels.
        annotated: the same with its ground truth; None for an upload.
        dataset: where it comes from; None for an upload.
    """

    image: Image
    annotated: AnnotatedImage | None
    dataset: Dataset | None

    @property
    def name(self) -> str:
        """Name in its data set, or of the uploaded file."""
        return self.image.name

    @property
    def part(self) -> str | None:
        """Part of the split, "train" or "test"; None for an upload."""
        return self.dataset.split.part_of(self.name) if self.dataset else None

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the K classes; none for an upload."""
        return self.dataset.classes if self.dataset else ()


def chosen_picture() -> Picture:
    """Load the selected picture, or the first one of the selected source.

    Raises:
        DataError: the source cannot be opened, has no pictures, or has none of the selected name.
        ImageError: the picture cannot be read.
    """
    source = sources.chosen_source()
    name = chosen_name()
    if source.token == sources.UPLOADS:
        return _uploaded(name)
    data = datasets.opened(source.setting)
    if not data.names:
        raise DataError(f"{data.title} has no pictures.", hint="Choose other pictures.")
    annotated = datasets.annotated_image(data, name or data.names[0])
    return Picture(annotated.image, annotated, data)


def offered_names() -> tuple[str, ...]:
    """List what can be picked from the selected source: a data set's names, or the keys of this session's uploads.

    Raises:
        DataError: the source cannot be opened.
    """
    source = sources.chosen_source()
    if source.token == sources.UPLOADS:
        return sources.own_uploads()
    return datasets.opened(source.setting).names


def title(name: str) -> str:
    """Return the words on screen for a name out of `offered_names`: an upload has its file's name."""
    own = uploads.upload(name)
    return own.name if own else name


def chosen_name() -> str | None:
    """Return the name that was selected from the selected source, if any; it may not exist."""
    name: str | None = st.session_state.get(_NAMES, {}).get(sources.chosen_source().token)
    return name


def choose_name(name: str) -> None:
    """Select a picture of the selected source."""
    names = st.session_state.get(_NAMES, {})
    st.session_state[_NAMES] = {**names, sources.chosen_source().token: name}


def choose_neighbour(names: tuple[str, ...], current: str, step: int) -> None:
    """Select the picture `step` places after the current one; after the last comes the first."""
    choose_name(names[(names.index(current) + step) % len(names)])


def choose_upload(content: bytes, *, name: str) -> None:
    """Keep an uploaded file and select it. Raises ImageError."""
    key = uploads.keep_upload(content, name=name)
    sources.add_upload(key)
    sources.choose_source(sources.UPLOADS)
    choose_name(key)


def _uploaded(key: str | None) -> Picture:
    image = uploads.upload(key or next(reversed(sources.own_uploads()), ""))
    if image is None:
        raise ImageError(
            "The server has forgotten this picture.", hint="Upload it again, or choose another."
        )
    return Picture(image, None, None)
