"""Reading picture files: whatever comes in, upright 8-bit RGB comes out, or an `ImageError` in words.

Shape letters: H, W image.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageOps

from fastrcnn_core.errors import ImageError
from fastrcnn_core.structures import Image, Pixels

# Chosen here: 50 megapixels are 150 MB of RGB, more than most cameras make and as much as a laptop can bear.
MAX_PIXELS = 50_000_000

# Pictures and nothing else: Pillow's other readers start programs (EPS) or read drawings, and uploads go through here.
FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM")

_EXIF_ORIENTATION = 0x0112
_SIDEWAYS = (5, 6, 7, 8)  # the EXIF orientations that exchange height and width


def read_image(source: Path | bytes, *, name: str = "") -> Image:
    """The picture in a file or in a file's content: its first frame, upright, on white where it is transparent.

    Args:
        source: a path, or the bytes of a file.
        name: what to call it; the path's stem if left out.

    Raises:
        ImageError: no picture, a damaged one, or one of more than 50 megapixels (found before it is decoded).
    """
    with _opened(source, name) as picture:
        picture.load()
        pixels = _rgb(_upright(picture))
    return Image(pixels, name or _stem(source))


def read_mask(source: Path | bytes, *, name: str = "") -> npt.NDArray[np.int32]:
    """The numbers that a mask file stores at its pixels, whatever colours its palette gives them: (H, W).

    Raises:
        ImageError: no picture, a damaged or too big one, or one in colours.
    """
    with _opened(source, name) as picture:
        mask = np.asarray(picture)
    if mask.ndim != 2 or mask.dtype.kind == "f":
        raise ImageError(
            f"{_called(source, name)} is not a mask: it has no whole number at each pixel.",
            way_out="Save it with one channel (greyscale or palette), 0 where nobody is.",
        )
    return mask.astype(np.int32)


def read_size(source: Path | bytes, *, name: str = "") -> tuple[int, int]:
    """Height and width of the upright picture, from the file's first bytes.

    Raises:
        ImageError: no picture, or a too big one. Damage further back in the file is not noticed here.
    """
    with _opened(source, name) as picture:
        width, height = picture.size
        return (width, height) if _orientation(picture) in _SIDEWAYS else (height, width)


@contextmanager
def _opened(source: Path | bytes, name: str) -> Iterator[PIL.Image.Image]:
    """The recognised, not yet decoded picture; what goes wrong in the block becomes an `ImageError`."""
    called = _called(source, name)
    _expect_file(source, called)
    try:
        file = io.BytesIO(source) if isinstance(source, bytes) else source
        with PIL.Image.open(file, formats=_known_formats()) as picture:
            _expect_bearable(picture, called)
            yield picture
    except ImageError:
        raise
    except PIL.UnidentifiedImageError as error:
        raise ImageError(
            f"{called} is no picture, or one in a format that is not known here.",
            way_out="Save it as PNG or JPEG and try again.",
        ) from error
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning) as error:
        raise _too_big(called, "far more") from error
    except Exception as error:  # the decoders raise a dozen types, depending on the format and the damage
        raise ImageError(
            f"{called} is damaged and cannot be read to its end ({error}).",
            way_out="Get the file again, or open it in a picture program and save it anew.",
        ) from error


def _expect_file(source: Path | bytes, called: str) -> None:
    if isinstance(source, Path) and not source.is_file():
        raise ImageError(f"There is no file {source}.", way_out="Check the path.")
    if not (source if isinstance(source, bytes) else source.stat().st_size):
        raise ImageError(f"{called} is an empty file.", way_out="Get the file again.")


def _expect_bearable(picture: PIL.Image.Image, called: str) -> None:
    count = picture.width * picture.height
    if count > MAX_PIXELS:
        raise _too_big(called, f"{count / 1e6:.0f}")


def _too_big(called: str, megapixels: str) -> ImageError:
    return ImageError(
        f"{called} has {megapixels} megapixels: more than {MAX_PIXELS // 1_000_000} would fill the memory.",
        way_out="Make it smaller, to 2000 pixels a side for example, and try again.",
    )


def _known_formats() -> list[str]:
    """Those of `FORMATS` that this build of Pillow can read."""
    PIL.Image.init()
    return [name for name in FORMATS if name in PIL.Image.OPEN]


def _orientation(picture: PIL.Image.Image) -> int:
    """How the camera was held, by EXIF; 1 is upright, and so is a picture whose EXIF data is damaged."""
    try:
        return int(picture.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # as browsers do: damaged EXIF data is no reason to refuse the picture
        return 1


def _upright(picture: PIL.Image.Image) -> PIL.Image.Image:
    return picture if _orientation(picture) == 1 else PIL.ImageOps.exif_transpose(picture)


def _rgb(picture: PIL.Image.Image) -> Pixels:
    """(H, W, 3) uint8 of a decoded picture of any mode."""
    if picture.mode.startswith(("I", "F")):
        return np.repeat(_eight_bit(np.asarray(picture))[:, :, None], 3, axis=2)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = PIL.Image.new("RGBA", picture.size, "white")
        picture = PIL.Image.alpha_composite(white, picture)
    return np.asarray(picture.convert("RGB"))


def _eight_bit(values: npt.NDArray[np.generic]) -> Pixels:
    """Deeper grey values scaled to [0, 255]: 16-bit ones by their range, others by the values that occur."""
    grey = np.nan_to_num(values.astype(np.float64))
    low, high = 0.0, 65535.0
    if grey.min() < low or grey.max() > high or values.dtype.kind == "f":
        low, high = grey.min(), grey.max()
    return np.rint((grey - low) * (255 / max(high - low, 1e-9))).astype(np.uint8)


def _stem(source: Path | bytes) -> str:
    return source.stem if isinstance(source, Path) else ""


def _called(source: Path | bytes, name: str) -> str:
    """The picture's name at the start of a sentence."""
    return name or (source.name if isinstance(source, Path) else "The picture")
