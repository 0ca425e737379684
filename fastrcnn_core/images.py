"""Reading of picture files: any format in, upright 8-bit RGB out, or an `ImageError` in words.

Shape letters: H, W image.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import PIL.Image
from PIL import ImageOps

from fastrcnn_core.errors import ImageError
from fastrcnn_core.structures import Image, Pixels

if TYPE_CHECKING:
    from torch import Tensor

# Chosen here: 50 megapixels are 150 MB of RGB, more than most cameras make and as much as a laptop can bear.
MAX_PIXELS = 50_000_000

# Pictures and nothing else: Pillow's other readers start programs (EPS) or read drawings, and uploads go through here.
FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM")

# What their files are called; other names are read as well, if their content is one of `FORMATS`.
IMAGE_ENDINGS = frozenset(
    f".{ending}"
    for ending in [
        "png",
        "jpg",
        "jpeg",
        "webp",
        "gif",
        "bmp",
        "tif",
        "tiff",
        "avif",
        "jp2",
        "ppm",
        "pgm",
    ]
)

# A path, a PIL image, an (H, W, 3) uint8 RGB array, or a (3, H, W) tensor: uint8, or floating point in [0, 1].
ImageLike: TypeAlias = "str | Path | Image | PIL.Image.Image | npt.NDArray[Any] | Tensor"
_ACCEPTED = (
    "Pass a path, a PIL image, an (H, W, 3) uint8 array, or a (3, H, W) tensor, uint8 or in [0, 1]."
)

_ORIENTATION = 274  # EXIF 2.32, tag 274: how the camera was held
_SIDEWAYS = (5, 6, 7, 8)


def read_image(source: Path | bytes, *, name: str = "") -> Image:
    """Read the picture in a file or in a file's content: its first frame, upright, on white where transparent.

    Args:
        source: a path, or the bytes of a file.
        name: of the image; the path's stem if left out.

    Raises:
        ImageError: no picture, a damaged one, or one of more than 50 megapixels (found before it is decoded).
    """
    with _opened(source, name) as picture:
        _expect_intact(picture, source)
        picture.load()
        pixels = _to_rgb(_upright(picture))
    return Image(pixels, name or (source.stem if isinstance(source, Path) else ""))


def read_mask(source: Path | bytes, *, name: str = "") -> npt.NDArray[np.int32]:
    """Read the numbers that a mask file stores at its pixels, whatever colours its palette gives them: (H, W).

    Raises:
        ImageError: no picture, a damaged or too big one, or one in colours.
    """
    with _opened(source, name) as picture:
        _expect_intact(picture, source)
        mask = np.asarray(picture)
    if mask.ndim != 2 or mask.dtype.kind == "f":
        raise ImageError(
            f"{_label(source, name)} is not a mask: it has no whole number at each pixel.",
            hint="Save it with one channel (greyscale or palette), 0 for the background.",
        )
    return mask.astype(np.int32)


def read_size(source: Path | bytes, *, name: str = "") -> tuple[int, int]:
    """Read height and width of the upright picture, without decoding it where the format allows that.

    Raises:
        ImageError: no picture, or a too big one. Damage further back in the file is not noticed here.
    """
    with _opened(source, name) as picture:
        width, height = picture.size
        # Pillow turns TIFF files when it opens them.
        sideways = picture.format != "TIFF" and _orientation(picture) in _SIDEWAYS
    return (width, height) if sideways else (height, width)


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
        return Image(_to_rgb(_upright(picture)))
    try:
        # A tensor implies that PyTorch is imported; an array needs none of it.
        return Image(picture if isinstance(picture, np.ndarray) else _tensor_pixels(picture))
    except (ValueError, TypeError, AttributeError) as error:
        raise ImageError(f"This is no picture: {error}.", hint=_ACCEPTED) from error


@contextmanager
def _opened(source: Path | bytes, name: str) -> Iterator[PIL.Image.Image]:
    """Yield the recognised, not yet decoded picture; errors in the block become an `ImageError`."""
    label = _label(source, name)
    _expect_file(source, label)
    try:
        with PIL.Image.open(_file(source), formats=_readable_formats()) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise _too_big(label, f"{picture.width * picture.height / 1e6:.0f}")
            yield picture
    except ImageError:
        raise
    except PIL.UnidentifiedImageError as error:
        raise ImageError(
            f"{label} is no picture, or one in a format that is not known here.",
            hint="Save it as PNG or JPEG and try again.",
        ) from error
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning) as error:
        raise _too_big(label, "far too many") from error
    except Exception as error:  # the decoders raise a dozen types, depending on the damage
        raise ImageError(
            f"{label} is damaged and cannot be read to its end ({error}).",
            hint="Get the file again, or open it in a picture program and save it anew.",
        ) from error


def _upright(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Turn a decoded picture as its EXIF data says; damaged EXIF data counts as upright, as in browsers."""
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # Pillow raises a dozen types; none is a reason to refuse the picture
        return picture


def _orientation(picture: PIL.Image.Image) -> int:
    try:
        return int(picture.getexif().get(_ORIENTATION, 1))
    except Exception:  # as in `_upright`
        return 1


def _to_rgb(picture: PIL.Image.Image) -> Pixels:
    """Convert a decoded picture of any mode to (H, W, 3) uint8, on white where it is transparent."""
    if picture.mode.startswith(("I", "F")):
        return np.repeat(_scaled_to_8_bit(np.asarray(picture))[:, :, None], 3, axis=2)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = PIL.Image.new("RGBA", picture.size, "white")
        picture = PIL.Image.alpha_composite(white, picture)
    return np.asarray(picture.convert("RGB"))


def _scaled_to_8_bit(values: npt.NDArray[np.generic]) -> Pixels:
    """Scale deeper grey values to [0, 255]: by the bits in use if they fit 16, others by the values that occur."""
    grey = np.nan_to_num(values.astype(np.float64))
    low = 0.0
    # Many cameras write 10 or 12 bits into a 16-bit file, which would be nearly black by the range of 16.
    high = next((2.0**bits - 1 for bits in (8, 10, 12) if grey.max() < 2**bits), 65535.0)
    if grey.min() < low or grey.max() > high or values.dtype.kind == "f":
        low, high = grey.min(), grey.max()
    return np.rint((grey - low) * (255 / max(high - low, 1e-9))).astype(np.uint8)


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


def _expect_file(source: Path | bytes, label: str) -> None:
    if isinstance(source, Path) and not source.is_file():
        raise ImageError(f"There is no file {source}.", hint="Check the path.")
    if not (source if isinstance(source, bytes) else source.stat().st_size):
        raise ImageError(f"{label} is an empty file.", hint="Get the file again.")


def _expect_intact(picture: PIL.Image.Image, source: Path | bytes) -> None:
    """Compare a PNG file's checksums, which decoding does not: a download padded with zeros has a grey half."""
    if picture.format == "PNG":
        with PIL.Image.open(_file(source), formats=["PNG"]) as anew:
            anew.verify()


def _too_big(label: str, megapixels: str) -> ImageError:
    return ImageError(
        f"{label} has {megapixels} megapixels: more than {MAX_PIXELS // 1_000_000} would fill the memory.",
        hint="Make it smaller, to 2000 pixels a side for example, and try again.",
    )


def _label(source: Path | bytes, name: str) -> str:
    """Return the picture's name for the start of a sentence."""
    return name or (source.name if isinstance(source, Path) else "The picture")


def _file(source: Path | bytes) -> Path | io.BytesIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source


def _readable_formats() -> list[str]:
    """List those of `FORMATS` that this build of Pillow can read."""
    PIL.Image.init()
    return [name for name in FORMATS if name in PIL.Image.OPEN]
