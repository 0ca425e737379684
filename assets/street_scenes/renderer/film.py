"""From light to a photograph: exposure, lens, sensor noise and a compact camera's JPEG.

Shape letters: H, W picture.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image as Picture

from renderer.light import column
from renderer.noise import Array, Pixels, floats, patch

_LEVELS = 4096
# The brightest light that the curve tells apart, relative to a well-exposed white.
_CEILING = 4.0


@dataclass(frozen=True)
class Film:
    """A camera's habits.

    Args:
        brightness: of the developed picture's middle, at which the exposure aims, in [0, 1].
        warmth: how much redder than neutral. pallor: how much of the colour is lost, in [0, 1].
        blur: the share of a pixel's light that its neighbours receive, along each direction.
        grain: standard deviation of the noise, in 255ths. quality: of the JPEG.
    """

    brightness: float
    warmth: float
    pallor: float
    blur: float
    grain: float
    quality: int


def choose_film(rng: np.random.Generator) -> Film:
    """Return a camera of the years in which Penn-Fudan was taken; chosen here by eye, beside its pictures."""
    return Film(
        brightness=float(rng.uniform(0.38, 0.47)),
        warmth=float(rng.normal(0.0, 0.035)),
        pallor=float(rng.uniform(0.08, 0.32)),
        blur=float(rng.uniform(0.12, 0.34)),
        grain=float(rng.uniform(1.2, 4.2)),
        quality=int(rng.integers(80, 94)),
    )


def develop(light: Array, film: Film, rng: np.random.Generator) -> bytes:
    """Turn (3, H, W) linear light into a photograph: the bytes of a JPEG file."""
    _, height, width = light.shape
    exposed = light * (_exposure(light, film) * _vignette(height, width))
    exposed *= column(floats(1 + film.warmth, 1, 1 - film.warmth))
    exposed += (exposed.mean(0) - exposed) * film.pallor
    levels = np.clip(exposed * (_LEVELS / _CEILING), 0, _LEVELS - 1).astype(np.int32)
    developed = _blurred(np.take(_curve(), levels), film.blur)
    developed += film.grain * np.stack(
        [patch(rng, 0.0, height=height, width=width) for _ in range(3)]
    )
    pixels = np.clip(developed + 0.5, 0, 255).astype(np.uint8).transpose(1, 2, 0)
    return _encode(np.ascontiguousarray(pixels), film.quality)


def _exposure(light: Array, film: Film) -> float:
    """Choose the exposure as a light meter does: the middle of the logarithm, kept from burning out the brightest."""
    grey = light[:, ::4, ::4].mean(0)
    middle = float(np.exp(np.log(np.maximum(grey, 1e-3)).mean()))
    return min(film.brightness**2.2 / middle * 1.15, 0.95 / float(np.quantile(grey, 0.95)))


@cache
def _curve() -> Array:
    """Linear light to [0, 255]: straight in the shadows, with a shoulder instead of a cut at white."""
    x = np.linspace(0, _CEILING, _LEVELS)
    shouldered = np.where(x < 0.6, x, 0.6 + 0.42 * (1 - np.exp(-(x - 0.6) / 0.42)))
    curve = np.clip(shouldered, 0, 1) ** (1 / 2.2)
    contrast = curve + 0.15 * np.sin(2 * np.pi * (curve - 0.5)) / np.pi
    levels = np.clip(contrast * 255, 0, 255).astype(np.float32)
    levels.setflags(write=False)
    return levels


def _vignette(height: int, width: int) -> Array:
    """Return (H, W) darker in the corners."""
    y, x = (np.linspace(-1, 1, count, dtype=np.float32) ** 2 for count in (height, width))
    return 1 - 0.09 * (y[:, None] + x[None])


def _blurred(picture: Array, share: float) -> Array:
    """Return (3, H, W) of which each pixel gives `share` of itself to its neighbours along each direction."""
    down = picture.copy()
    down[:, 1:-1] = (1 - share) * picture[:, 1:-1] + share / 2 * (picture[:, :-2] + picture[:, 2:])
    across = down.copy()
    across[..., 1:-1] = (1 - share) * down[..., 1:-1] + share / 2 * (down[..., :-2] + down[..., 2:])
    return across


def decode(jpeg: bytes) -> Pixels:
    """Decode a photograph to (H, W, 3) uint8 RGB."""
    return np.asarray(Picture.open(io.BytesIO(jpeg)).convert("RGB"))


def _encode(pixels: Pixels, quality: int) -> bytes:
    file = io.BytesIO()
    Picture.fromarray(pixels).save(file, "JPEG", quality=quality)
    return file.getvalue()
