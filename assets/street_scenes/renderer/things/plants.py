"""Plants: bushes, clipped hedges and the crowns of trees.

Shape letters: h, w a sprite.
"""

from __future__ import annotations

import numpy as np

from renderer import noise
from renderer.light import Light, linear
from renderer.noise import Array
from renderer.sprite import Sprite, Stand
from renderer.things.leaves import TEXEL, foliage


def bush(
    rng: np.random.Generator, light: Light, stand: Stand, size: tuple[float, float], green: Array
) -> Sprite:
    """Return a round bush of `size` (height, width) metres that sits on the ground."""
    y, x = _grid(size, stand.scale)
    return _plant(rng, light, stand, 1 - x**2 - np.where(y > 0.35, 0.9 * y, y) ** 2, 0.30, green)


def hedge(
    rng: np.random.Generator, light: Light, stand: Stand, size: tuple[float, float], green: Array
) -> Sprite:
    """Return a piece of a clipped hedge of `size` (height, width) metres."""
    y, x = _grid(size, stand.scale)
    return _plant(rng, light, stand, 1 - x**8 - np.where(y > 0.35, 0.9 * y, y) ** 8, 0.10, green)


def crown(
    rng: np.random.Generator, light: Light, stand: Stand, size: tuple[float, float], green: Array
) -> Sprite:
    """Return a tree's crown of `size` (height, width) metres, open at its rim; its lower end is at the stand's row."""
    y, x = _grid(size, stand.scale)
    return _plant(rng, light, stand, 1 - x**2 - y**2, 0.55, green)


def choose_green(rng: np.random.Generator) -> Array:
    """Return the colour of a plant: from blue-green to yellow-green, now and then red."""
    if rng.random() < 0.05:
        return linear(118, 62, 52)
    yellow = float(rng.uniform(-1, 1))
    return linear(88 + 26 * yellow, 122 + 10 * yellow, 50 - 14 * yellow)


def _grid(size: tuple[float, float], scale: float) -> tuple[Array, Array]:
    """y (h, 1) downwards and x (1, w) to the right, both from -1 to 1."""
    height, width = (max(4, round(side * scale)) for side in size)
    y, x = (np.linspace(-1, 1, count, dtype=np.float32) for count in (height, width))
    return y[:, None], x[None]


def _plant(
    rng: np.random.Generator, light: Light, stand: Stand, shape: Array, rough: float, green: Array
) -> Sprite:
    """Return leaves where `shape` (h, w) is above zero, more or less: its rim is made of leaves."""
    height, width = shape.shape
    leaves = foliage(rng, height=height, width=width, scale=stand.scale)
    zoom = stand.scale * TEXEL * 2
    ragged = noise.patch(rng, -1.6, height=height, width=width, zoom=(zoom, zoom))
    rim = shape + rough * (0.6 * ragged + 1.8 * (leaves.level - 0.35))
    alpha = np.clip(rim * 9 + 0.5, 0, 1)

    def colour() -> Array:
        y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
        x = np.linspace(-1, 1, width, dtype=np.float32)[None]
        below = 1 - 0.55 * np.clip((y - 0.1) * 0.9, 0, 1)
        facing = 1 + stand.sunlit * (0.4 * light.sun[0] * x - 0.25 * y)
        lit = leaves.lit(light, green, sunlit=stand.sunlit, depth=stand.depth)
        return lit * (alpha * below * facing)

    return Sprite(round(stand.row) - height, round(stand.column - width / 2), alpha, colour)
