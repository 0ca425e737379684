"""Encoded pictures for the browser: data URIs for figures, thumbnails for lists."""

from __future__ import annotations

import base64
import io

import PIL.Image
import PIL.ImageDraw
import streamlit as st

from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.structures import FloatArray, Image
from pages.ui.cache import datasets

# More than a screen shows; a photograph of 50 megapixels would fill the wire.
SHOWN_SIDE = 1600
NEAREST = PIL.Image.Resampling.NEAREST  # each pixel stays a square
# A thumbnail's largest width and height, twice what the page shows, for sharp screens.
SMALL = (480, 400)
# Below this many pixels every single one may be looked at, so none may be blurred by JPEG.
LOSSLESS_PIXELS = 40_000


@st.cache_data(max_entries=48, hash_funcs={Image: lambda image: image.key}, show_spinner=False)
def data_uri(image: Image) -> str:
    """Encode a picture for a figure: at most 1600 pixels a side; small pictures pixel by pixel."""
    shown = PIL.Image.fromarray(image.pixels)
    if image.width * image.height <= LOSSLESS_PIXELS:
        factor = max(1, SHOWN_SIDE // 2 // max(image.width, image.height))
        return _data_uri(
            shown.resize((image.width * factor, image.height * factor), NEAREST), "PNG"
        )
    shown.thumbnail((SHOWN_SIDE, SHOWN_SIDE), PIL.Image.Resampling.LANCZOS, reducing_gap=2.0)
    return _data_uri(shown, "JPEG", quality=90)


def thumbnail(data: Dataset, name: str, *, colour: str) -> bytes:
    """Draw a small JPEG of a picture with its ground truth in a colour. Raises DataError, ImageError."""
    return _thumbnail(data.setting, datasets.stamp_of(data), name, colour, data)


@st.cache_data(max_entries=600, show_spinner=False)
def _thumbnail(setting: str, stamp: str, name: str, colour: str, _data: Dataset) -> bytes:
    annotated = datasets.annotated_image(_data, name)
    return small_jpeg(annotated.image, annotated.boxes, colour=colour)


def small_jpeg(image: Image, boxes: FloatArray, *, colour: str) -> bytes:
    """Draw a small JPEG of a picture with (N, 4) boxes of one colour, for lists and overviews."""
    shown = PIL.Image.fromarray(image.pixels)
    shown.thumbnail(SMALL, PIL.Image.Resampling.LANCZOS, reducing_gap=2.0)
    pen = PIL.ImageDraw.Draw(shown)
    scale = shown.width / image.width
    for x1, y1, x2, y2 in (boxes * scale).tolist():
        pen.rectangle((x1, y1, max(x1, x2 - 1), max(y1, y2 - 1)), outline=colour, width=2)
    content = io.BytesIO()
    shown.save(content, "JPEG", quality=85)
    return content.getvalue()


def _data_uri(picture: PIL.Image.Image, kind: str, **options: int) -> str:
    content = io.BytesIO()
    picture.save(content, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(content.getvalue()).decode()}"
