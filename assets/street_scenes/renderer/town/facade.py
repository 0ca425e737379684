"""Facades: flat paintings of walls, filled rectangle by rectangle.

Shape letters: h, w the facade's painting; its last row is the ground.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderer import noise
from renderer.light import column, linear
from renderer.noise import Array
from renderer.town.masonry import Masonry


@dataclass(frozen=True)
class Area:
    """A rectangle on a facade, in metres from its lower left corner."""

    left: float
    right: float
    bottom: float
    top: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.top - self.bottom

    def grown(self, side: float, below: float, above: float) -> Area:
        """Larger by these lengths."""
        return Area(self.left - side, self.right + side, self.bottom - below, self.top + above)


class Facade:
    """A facade that is being painted: `albedo` (3, h, w) linear RGB, `scale` pixels per metre."""

    def __init__(self, albedo: Array, scale: float) -> None:
        self.albedo, self.scale = albedo, scale

    @property
    def size(self) -> tuple[float, float]:
        """Height and width in metres."""
        return self.albedo.shape[1] / self.scale, self.albedo.shape[2] / self.scale

    def fill(self, area: Area, colour: Array, share: float = 1.0) -> None:
        """Paint a rectangle with a colour (3,) or a picture (3, h, w), covering `share` of what is below."""
        part = self.part(area)
        part *= 1 - share
        part += share * (
            column(colour) if colour.ndim == 1 else colour[:, : part.shape[1], : part.shape[2]]
        )

    def shade(self, area: Area, share: float) -> None:
        """Darken a rectangle to this share."""
        part = self.part(area)
        part *= share

    def part(self, area: Area) -> Array:
        """Return a view of the pixels in a rectangle; empty where it lies outside."""
        height, width = self.albedo.shape[1:]
        columns = [min(max(round(x * self.scale), 0), width) for x in (area.left, area.right)]
        rows = [
            min(max(round(height - y * self.scale), 0), height) for y in (area.top, area.bottom)
        ]
        return self.albedo[:, rows[0] : rows[1], columns[0] : columns[1]]

    def glass(self, rng: np.random.Generator, area: Area, tint: Array) -> Array:
        """Return (3, h, w) a pane as large as the rectangle: dark, with the sky and the houses opposite in it."""
        height, width = (max(1, round(side * self.scale) + 1) for side in (area.height, area.width))
        zoom = self.scale / 30
        clouds = noise.patch(rng, -1.9, height=height, width=width, zoom=(zoom, zoom))
        slope = np.linspace(1, -0.6, height, dtype=np.float32)[:, None]
        sky = np.clip(0.5 * slope + 0.5 * clouds, 0, 1.6)
        return column(tint) * (0.7 + 0.5 * sky) + column(linear(150, 172, 196)) * (0.22 * sky)


def wall(
    rng: np.random.Generator, material: Masonry, *, height: float, width: float, scale: float
) -> Facade:
    """Return a bare wall of this size in metres, with a coping and sometimes a plinth."""
    pixels = max(8, round(height * scale)), max(8, round(width * scale))
    facade = Facade(material(rng, *pixels, scale).astype(np.float32), scale)
    if rng.random() < 0.6:
        facade.shade(Area(0, width, 0, float(rng.uniform(0.3, 0.6))), 0.72)
    facade.fill(Area(0, width, height - 0.14, height), linear(176, 170, 160))
    facade.shade(Area(0, width, height - 0.24, height - 0.14), 0.55)
    return facade
