"""Solids: tapered limbs and lathed bodies, of which people and street furniture are made.

Coordinates: (right, up, towards the camera) in metres from a thing's foot.
Shape letters: h, w the pixels of a picture that a solid covers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from renderer.light import column
from renderer.noise import Array


@dataclass(frozen=True, eq=False)
class Surface:
    """The positions of pixels on a solid, for its paint.

    Args:
        normal: three times (h, w): how much the surface faces right, up and the camera, in [-1, 1].
        turn: its owner's, in radians.
        right: (1, w) metres to the right of the foot. height: (h, 1) metres above it.
        along: (h, w) 0 at the solid's first end, 1 at its second.
    """

    normal: tuple[Array, Array, Array]
    turn: float
    right: Array
    height: Array
    along: Array

    @property
    def up(self) -> Array:
        """(h, w) how much it faces the sky."""
        return self.normal[1]

    @cached_property
    def side(self) -> Array:
        """(h, w) how much it faces its owner's left."""
        return float(np.cos(self.turn)) * self.normal[0] - float(np.sin(self.turn)) * self.normal[2]

    @cached_property
    def front(self) -> Array:
        """(h, w) how much it faces its owner's front."""
        return float(np.sin(self.turn)) * self.normal[0] + float(np.cos(self.turn)) * self.normal[2]


# (3, 1, 1) or (3, h, w) linear RGB of a surface.
Paint = Callable[[Surface], Array]


@dataclass(frozen=True, eq=False)
class Limb:
    """A tapered limb; its start is round, its end is round or, such as a sleeve's, cut off.

    Args:
        start, end: (3,) its ends' centers. radii: at the start and at the end.
        paint: its colours. cloth: how much it creases, 0 for skin and metal. turn: its owner's, in radians.
        reach: how far beyond the end it goes, in its length: 0 for a cut end, more for a round one.
    """

    start: Array
    end: Array
    radii: tuple[float, float]
    paint: Paint
    cloth: float = 0.0
    turn: float = 0.0
    reach: float = 99.0


@dataclass(frozen=True, eq=False)
class Body:
    """A stack of ellipses, such as a trunk, a head, a skirt or a bin.

    Args:
        foot: (3,) the point from which its profile is measured.
        profile: (P, 4) heights, half-widths, half-depths, forward shifts, from bottom to top.
        paint, cloth, turn: as of a limb.
        lean: how far it goes right and towards the camera per metre of height.
    """

    foot: Array
    profile: Array
    paint: Paint
    cloth: float = 0.0
    turn: float = 0.0
    lean: tuple[float, float] = (0.0, 0.0)


Solid = Limb | Body


@dataclass(frozen=True)
class Extent:
    """Bounds in metres from the foot."""

    left: float
    right: float
    bottom: float
    top: float


def extent(solid: Solid) -> Extent:
    """Return bounds that hold the solid."""
    if isinstance(solid, Limb):
        reach = rise = max(solid.radii)
        ends = [(float(end[0]), float(end[1])) for end in (solid.start, solid.end)]
    else:
        reach, rise = float(solid.profile[:, 1:3].max() + np.abs(solid.profile[:, 3]).max()), 0.0
        heights = [float(height) for height in solid.profile[[0, -1], 0]]
        ends = [
            (float(solid.foot[0]) + height * solid.lean[0], float(solid.foot[1]) + height)
            for height in heights
        ]
    x, y = [end[0] for end in ends], [end[1] for end in ends]
    return Extent(min(x) - reach, max(x) + reach, min(y) - rise, max(y) + rise)


def seen_from(solids: Sequence[Solid], *, eye: float, depth: float) -> list[Solid]:
    """Return the solids as an eye at this height sees them from this depth (metres): what is nearer stands lower."""

    def lowered(point: Array) -> Array:
        return point - np.array([0.0, point[2] * (eye - point[1]) / depth, 0.0])

    return [
        replace(solid, start=lowered(solid.start), end=lowered(solid.end))
        if isinstance(solid, Limb)
        else replace(solid, foot=lowered(solid.foot))
        for solid in solids
    ]


def plain(colour: Array) -> Paint:
    """Return the same colour everywhere."""
    return lambda surface: column(colour)
