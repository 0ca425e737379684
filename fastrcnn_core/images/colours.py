"""One way to store colours out of many: 8-bit RGB, on white.

Shape letters: H, W image.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import PIL.Image

from fastrcnn_core.structures import Pixels


def rgb(picture: PIL.Image.Image) -> Pixels:
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
