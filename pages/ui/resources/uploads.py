"""Pictures that visitors brought along: in the server's memory by content, never on its disk."""

from __future__ import annotations

import streamlit as st

from fastrcnn_core.images import read_image
from fastrcnn_core.structures import Image
from pages.ui.resources.memory import Bounded

# Chosen here: some dozens of photographs; what was shown least recently is forgotten first.
UPLOAD_BYTES = 300_000_000
_OWN = "own-uploads"


def keep_upload(content: bytes, *, name: str) -> str:
    """Read a picture file that was uploaded, keep it, and answer with its key.

    Raises:
        ImageError: it is no picture, or one that cannot be used.
    """
    image = read_image(content, name=name)
    _shelf().put(image.key, image)
    st.session_state[_OWN] = (*(key for key in own_uploads() if key != image.key), image.key)
    return image.key


def adopt_upload(key: str) -> bool:
    """Take a picture that a link names by its content into this session, if the server still has it."""
    if _shelf().get(key) is None:
        return False
    if key not in own_uploads():
        st.session_state[_OWN] = (*own_uploads(), key)
    return True


def own_uploads() -> tuple[str, ...]:
    """The keys of this session's pictures that are still in memory, oldest first."""
    known: tuple[str, ...] = st.session_state.get(_OWN, ())
    return tuple(key for key in known if _shelf().get(key) is not None)


def upload(key: str) -> Image | None:
    """The picture with this content, if it is still in memory."""
    return _shelf().get(key)


@st.cache_resource(show_spinner=False)
def _shelf() -> Bounded[str, Image]:
    return Bounded(UPLOAD_BYTES, size=lambda image: image.pixels.nbytes)
