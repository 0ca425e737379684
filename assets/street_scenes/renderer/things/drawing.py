"""Flat drawings in metres: filled outlines, discs and strokes, laid over one another, each with its own light.

Shape letters: h, w the drawing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw

from renderer.light import Light, column
from renderer.noise import Array
from renderer.sprite import Sprite, Stand

# Drawn this much larger and then reduced, so that edges are smooth.
_FINE = 3

Point = tuple[float, float]
# Makes (3, h, w) or (3, 1, 1) linear RGB that is already lit.
Tone = Callable[[], Array]


class Drawing:
    """A drawing of `length` x `tall` metres; points are (to the right, up) in metres from its lower left corner."""

    def __init__(self, *, length: float, tall: float, scale: float) -> None:
        self.size = max(4, round(tall * scale)), max(4, round(length * scale))
        self.scale = scale
        self.layers: list[tuple[Array, Tone]] = []

    def height_of_rows(self) -> Array:
        """Return (h, 1) metres above the ground."""
        rows = np.arange(self.size[0], dtype=np.float32)[:, None] + 0.5
        return (self.size[0] - rows) / self.scale

    def lay(self, mask: Array, tone: Tone) -> None:
        """Lay a tone over what is there, where the mask (h, w) is."""
        self.layers.append((mask, tone))

    def outline(self, points: list[Point], *, grow: float = 0.0) -> Array:
        """Return (h, w) coverage of a polygon, with a rim of `grow` metres."""
        corners = [self._pixel(point) for point in points]

        def draw(pen: ImageDraw.ImageDraw) -> None:
            pen.polygon(corners, fill=255)
            if grow:
                pen.line([*corners, corners[0]], fill=255, width=self._thickness(2 * grow))

        return self._mask(draw)

    def disc(self, center: Point, radius: float) -> Array:
        """Return (h, w) coverage of a disc."""
        (x, y), reach = self._pixel(center), radius * self.scale * _FINE
        return self._mask(
            lambda pen: pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=255)
        )

    def stroke(self, start: Point, end: Point, width: float) -> Array:
        """Return (h, w) coverage of a line."""
        ends = [self._pixel(start), self._pixel(end)]
        return self._mask(lambda pen: pen.line(ends, fill=255, width=self._thickness(width)))

    def sprite(self, stand: Stand, light: Light, *, mirrored: bool) -> Sprite:
        """Return the drawing at its place, its middle over the stand's column; `mirrored` exchanges left and right."""
        step = -1 if mirrored else 1
        alpha = np.zeros(self.size, np.float32)
        for mask, _ in self.layers:
            alpha = np.maximum(alpha, mask)

        def colour() -> Array:
            painting: Array = np.zeros((3, *self.size), np.float32)
            for mask, tone in self.layers:
                painting += (tone() - painting) * mask
            return light.through_air(painting, stand.depth)[..., ::step] * alpha[:, ::step]

        left = round(stand.column - self.size[1] / 2)
        return Sprite(round(stand.row) - self.size[0], left, alpha[:, ::step], colour)

    def _pixel(self, point: Point) -> Point:
        fine = self.scale * _FINE
        return point[0] * fine, self.size[0] * _FINE - point[1] * fine

    def _thickness(self, metres: float) -> int:
        return max(1, round(metres * self.scale * _FINE))

    def _mask(self, draw: Callable[[ImageDraw.ImageDraw], None]) -> Array:
        canvas = Picture.new("L", (self.size[1] * _FINE, self.size[0] * _FINE))
        draw(ImageDraw.Draw(canvas))
        return np.asarray(canvas.reduce(_FINE), np.float32) / 255


def flat(light: Light, colour: Array, sunlit: float) -> Tone:
    """Return a colour (3,) on a surface that faces the camera."""
    facing = max(light.sun[2], 0.0) * sunlit
    return lambda: column(
        colour * (light.sky_colour * 0.7 + light.sun_colour * (0.25 * sunlit + 0.6 * facing))
    )
