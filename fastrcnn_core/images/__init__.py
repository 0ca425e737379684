"""Reading picture files: whatever comes in, upright 8-bit RGB comes out, or an `ImageError` in words.

Shape letters: H, W image.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageOps

from fastrcnn_core.errors import ImageError
from fastrcnn_core.images.colours import rgb
from fastrcnn_core.images.opening import called, expect_intact, opened
from fastrcnn_core.images.turning import upright, upright_size_wh
from fastrcnn_core.structures import Image

if TYPE_CHECKING:
    from torch import Tensor

# A path, a PIL image, an (H, W, 3) uint8 RGB array, or a (3, H, W) tensor: uint8, or floating point in [0, 1].
ImageLike: TypeAlias = "str | Path | Image | PIL.Image.Image | npt.NDArray[Any] | Tensor"
_ACCEPTED = (
    "Pass a path, a PIL image, an (H, W, 3) uint8 array, or a (3, H, W) tensor, uint8 or in [0, 1]."
)


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


def as_image(picture: ImageLike) -> Image:
    """Convert a picture to an `Image`: a path, a PIL image, an (H, W, 3) uint8 array or a (3, H, W) tensor.

    Raises:
        ImageError: it cannot be read, or has another shape or type.
    """
    if isinstance(picture, Image):
        return picture
    if isinstance(picture, str | Path):
        return read_image(Path(picture))
    if isinstance(picture, PIL.Image.Image):
        return Image(rgb(PIL.ImageOps.exif_transpose(picture)))
    try:
        # Whoever has a tensor has imported PyTorch; an array needs none.
        return Image(picture if isinstance(picture, np.ndarray) else _tensor_pixels(picture))
    except (ValueError, TypeError, AttributeError) as error:
        raise ImageError(f"This is no picture: {error}.", hint=_ACCEPTED) from error


def _tensor_pixels(picture: Tensor) -> npt.NDArray[np.uint8]:
    """Convert a (3, H, W) tensor, uint8 or floating point in [0, 1], to (H, W, 3) uint8 pixels."""
    if picture.ndim != 3 or picture.shape[0] != 3:
        raise ValueError(f"the tensor has the shape {tuple(picture.shape)}, not (3, H, W)")
    values = picture.detach().cpu().permute(1, 2, 0).numpy()
    if values.dtype.kind != "f":
        return values
    if not np.all((values >= 0) & (values <= 1)):
        raise ValueError("the tensor has values outside [0, 1]")
    return np.rint(values * 255).astype(np.uint8)
