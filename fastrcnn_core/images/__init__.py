"""Reading picture files: whatever comes in, upright 8-bit RGB comes out, or an `ImageError` in words.

Shape letters: H, W image.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from fastrcnn_core.errors import ImageError
from fastrcnn_core.images.colours import rgb
from fastrcnn_core.images.opening import called, expect_intact, opened
from fastrcnn_core.images.turning import upright, upright_size_wh
from fastrcnn_core.structures import Image


def read_image(source: Path | bytes, *, name: str = "") -> Image:
    """The picture in a file or in a file's content: its first frame, upright, on white where it is transparent.

    Args:
        source: a path, or the bytes of a file.
        name: what to call it; the path's stem if left out.

    Raises:
        ImageError: no picture, a damaged one, or one of more than 50 megapixels (found before it is decoded).
    """
    with opened(source, name) as picture:
        expect_intact(picture, source)
        picture.load()
        pixels = rgb(upright(picture))
    return Image(pixels, name or (source.stem if isinstance(source, Path) else ""))


def read_mask(source: Path | bytes, *, name: str = "") -> npt.NDArray[np.int32]:
    """The numbers that a mask file stores at its pixels, whatever colours its palette gives them: (H, W).

    Raises:
        ImageError: no picture, a damaged or too big one, or one in colours.
    """
    with opened(source, name) as picture:
        expect_intact(picture, source)
        mask = np.asarray(picture)
    if mask.ndim != 2 or mask.dtype.kind == "f":
        raise ImageError(
            f"{called(source, name)} is not a mask: it has no whole number at each pixel.",
            hint="Save it with one channel (greyscale or palette), 0 where nobody is.",
        )
    return mask.astype(np.int32)


def read_size(source: Path | bytes, *, name: str = "") -> tuple[int, int]:
    """Height and width of the upright picture, without decoding it where the format allows that.

    Raises:
        ImageError: no picture, or a too big one. Damage further back in the file is not noticed here.
    """
    with opened(source, name) as picture:
        width, height = upright_size_wh(picture)
    return height, width
