"""From light to a photograph: exposure, lens, sensor noise and a compact camera's JPEG."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image as Picture

from fastrcnn_core.datasets.street.noise import Array
from fastrcnn_core.structures import Pixels

_LEVELS = 4096
# The brightest light that the curve tells apart, relative to a well-exposed white.
_CEILING = 4.0


@dataclass(frozen=True)
class Film:
    """A camera's habits.

    Args:
        brightness: mean of the developed picture that the exposure aims at, in [0, 1].
        warmth: how much redder than neutral. pallor: how much of the colour is lost, in [0, 1]. blur: the share of a pixel's light that its neighbours receive. grain: standard deviation at mid-grey, in 255ths.
        quality: of the JPEG.
    """

    brightness: float
    warmth: float
    pallor: float
    blur: float
    grain: float
    quality: int


def choose_film(rng: np.random.Generator) -> Film:
    """A camera of the years in which Penn-Fudan was taken."""
    return Film(
        float(rng.uniform(0.38, 0.47)),
        float(rng.normal(0.0, 0.035)),
        float(rng.uniform(0.08, 0.32)),
        float(rng.uniform(0.12, 0.34)),
        float(rng.uniform(1.2, 4.2)),
        int(rng.integers(80, 94)),
    )


def develop(light: Array, film: Film, rng: np.random.Generator) -> Pixels:
    """(H, W, 3) the photograph of (3, H, W) linear light."""
    exposed = light * np.float32(_exposure(light, film)) * _vignette(light.shape[1], light.shape[2])
    exposed *= np.float32([1 + film.warmth, 1, 1 - film.warmth])[:, None, None]
    exposed += (exposed.mean(0, keepdims=True) - exposed) * np.float32(film.pallor)
    levels = np.clip(exposed * np.float32(_LEVELS / _CEILING), 0, _LEVELS - 1).astype(np.int32)
    grey = _curve()[levels].transpose(1, 2, 0)
    seen = _blurred(grey.astype(np.float32), film.blur)
    seen += rng.standard_normal(seen.shape, np.float32) * np.float32(film.grain)
    return _compressed(np.clip(seen + 0.5, 0, 255).astype(np.uint8), film.quality)


def _blurred(picture: Array, share: float) -> Array:
    """(H, W, 3) of which each pixel gives `share` of itself to its neighbours along each direction."""
    center, side = np.float32(1 - share), np.float32(share / 2)
    blurred = picture.copy()
    blurred[1:-1] = center * picture[1:-1] + side * (picture[:-2] + picture[2:])
    across = blurred.copy()
    across[:, 1:-1] = center * blurred[:, 1:-1] + side * (blurred[:, :-2] + blurred[:, 2:])
    return across


def _exposure(light: Array, film: Film) -> float:
    """What the light meter chooses: the middle of the picture's logarithm, kept from burning out the brightest."""
    grey = light[:, ::4, ::4].mean(0)
    middle = float(np.exp(np.log(np.maximum(grey, 1e-3)).mean()))
    bright = float(np.quantile(grey, 0.95))
    return min(film.brightness**2.2 / middle * 1.15, 0.95 / bright)


@cache
def _curve() -> Pixels:
    """Linear light to 8 bits: straight in the shadows, a shoulder instead of a cut at white."""
    x = np.linspace(0, _CEILING, _LEVELS)
    shouldered = np.where(x < 0.6, x, 0.6 + 0.42 * (1 - np.exp(-(x - 0.6) / 0.42)))
    curve = np.clip(shouldered, 0, 1) ** (1 / 2.2)
    contrast = curve + 0.15 * np.sin(2 * np.pi * (curve - 0.5)) / (2 * np.pi) * 2
    levels = np.clip(contrast * 255 + 0.5, 0, 255).astype(np.uint8)
    levels.setflags(write=False)
    return levels


def _vignette(height: int, width: int) -> Array:
    y, x = (
        np.linspace(-1, 1, height, dtype=np.float32)[:, None],
        np.linspace(-1, 1, width, dtype=np.float32)[None],
    )
    return 1 - np.float32(0.09) * (x * x + y * y)


def _compressed(pixels: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Picture.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Picture.open(file).convert("RGB"))
