"""Sprites: things cut out of their surroundings, to be laid over a picture, and where in it they stand.

Shape letters: h, w a sprite; H, W the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from renderer.noise import Array, Mask

Window = tuple[slice, slice]


@dataclass(frozen=True)
class Stand:
    """The position of a thing in the picture.

    Args:
        row, column: of its foot. scale: pixels per metre. depth: metres from the camera.
        sunlit: the share of the sun that reaches it, in [0, 1].
    """

    row: float
    column: float
    scale: float
    depth: float
    sunlit: float


@dataclass(frozen=True, eq=False)
class Sprite:
    """A thing's outline at once, and its colours when they are asked for.

    Args:
        row, column: of its upper left pixel in the picture; may lie outside.
        alpha: (h, w) in [0, 1].
        colour: makes (3, h, w) linear RGB times alpha.
    """

    row: int
    column: int
    alpha: Array
    colour: Callable[[], Array]

    @property
    def shape(self) -> Mask:
        """(h, w) which pixels are the thing's rather than what is behind it."""
        return self.alpha >= 0.5

    def within(self, size: tuple[int, int]) -> tuple[Window, Window]:
        """Return the part of a picture (H, W) that the sprite covers, and the part of the sprite that covers it."""
        rows = _overlap(self.row, self.alpha.shape[0], size[0])
        columns = _overlap(self.column, self.alpha.shape[1], size[1])
        return (rows[0], columns[0]), (rows[1], columns[1])


def _overlap(start: int, size: int, limit: int) -> tuple[slice, slice]:
    first, last = min(max(start, 0), limit), min(max(start + size, 0), limit)
    return slice(first, last), slice(first - start, last - start)
