"""Leaves: hedges, bushes, tree crowns and the green wall behind a park."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, eq=False)
class Foliage:
    """Lit leaves that fill a rectangle: (3, h, w) linear RGB, and (h, w) how high each pixel's leaf lies, in [0, 1]."""

    colour: Array
    level: Array


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
) -> Foliage:
    """Leaves for a rectangle of pixels; `scale` pixels are a metre, and it is `depth` metres away."""
    zoom = scale * TEXEL
    clumps = noise.patch(rng, -2.0, height=height, width=width, zoom=(zoom * 2.2, zoom * 2.2))
    rise = noise.patch(rng, -1.4, height=height, width=width, zoom=(zoom * 1.5, zoom * 1.5))
    row, start = rng.integers(0, noise.TILE, 2)
    rows = (row + (np.arange(height) / zoom).astype(np.int64)) & (noise.TILE - 1)
    columns = (start + (np.arange(width) / zoom).astype(np.int64)) & (noise.TILE - 1)
    level, tint = (noise.cut(it, rows, columns) for it in leaf_tile())
    lit = np.clip(0.55 + 0.42 * clumps + 0.25 * rise, 0.02, 1.3)
    direct = level**1.25 * lit * (1.5 * sunlit)
    indirect = 0.05 + 1.15 * level * np.clip(0.55 + 0.34 * clumps + 0.15 * rise, 0.08, 1.1)
    yellow = linear(170, 180, 70)
    colour = column(green) * (1.1 - 0.35 * tint) + column(yellow) * (0.35 * tint)
    glow = column(light.sun_colour) * direct + column(light.sky_colour) * indirect
    return Foliage(light.through_air(colour * glow, depth), level)


@dataclass(frozen=True)
class Stand:
    """Where a plant stands in the picture.

    Args:
        row, column: of its foot's center. scale: pixels per metre. depth: metres away. sunlit: share of the sun.
    """

    row: float
    column: float
    scale: float
    depth: float
    sunlit: float


def bush(
    rng: np.random.Generator,
    light: Light,
    stand: Stand,
    *,
    size: tuple[float, float],
    boxy: float,
    green: Array,
) -> Sprite:
    """A bush, or a hedge, of `size` (height, width) metres; `boxy` is 2 for a ball, 8 for a clipped hedge."""
    grid = _Grid.of(size, stand.scale)
    shape = (
        1 - np.abs(grid.x) ** boxy - np.abs(np.where(grid.y > 0.35, grid.y * 0.9, grid.y)) ** boxy
    )
    return _plant(rng, light, stand, grid, shape, 0.30 if boxy < 4 else 0.10, green)


def crown(
    rng: np.random.Generator, light: Light, stand: Stand, *, size: tuple[float, float], green: Array
) -> Sprite:
    """A tree's crown of `size` (height, width) metres, open at its rim; its lower end is at the stand's row."""
    grid = _Grid.of(size, stand.scale)
    shape = 1 - grid.x**2 - grid.y**2
    return _plant(rng, light, stand, grid, shape, 0.55, green)


@dataclass(frozen=True, eq=False)
class _Grid:
    """A rectangle of pixels with coordinates from -1 to 1: y (h, 1) downwards, x (1, w) to the right."""

    y: Array
    x: Array

    @staticmethod
    def of(size: tuple[float, float], scale: float) -> _Grid:
        height, width = (max(4, round(side * scale)) for side in size)
        y, x = (np.linspace(-1, 1, count, dtype=np.float32) for count in (height, width))
        return _Grid(y[:, None], x[None])


def _plant(
    rng: np.random.Generator,
    light: Light,
    stand: Stand,
    grid: _Grid,
    shape: Array,
    rough: float,
    green: Array,
) -> Sprite:
    """Leaves where `shape` is above zero, more or less: its rim is made of leaves."""
    height, width = shape.shape
    leaves = foliage(
        rng,
        light,
        height=height,
        width=width,
        scale=stand.scale,
        sunlit=stand.sunlit,
        depth=stand.depth,
        green=green,
    )
    zoom = stand.scale * TEXEL * 2
    ragged = noise.patch(rng, -1.6, height=height, width=width, zoom=(zoom, zoom))
    edge = shape + rough * (0.6 * ragged + 1.8 * (leaves.level - 0.35))
    alpha = np.clip(edge * 9 + 0.5, 0, 1)
    under = 1 - 0.55 * np.clip((grid.y - 0.1) * 0.9, 0, 1)
    towards = 1 + stand.sunlit * (0.4 * light.sun[0] * grid.x - 0.25 * grid.y)
    top, left = round(stand.row) - height, round(stand.column - width / 2)
    return Sprite(top, left, leaves.colour * (alpha * under * towards), alpha)


def choose_green(rng: np.random.Generator) -> Array:
    """The colour of a plant: from blue-green to yellow-green, now and then red."""
    if rng.random() < 0.08:
        return linear(118, 62, 52)
    return linear(*(np.array([88, 122, 50]) + rng.uniform(-1, 1) * np.array([26, 10, -14])))
