"""Data sets, pictures and proposals, remembered by content."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import PIL.Image
import PIL.ImageDraw
import streamlit as st

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.datasets.dataset import Annotation, Dataset
from fastrcnn_core.errors import DataError, ImageError
from fastrcnn_core.proposals import ProposalStore
from fastrcnn_core.structures import AnnotatedImage, FloatArray, Image
from pages.ui.palette import GREEN
from pages.ui.resources import choice, uploads
from pages.ui.resources.memory import Bounded

# Chosen here: a class looks at some dozens of pictures at a time.
PICTURE_BYTES = 200_000_000
# More than a screen shows; a photograph of 50 megapixels would fill the wire.
SHOWN_SIDE = 1600
NEAREST = PIL.Image.Resampling.NEAREST  # each pixel stays a square
# A thumbnail's largest width and height, twice what the page shows, for sharp screens.
SMALL = (480, 400)
# Below this many pixels every single one may be looked at, so none may be blurred by JPEG.
LOSSLESS_PIXELS = 40_000

_BY_KEY: dict[str | type, Callable[[Any], Any]] = {
    Image: lambda image: image.key,
    ProposalConfig: repr,
}


@dataclass(frozen=True, eq=False)
class Picture:
    """The picture that the visitor looks at.

    Args:
        image: its pixels.
        annotated: the same with its ground truth; None for a visitor's own picture.
        dataset: where it comes from; None for a visitor's own picture.
    """

    image: Image
    annotated: AnnotatedImage | None
    dataset: Dataset | None

    @property
    def name(self) -> str:
        return self.image.name

    @property
    def part(self) -> str | None:
        """ "train" or "test"; None for a visitor's own picture."""
        return self.dataset.split.part_of(self.name) if self.dataset else None

    @property
    def classes(self) -> tuple[str, ...]:
        """The K names; a visitor's own picture has none."""
        return self.dataset.classes if self.dataset else ()


def dataset(source: choice.Source) -> Dataset:
    """The source's data set, opened once and again when its folder changes. Raises DataError."""
    return _opened(source.setting, _stamp(source.setting))


def chosen_picture() -> Picture:
    """What the visitor chose, or the first picture there is.

    Raises:
        DataError: the source cannot be opened, has no pictures, or has none of the chosen name.
        ImageError: the picture cannot be read.
    """
    source = choice.chosen_source()
    name = choice.chosen_name()
    if source.token == choice.UPLOADS:
        return _own_picture(name)
    data = dataset(source)
    if not data.names:
        raise DataError(f"{data.title} has no pictures.", hint="Choose other pictures.")
    annotated = annotated_image(data, name or data.names[0])
    return Picture(annotated.image, annotated, data)


def names() -> tuple[str, ...]:
    """What can be picked from the chosen source: the data set's names, or the keys of the visitor's own pictures.

    Raises:
        DataError: the source cannot be opened.
    """
    source = choice.chosen_source()
    return uploads.own_uploads() if source.token == choice.UPLOADS else dataset(source).names


def title(name: str) -> str:
    """What people call the picture that `names` calls so."""
    own = uploads.upload(name)
    return own.name if own else name


def annotated_image(data: Dataset, name: str) -> AnnotatedImage:
    """The data set's image of this name, remembered while there is room. Raises DataError, ImageError."""
    key = (data.setting, _stamp(data.setting), name)
    return _pictures().get_or_make(key, lambda: data.load(name))


def all_annotations(
    data: Dataset, *, progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[Annotation, ...]:
    """Every picture's annotation, in the order of the names; what was read once is not read again.

    Args:
        progress: called with (pictures so far, pictures in all) while annotations are read.

    Raises:
        DataError, ImageError: an annotation that cannot be read.
    """
    known = _known_annotations(data.setting, _stamp(data.setting))
    for name in data.names:
        if name not in known:
            known[name] = _annotation(data, name)
            progress(len(known), len(data))
    return tuple(known[name] for name in data.names)


def _annotation(data: Dataset, name: str) -> Annotation:
    """Where an annotation costs a whole picture, the picture is kept, too."""
    if data.annotate is not None:
        return data.annotation(name)
    return Annotation.of(annotated_image(data, name))


@st.cache_resource(max_entries=6, show_spinner=False)
def _known_annotations(setting: str, stamp: float) -> dict[str, Annotation]:
    """A data set's annotations by name, as far as they have been read; grows, and nothing in it ever changes."""
    return {}


@st.cache_resource(
    max_entries=64,
    hash_funcs=_BY_KEY,
    show_spinner="Searching for proposals… (the first time also compiles the search)",
)
def proposals(image: Image, config: ProposalConfig) -> FloatArray:
    """The picture's proposals, (P, 4) float32, best first: from memory, from disk, or computed now. Never changed."""
    boxes = ProposalStore().get(image, config)
    boxes.setflags(write=False)
    return boxes


@st.cache_data(max_entries=48, hash_funcs=_BY_KEY, show_spinner=False)
def encoded(image: Image) -> str:
    """The picture as a data URI for figures: at most 1600 pixels a side; small pictures pixel by pixel."""
    shown = PIL.Image.fromarray(image.pixels)
    if image.width * image.height <= LOSSLESS_PIXELS:
        factor = max(1, SHOWN_SIDE // 2 // max(image.width, image.height))
        return _data_uri(
            shown.resize((image.width * factor, image.height * factor), NEAREST), "PNG"
        )
    shown.thumbnail((SHOWN_SIDE, SHOWN_SIDE), PIL.Image.Resampling.LANCZOS, reducing_gap=2.0)
    return _data_uri(shown, "JPEG", quality=90)


def thumbnail(data: Dataset, name: str) -> bytes:
    """A small JPEG of the picture with its ground truth, for lists. Raises DataError, ImageError."""
    return _thumbnail(data.setting, _stamp(data.setting), name)


@st.cache_data(max_entries=600, show_spinner=False)
def _thumbnail(setting: str, stamp: float, name: str) -> bytes:
    annotated = annotated_image(_opened(setting, stamp), name)
    return small(annotated.image, annotated.boxes, colour=GREEN)


def small(image: Image, boxes: FloatArray, *, colour: str) -> bytes:
    """A small JPEG of the picture with boxes of one colour, for lists and overviews."""
    shown = PIL.Image.fromarray(image.pixels)
    shown.thumbnail(SMALL, PIL.Image.Resampling.LANCZOS, reducing_gap=2.0)
    pen = PIL.ImageDraw.Draw(shown)
    scale = shown.width / image.width
    for x1, y1, x2, y2 in (boxes * scale).tolist():
        pen.rectangle((x1, y1, max(x1, x2 - 1), max(y1, y2 - 1)), outline=colour, width=2)
    content = io.BytesIO()
    shown.save(content, "JPEG", quality=85)
    return content.getvalue()


def _own_picture(key: str | None) -> Picture:
    image = uploads.upload(key or next(reversed(uploads.own_uploads()), ""))
    if image is None:
        raise ImageError(
            "The server has forgotten this picture.", hint="Upload it again, or choose another."
        )
    return Picture(image, None, None)


@st.cache_resource(max_entries=6, show_spinner="Opening the data set…")
def _opened(setting: str, stamp: float) -> Dataset:
    return open_dataset(setting)


@st.cache_resource(show_spinner=False)
def _pictures() -> Bounded[tuple[str, float, str], AnnotatedImage]:
    return Bounded(PICTURE_BYTES, size=_bytes)


def _bytes(annotated: AnnotatedImage) -> int:
    instances = 0 if annotated.instances is None else annotated.instances.nbytes
    return annotated.image.pixels.nbytes + instances


def _stamp(setting: str) -> float:
    """When the folder, or one directly in it, was last changed; 0 for what is no folder."""
    folder = Path(setting)
    if setting.startswith("synthetic") or not folder.is_dir():
        return 0.0
    return max(path.stat().st_mtime for path in [folder, *filter(Path.is_dir, folder.iterdir())])


def _data_uri(picture: PIL.Image.Image, kind: str, **options: int) -> str:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(content.getvalue()).decode()}"
