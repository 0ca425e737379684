"""The ground in perspective.

The ground is a row of bands that run along a street. `u` goes along the street, `v` across it, both in
metres; the street may lie at any angle to the camera.
Shape letters: h, W the picture's rows below the horizon and its columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from renderer.camera import Camera
from renderer.noise import Array


@dataclass(frozen=True, eq=False)
class Spot:
    """The positions of pixels on the ground.

    Args:
        u, v: (h, W) metres. width, depth: (h, 1) metres that a pixel covers to the side and to the back.
    """

    u: Array
    v: Array
    width: Array
    depth: Array


# (3, h, W) linear RGB of a piece of ground.
Material = Callable[[Spot], Array]


@dataclass(frozen=True)
class Band:
    """A strip of ground that reaches to `end` metres across the street."""

    end: float
    material: Material


@dataclass(frozen=True, eq=False)
class Street:
    """A street: its direction and its bands, from the camera's side to the other.

    Args:
        angle: radians between the street and the picture's plane; 0 crosses from left to right.
        bands: what lies on the ground.
    """

    angle: float
    bands: Sequence[Band]

    @property
    def direction(self) -> tuple[float, float]:
        """Sine and cosine of the angle."""
        return float(np.sin(self.angle)), float(np.cos(self.angle))

    def across(self, right: Array, depth: Array) -> Array:
        """Return the v of points on the ground."""
        sine, cosine = self.direction
        return sine * right + cosine * depth

    def along(self, right: Array, depth: Array) -> Array:
        """Return the u of points on the ground."""
        sine, cosine = self.direction
        return cosine * right - sine * depth

    def place(self, u: float, v: float) -> tuple[float, float]:
        """X and Z of a point of the street."""
        sine, cosine = self.direction
        return u * cosine + v * sine, v * cosine - u * sine


def paint_ground(street: Street, camera: Camera) -> Array:
    """Return (3, h, W) albedo of the ground in the rows from the camera's `first_row` on."""
    right, depth = camera.ground()
    spot = Spot(
        street.along(right, depth),
        street.across(right, depth),
        depth / camera.focal,
        depth * depth / (camera.focal * camera.eye),
    )
    sine, cosine = street.direction
    pixel = spot.depth * abs(cosine) + spot.width * abs(sine)
    colour: Array = np.zeros((3, *right.shape), np.float32)
    starts = [-np.inf, *(band.end for band in street.bands)]
    for start, band in reversed([*zip(starts, street.bands, strict=False)]):
        covered = np.clip((band.end - spot.v) / pixel + 0.5, 0, 1)
        _lay(colour, spot, band.material, np.where(spot.v + pixel > start, covered, 0))
    return colour


def _lay(colour: Array, spot: Spot, material: Material, covered: Array) -> None:
    """Lay the material over what lies there, looking at no more rows than needed."""
    used = np.flatnonzero(covered.any(1))
    if not len(used):
        return
    rows = slice(used[0], used[-1] + 1)
    part = Spot(spot.u[rows], spot.v[rows], spot.width[rows], spot.depth[rows])
    under = colour[:, rows]
    under += (material(part) - under) * covered[rows]
