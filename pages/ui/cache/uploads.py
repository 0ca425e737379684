"""Uploaded pictures: in the server's memory by content, never on its disk."""

from __future__ import annotations

import streamlit as st

from fastrcnn_core.images import read_image
from fastrcnn_core.structures import Image
from pages.ui.cache.memory import BytesCache

# Chosen here: some dozens of photographs; the least recently used is evicted first.
UPLOAD_BYTES = 300_000_000


def keep_upload(content: bytes, *, name: str) -> str:
    """Read an uploaded picture file, keep it, and return its key.

    Raises:
        ImageError: it is no picture, or one that cannot be used.
    """
    image = read_image(content, name=name)
    _uploads().put(image.key, image)
    return image.key


def upload(key: str) -> Image | None:
    """Return the picture with this content, if it is still in memory."""
    return _uploads().get(key)


@st.cache_resource(show_spinner=False)
def _uploads() -> BytesCache[str, Image]:
    return BytesCache(UPLOAD_BYTES, size=lambda image: image.pixels.nbytes)
