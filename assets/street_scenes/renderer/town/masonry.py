"""Walls: brick, stone, plaster, concrete; flat pictures of a wall, without light.

Shape letters: h, w the wall's picture; its first row is the top.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from renderer import noise
from renderer.light import column, linear
from renderer.noise import Array, floats

# (3, h, w) linear RGB of a wall `height` x `width` pixels large; `scale` pixels are a metre.
Masonry = Callable[[np.random.Generator, int, int, float], Array]


def brick(rng: np.random.Generator, height: int, width: int, scale: float) -> Array:
    """Return a wall of fired bricks in stretcher bond."""
    tones = ((140, 72, 58), (160, 92, 72), (122, 70, 62), (172, 120, 96), (110, 84, 76))
    tone = linear(*tones[rng.integers(0, 5)])
    return _courses(
        rng,
        tone,
        height,
        width,
        scale,
        size=(0.080, 0.24),
        spread=0.36,
        joint=0.014,
        mortar=(172, 162, 150),
    )


def stone(rng: np.random.Generator, height: int, width: int, scale: float) -> Array:
    """Cut stone in courses."""
    tones = ((166, 158, 142), (188, 178, 158), (150, 148, 142), (176, 164, 150))
    tone = linear(*tones[rng.integers(0, 4)])
    size = (float(rng.uniform(0.25, 0.4)), float(rng.uniform(0.5, 0.9)))
    return _courses(
        rng, tone, height, width, scale, size=size, spread=0.22, joint=0.018, mortar=(120, 114, 104)
    )


def plaster(rng: np.random.Generator, height: int, width: int, scale: float) -> Array:
    """Painted plaster with stains that run down."""
    tones = (
        (226, 214, 190),
        (214, 186, 148),
        (206, 200, 192),
        (232, 228, 220),
        (188, 150, 124),
        (170, 178, 170),
    )
    tone = linear(*tones[rng.integers(0, 6)])
    runs = noise.patch(rng, -1.3, height=height, width=width, zoom=(5, 0.8))
    grain = noise.patch(rng, -0.3, height=height, width=width)
    clouds = noise.patch(rng, -1.9, height=height, width=width)
    return column(tone) * (1 + 0.05 * runs + 0.025 * grain + 0.05 * clouds)


def concrete(rng: np.random.Generator, height: int, width: int, scale: float) -> Array:
    """Concrete panels with joints."""
    tone = linear(166, 164, 158) * float(rng.uniform(0.65, 1.3))
    size = (float(rng.uniform(0.9, 1.6)), float(rng.uniform(1.2, 2.6)))
    return _courses(
        rng,
        tone,
        height,
        width,
        scale,
        size=size,
        spread=0.07,
        joint=0.02,
        mortar=(104, 102, 98),
        offset=0.0,
    )


def _courses(
    rng: np.random.Generator,
    tone: Array,
    height: int,
    width: int,
    scale: float,
    *,
    size: tuple[float, float],
    spread: float,
    joint: float,
    mortar: tuple[int, int, int],
    offset: float = 0.5,
) -> Array:
    """Return blocks of `size` (height, width) metres in rows, each row shifted by `offset` blocks."""
    y = np.arange(height, dtype=np.float32) / np.float32(scale * size[0])
    course = y.astype(np.int64)
    start = floats(0, offset)[:, None]
    x = np.arange(width, dtype=np.float32)[None] / np.float32(scale * size[1]) + start
    block = x.astype(np.int64)
    shades = rng.uniform(-spread, spread, (course[-1] + 1, block.max() + 1)).astype(np.float32)
    shade = np.take_along_axis(shades, block[np.arange(len(shades)) % 2], 1)[course]
    across = _gap((x - block).astype(np.float32), joint / size[1], 1 / (scale * size[1]))
    down = _gap((y - course).astype(np.float32), joint / size[0], 1 / (scale * size[0]))
    gap = np.maximum(across[course % 2], down[:, None])
    dirt = 0.07 * noise.patch(rng, -1.7, height=height, width=width) + 0.06 * noise.patch(
        rng, -0.3, height=height, width=width
    )
    value = 1 + shade + dirt
    return column(tone) * (value * (1 - gap)) + column(linear(*mortar)) * (gap * (1 + dirt))


def _gap(place: Array, width: float, pixel: float) -> Array:
    """Return how much of a pixel the joint at the block's start covers; `width` and `pixel` in blocks."""
    return np.clip((width - place) / pixel + 1, 0, 1) * min(1.0, width / pixel * 1.3)
