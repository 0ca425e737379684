"""Opening a picture file that nobody vouches for, before anything of it is decoded."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import PIL.Image

from fastrcnn_core.errors import ImageError

# Chosen here: 50 megapixels are 150 MB of RGB, more than most cameras make and as much as a laptop can bear.
MAX_PIXELS = 50_000_000

# Pictures and nothing else: Pillow's other readers start programs (EPS) or read drawings, and uploads go through here.
FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM")


@contextmanager
def opened(source: Path | bytes, name: str) -> Iterator[PIL.Image.Image]:
    """The recognised, not yet decoded picture; what goes wrong in the block becomes an `ImageError`."""
    who = called(source, name)
    _expect_file(source, who)
    try:
        with PIL.Image.open(_file(source), formats=_known_formats()) as picture:
            _expect_bearable(picture, who)
            yield picture
    except ImageError:
        raise
    except PIL.UnidentifiedImageError as error:
        raise ImageError(
            f"{who} is no picture, or one in a format that is not known here.",
            hint="Save it as PNG or JPEG and try again.",
        ) from error
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning) as error:
        raise _too_big(who, "far too many") from error
    except Exception as error:  # the decoders raise a dozen types, depending on the damage
        raise ImageError(
            f"{who} is damaged and cannot be read to its end ({error}).",
            hint="Get the file again, or open it in a picture program and save it anew.",
        ) from error


def expect_intact(picture: PIL.Image.Image, source: Path | bytes) -> None:
    """Compare a PNG file's checksums, which decoding does not: a download padded with zeros has a grey half."""
    if picture.format == "PNG":
        with PIL.Image.open(_file(source), formats=["PNG"]) as anew:
            anew.verify()


def called(source: Path | bytes, name: str) -> str:
    """The picture's name at the start of a sentence."""
    return name or (source.name if isinstance(source, Path) else "The picture")


def _expect_file(source: Path | bytes, who: str) -> None:
    if isinstance(source, Path) and not source.is_file():
        raise ImageError(f"There is no file {source}.", hint="Check the path.")
    if not (source if isinstance(source, bytes) else source.stat().st_size):
        raise ImageError(f"{who} is an empty file.", hint="Get the file again.")


def _expect_bearable(picture: PIL.Image.Image, who: str) -> None:
    count = picture.width * picture.height
    if count > MAX_PIXELS:
        raise _too_big(who, f"{count / 1e6:.0f}")


def _too_big(who: str, megapixels: str) -> ImageError:
    return ImageError(
        f"{who} has {megapixels} megapixels: more than {MAX_PIXELS // 1_000_000} would fill the memory.",
        hint="Make it smaller, to 2000 pixels a side for example, and try again.",
    )


def _file(source: Path | bytes) -> Path | io.BytesIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source


def _known_formats() -> list[str]:
    """Those of `FORMATS` that this build of Pillow can read."""
    PIL.Image.init()
    return [name for name in FORMATS if name in PIL.Image.OPEN]
