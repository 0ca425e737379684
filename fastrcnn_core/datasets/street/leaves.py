"""Leaves: hedges, bushes, tree crowns and the green wall behind a park."""

from __future__ import annotations

from functools import cache

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw
from scipy.ndimage import gaussian_filter

from fastrcnn_core.datasets.street import noise
from fastrcnn_core.datasets.street.light import Light, column, linear
from fastrcnn_core.datasets.street.noise import Array
from fastrcnn_core.datasets.street.portrait import Sprite

# Metres from one texel of the leaf tile to the next.
TEXEL = 0.013


@cache
def leaf_tile() -> tuple[Array, Array]:
    """(T, T) how bright and (T, T) how yellow the leaves are; thousands of leaves, the upper ones lit."""
    rng = noise.generator(0, 77)
    size, count = noise.TILE, 9000
    bright, tint = (Picture.new("L", (size, size), shade) for shade in (18, 90))
    pens = ImageDraw.Draw(bright), ImageDraw.Draw(tint)
    center, turn = rng.uniform(0, size, (count, 2)), rng.uniform(0, 2 * np.pi, count)
    length = rng.uniform(4, 8.5, count)
    level = np.linspace(0.1, 1, count) ** 1.5
    shade = np.clip(level * 190 + rng.normal(0, 38, count) * (0.3 + level), 8, 255).astype(int)
    hue = np.clip(rng.normal(110, 52, count), 0, 255).astype(int)
    ring = np.array([(1, 0), (0.3, 0.42), (-0.5, 0.40), (-1, 0), (-0.5, -0.40), (0.3, -0.42)])
    cosine, sine = np.cos(turn)[:, None], np.sin(turn)[:, None]
    x = center[:, :1] + length[:, None] * (ring[:, 0] * cosine - ring[:, 1] * sine)
    y = center[:, 1:] + length[:, None] * (ring[:, 0] * sine + ring[:, 1] * cosine)
    for i in range(count):
        for pen, ink in zip(pens, (shade[i], hue[i]), strict=True):
            pen.polygon([*zip(x[i].tolist(), y[i].tolist(), strict=True)], fill=int(ink))
    softened = [gaussian_filter(np.float32(it), 0.6, mode="wrap") / 255 for it in (bright, tint)]
    for it in softened:
        it.setflags(write=False)
    return softened[0], softened[1]


def foliage(
    rng: np.random.Generator,
    light: Light,
    *,
    height: int,
    width: int,
    scale: float,
    sunlit: float,
    depth: float,
    green: Array,
) -> Array:
    """(3, h, w) lit leaves that fill a rectangle; `scale` pixels are a metre."""
    zoom = scale * TEXEL
    clumps = noise.patch(rng, -2.0, height=height, width=width, zoom=(zoom * 2.2, zoom * 2.2))
    rise = noise.patch(rng, -1.4, height=height, width=width, zoom=(zoom * 1.5, zoom * 1.5))
    row, start = rng.integers(0, noise.TILE, 2)
    rows = (row + (np.arange(height) / zoom).astype(np.int64)) & (noise.TILE - 1)
    columns = (start + (np.arange(width) / zoom).astype(np.int64)) & (noise.TILE - 1)
    bright, tint = (noise.cut(it, rows, columns) for it in leaf_tile())
    lit = np.clip(0.55 + 0.42 * clumps + 0.25 * rise, 0.02, 1.3)
    direct = bright**1.25 * lit * sunlit * 1.5
    indirect = 0.16 + 0.9 * bright * np.clip(0.55 + 0.3 * clumps, 0.12, 1)
    yellow = linear(170, 180, 70)
    colour = column(green) * (1.1 - 0.35 * tint) + column(yellow) * (0.35 * tint)
    glow = column(light.sun_colour) * direct + column(light.sky_colour) * indirect
    return light.through_air(colour * glow, depth).astype(np.float32)


def bush(
    rng: np.random.Generator,
    light: Light,
    *,
    row: float,
    column_of_center: float,
    scale: float,
    size: tuple[float, float],
    boxy: float,
    sunlit: float,
    depth: float,
    green: Array,
) -> Sprite:
    """A bush, hedge or crown of `size` (height, width) metres whose bottom is at `row`.

    `boxy` is 2 for a ball, 8 for a clipped hedge.
    """
    height, width = max(4, round(size[0] * scale)), max(4, round(size[1] * scale))
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    ragged = noise.patch(rng, -1.6, height=height, width=width, zoom=(scale * TEXEL * 2,) * 2)
    fine = noise.patch(rng, -0.8, height=height, width=width, zoom=(scale * TEXEL * 3,) * 2)
    rough = 0.30 if boxy < 4 else 0.10
    shape = 1 - np.abs(x) ** boxy - np.abs(np.where(y > 0.35, y * 0.9, y)) ** boxy
    edge = shape + rough * (0.55 * ragged + 0.5 * fine)
    alpha = np.clip(edge * 7 + 0.5, 0, 1)
    colour = foliage(
        rng, light, height=height, width=width, scale=scale, sunlit=sunlit, depth=depth, green=green
    )
    top, left = round(row) - height, round(column_of_center - width / 2)
    under = 1 - 0.55 * np.clip((y - 0.1) * 0.9, 0, 1)
    towards = 1 + 0.4 * light.sun[0] * x * sunlit - 0.25 * y * sunlit
    return Sprite(top, left, colour * alpha * under * towards, alpha)


def choose_green(rng: np.random.Generator) -> Array:
    """The colour of a plant: from blue-green to yellow-green, now and then red."""
    if rng.random() < 0.08:
        return linear(118, 62, 52)
    return linear(*(np.array([88, 122, 50]) + rng.uniform(-1, 1) * np.array([26, 10, -14])))
