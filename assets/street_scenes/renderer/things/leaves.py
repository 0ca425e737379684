"""Leaves: a tile of thousands of them, and rectangles of foliage in any light.

Shape letters: T tile side; h, w a rectangle.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw
from scipy.ndimage import gaussian_filter

from renderer import noise
from renderer.light import Light, column, linear, mix
from renderer.noise import Array

# Metres from one texel of the leaf tile to the next.
TEXEL = 0.013
_LEAVES = 9000
_OUTLINE = np.array([(1, 0), (0.3, 0.42), (-0.5, 0.40), (-1, 0), (-0.5, -0.40), (0.3, -0.42)])


@cache
def leaf_tile() -> tuple[Array, Array]:
    """Return (T, T) the height of the leaves and (T, T) their yellowness, both in [0, 1]; upper ones drawn last."""
    rng = noise.generator(0, 77)
    rank = np.linspace(0.1, 1, _LEAVES) ** 1.5
    level = np.clip(rank * 190 + rng.normal(0, 38, _LEAVES) * (0.3 + rank), 8, 255)
    hue = np.clip(rng.normal(110, 52, _LEAVES), 0, 255)
    outlines = _outlines(rng)
    return _drawn(outlines, level, 18), _drawn(outlines, hue, 90)


def _outlines(rng: np.random.Generator) -> Array:
    """Return (leaves, corners, 2) polygons all over the tile."""
    center = rng.uniform(0, noise.TILE, (_LEAVES, 1, 2))
    turn, length = rng.uniform(0, 2 * np.pi, _LEAVES), rng.uniform(4, 8.5, _LEAVES)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) * length
    return center + np.einsum("ki,ijn->nkj", _OUTLINE, rotation)


def _drawn(outlines: Array, inks: Array, ground: int) -> Array:
    canvas = Picture.new("L", (noise.TILE, noise.TILE), ground)
    pen = ImageDraw.Draw(canvas)
    for outline, ink in zip(outlines.reshape(_LEAVES, -1).tolist(), inks.tolist(), strict=True):
        pen.polygon(outline, fill=int(ink))
    soft = gaussian_filter(np.asarray(canvas, np.float32), 0.6, mode="wrap") / 255
    soft.setflags(write=False)
    return soft


@dataclass(frozen=True, eq=False)
class Foliage:
    """Leaves that fill a rectangle, without light.

    Args:
        level: (h, w) how high each pixel's leaf lies, in [0, 1]. tint: (h, w) how yellow it is.
        clumps: (h, w) how far the foliage bulges, mean 0 and standard deviation 1. rise: the same, finer.
    """

    level: Array
    tint: Array
    clumps: Array
    rise: Array

    def lit(self, light: Light, green: Array, *, sunlit: float, depth: float) -> Array:
        """Return (3, h, w) linear RGB in this light, `depth` metres away."""
        sunny = self.level**1.25 * np.clip(0.55 + 0.42 * self.clumps + 0.25 * self.rise, 0.02, 1.3)
        open_sky = self.level * np.clip(0.55 + 0.34 * self.clumps + 0.15 * self.rise, 0.08, 1.1)
        glow = column(light.sun_colour) * (1.5 * sunlit * sunny) + column(light.sky_colour) * (
            0.05 + 1.15 * open_sky
        )
        return light.through_air(
            mix(1.1 * green, linear(170, 180, 70), 0.35 * self.tint) * glow, depth
        )


def foliage(rng: np.random.Generator, *, height: int, width: int, scale: float) -> Foliage:
    """Return leaves for a rectangle of pixels; `scale` pixels are a metre."""
    zoom = scale * TEXEL
    rows, columns = noise.stretched(rng, height, zoom), noise.stretched(rng, width, zoom)
    level, tint = (noise.cut(texture, rows, columns) for texture in leaf_tile())
    clumps = noise.patch(rng, -2.0, height=height, width=width, zoom=(zoom * 2.2, zoom * 2.2))
    rise = noise.patch(rng, -1.4, height=height, width=width, zoom=(zoom * 1.5, zoom * 1.5))
    # Small pieces of one hedge or crown are of about the same brightness.
    return Foliage(level, tint, clumps - 0.8 * clumps.mean(), rise)
