"""Which way is up: EXIF says how the camera was held. Source: EXIF 2.32, tag 274."""

from __future__ import annotations

import PIL.Image
from PIL.Image import Transpose

_ORIENTATION = 274
_UPRIGHT = 1
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)


def upright(picture: PIL.Image.Image) -> PIL.Image.Image:
    """The decoded picture as the photographer saw it."""
    turn = _TURNS.get(_orientation(picture))
    return picture if turn is None else picture.transpose(turn)


def upright_size_wh(picture: PIL.Image.Image) -> tuple[int, int]:
    """Width and height that the picture will have when it is decoded and upright."""
    width, height = picture.size
    already = picture.format == "TIFF"  # Pillow turns TIFF files by itself
    sideways = not already and _orientation(picture) in _SIDEWAYS
    return (height, width) if sideways else (width, height)


def _orientation(picture: PIL.Image.Image) -> int:
    """How the camera was held; a picture whose EXIF data is damaged counts as upright, as in browsers."""
    try:
        return int(picture.getexif().get(_ORIENTATION, _UPRIGHT))
    except Exception:  # Pillow raises a dozen types; none is a reason to refuse the picture
        return _UPRIGHT
