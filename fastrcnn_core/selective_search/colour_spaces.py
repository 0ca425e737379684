"""Gaussian smoothing, and the colour spaces in which Selective Search segments a picture.

Planes are (C, H, W) float32, every channel in [0, 255], so that one k means the same in all of them.
Source: Uijlings et al., IJCV 2013, section 3.2 and table 2.

Shape letters: C channels; H, W picture.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from fastrcnn_core.selective_search.compiled import kernel

Planes = npt.NDArray[np.float32]
ColourSpace = Literal["RGB", "I", "Lab", "rgI", "HSV", "rgb", "C", "H"]
COLOUR_SPACES: tuple[ColourSpace, ...] = get_args(ColourSpace)

_STEPS = 1024  # of the tables for gamma and cube root, interpolated linearly


def blur(rgb: npt.NDArray[np.uint8], sigma: float) -> Planes:
    """Smooth the picture by a Gaussian, edge pixels repeated: (H, W, 3) uint8 → (3, H, W) float32.

    Source: Felzenszwalb & Huttenlocher, section 4: sigma 0.8 removes digitisation artefacts only.
    """
    planes = np.ascontiguousarray(rgb.transpose(2, 0, 1), dtype=np.float32)
    return _blur(planes, _gaussian(sigma)) if sigma > 0 else planes


def _gaussian(sigma: float) -> npt.NDArray[np.float32]:
    """Compute one half of a Gaussian kernel truncated at 4 sigma, its center first; the whole kernel sums to 1."""
    half = np.exp(-0.5 * (np.arange(int(np.ceil(4 * sigma)) + 1) / sigma) ** 2)
    return (half / (2 * half.sum() - half[0])).astype(np.float32)


@kernel
def _blur(planes: Planes, half: npt.NDArray[np.float32]) -> Planes:
    channels, height, width = planes.shape
    reach = len(half) - 1
    blurred = np.empty_like(planes)
    column = np.empty(width + 2 * reach, np.float32)  # a row smoothed vertically, its ends repeated
    for channel in range(channels):
        plane = planes[channel]
        for y in range(height):
            middle = column[reach : reach + width]
            for x in range(width):
                middle[x] = half[0] * plane[y, x]
            for step in range(1, reach + 1):
                above, below = plane[max(y - step, 0)], plane[min(y + step, height - 1)]
                for x in range(width):
                    middle[x] += half[step] * (above[x] + below[x])
            column[:reach], column[reach + width :] = middle[0], middle[width - 1]
            out = blurred[channel, y]
            for x in range(width):
                out[x] = half[0] * middle[x]
            for step in range(1, reach + 1):
                left, right = column[reach - step :], column[reach + step :]
                for x in range(width):
                    out[x] += half[step] * (left[x] + right[x])
    return blurred


def convert(rgb: Planes, space: ColourSpace) -> Planes:
    """Convert the picture to a colour space: (3, H, W) RGB in [0, 255] → (C, H, W) in [0, 255]; C is 1 or 3."""
    return _CONVERSIONS[space](rgb)


def _intensity(rgb: Planes) -> Planes:
    return rgb.mean(axis=0, keepdims=True, dtype=np.float32)


def _normalised_rgb(rgb: Planes) -> Planes:
    """Normalise each channel by the sum of channels, which shading does not change."""
    return rgb * (255.0 / np.maximum(rgb.sum(axis=0, dtype=np.float32), 1.0))


def _rg_intensity(rgb: Planes) -> Planes:
    """Stack rg of normalised RGB, and intensity."""
    return np.concatenate([_normalised_rgb(rgb)[:2], _intensity(rgb)])


def _opponent(rgb: Planes) -> Planes:
    """Stack red - green, yellow - blue and intensity; the first two shifted into [0, 255]."""
    red, green, blue = rgb
    channels = [
        (red - green) / 2 + 127.5,
        (red + green - 2 * blue) / 4 + 127.5,
        (red + green + blue) / 3,
    ]
    return np.stack(channels).astype(np.float32, copy=False)


def _lab_tables() -> tuple[Planes, Planes]:
    """Tabulate sRGB level → linear light, and linear light → CIE's f(t), which are slow to compute."""
    level = np.linspace(0, 1, _STEPS)
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    curve = np.where(level > (6 / 29) ** 3, np.cbrt(level), level * (29 / 6) ** 2 / 3 + 4 / 29)
    return linear.astype(np.float32), curve.astype(np.float32)


@kernel
def _hsv(rgb: Planes) -> Planes:
    """Compute hue, saturation and value by the hexcone of Smith (1978), each scaled to [0, 255]."""
    _, height, width = rgb.shape
    hsv = np.empty((3, height, width), np.float32)
    for y in range(height):
        for x in range(width):
            red, green, blue = rgb[0, y, x], rgb[1, y, x], rgb[2, y, x]
            value = max(red, green, blue)
            span = value - min(red, green, blue)
            scale = np.float32(42.5) / span if span > 0 else np.float32(0)
            if value == red:
                hue = (green - blue) * scale
                hue = hue + np.float32(255) if hue < 0 else hue
            elif value == green:
                hue = (blue - red) * scale + np.float32(85)
            else:
                hue = (red - green) * scale + np.float32(170)
            hsv[0, y, x] = hue
            hsv[1, y, x] = np.float32(255) * span / value if value > 0 else np.float32(0)
            hsv[2, y, x] = value
    return hsv


@kernel
def _interpolate(table: npt.NDArray[np.float32], position: np.float32) -> np.float32:
    """Interpolate a table linearly between two entries."""
    before = min(int(position), len(table) - 2)
    share = position - np.float32(before)
    return table[before] + share * (table[before + 1] - table[before])


@kernel
def _lab(rgb: Planes, linear: Planes, curve: Planes) -> Planes:
    """Compute CIE L*a*b* under D65: L scaled to [0, 255], a and b shifted by 128."""
    _, height, width = rgb.shape
    lab = np.empty((3, height, width), np.float32)
    last = np.float32(len(linear) - 1)
    level = last / np.float32(255)
    for y in range(height):
        for x in range(width):
            red = _interpolate(linear, rgb[0, y, x] * level)
            green = _interpolate(linear, rgb[1, y, x] * level)
            blue = _interpolate(linear, rgb[2, y, x] * level)
            white_x = (
                np.float32(0.433953) * red
                + np.float32(0.376219) * green
                + np.float32(0.189828) * blue
            )
            white_y = (
                np.float32(0.212671) * red
                + np.float32(0.715160) * green
                + np.float32(0.072169) * blue
            )
            white_z = (
                np.float32(0.017758) * red
                + np.float32(0.109477) * green
                + np.float32(0.872766) * blue
            )
            fx = _interpolate(curve, white_x * last)
            fy = _interpolate(curve, white_y * last)
            fz = _interpolate(curve, white_z * last)
            lab[0, y, x] = np.float32(2.55) * (np.float32(116) * fy - np.float32(16))
            lab[1, y, x] = np.float32(500) * (fx - fy) + np.float32(128)
            lab[2, y, x] = np.float32(200) * (fy - fz) + np.float32(128)
    return lab


_LAB_TABLES = _lab_tables()

_CONVERSIONS: dict[ColourSpace, Callable[[Planes], Planes]] = {
    "RGB": lambda rgb: rgb,
    "I": _intensity,
    "Lab": lambda rgb: _lab(rgb, *_LAB_TABLES),
    "rgI": _rg_intensity,
    "HSV": _hsv,
    "rgb": _normalised_rgb,
    "C": _opponent,
    "H": lambda rgb: _hsv(rgb)[:1],
}
