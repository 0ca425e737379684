"""Solids: tapered limbs and lathed bodies, drawn with depth, normals and colour for each pixel.

A relief is a small picture of one object seen from the front; whatever is nearer hides what is behind,
as in a z-buffer. Coordinates: (right, up, towards the camera) in metres from the object's foot.
Shape letters: h, w of the part of a relief that a solid covers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fastrcnn_core.datasets.street.noise import Array


@dataclass(frozen=True, eq=False)
class Surface:
    """Where on a solid its pixels lie, for whoever paints it.

    Args:
        side: (h, w) how much the surface faces the owner's left, in [-1, 1].
        front: (h, w) how much it faces the owner's front.
        up: (h, w) how much it faces the sky.
        height: (h, 1) metres above the foot.
        along: (h, w) 0 at the solid's first end, 1 at its second.
    """

    side: Array
    front: Array
    up: Array
    height: Array
    along: Array


# The depth in metres of a pixel where there is nothing.
NOWHERE = np.float32(-99)

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
        foot: (3,) the point from which its profile is measured. lean: (2,) shift (right, towards) per metre of height.
        profile: (P, 4) heights, half-widths, half-depths, forward shifts, from bottom to top.
        paint, cloth, turn: as of a limb.
    """

    foot: Array
    profile: Array
    paint: Paint
    cloth: float = 0.0
    turn: float = 0.0
    lean: tuple[float, float] = (0.0, 0.0)


Solid = Limb | Body


class Relief:
    """A picture of solids with depth; `scale` pixels are a metre, the foot is at (`row`, `column`)."""

    def __init__(self, *, height: int, width: int, scale: float, row: float, column: float) -> None:
        self.scale, self.row, self.column = scale, row, column
        self.depth = np.full((height, width), NOWHERE, np.float32)
        self.normal = np.zeros((3, height, width), np.float32)
        self.albedo = np.zeros((3, height, width), np.float32)
        self.cloth = np.zeros((height, width), np.float32)

    def add(self, solid: Solid) -> None:
        """Draw a solid; it hides what is behind it."""
        window, right, up = self._window(*extent(solid))
        if right.size == 0 or up.size == 0:
            return
        if isinstance(solid, Limb):
            inside, depth, normal, along = _limb(solid, right, up)
        else:
            inside, depth, normal, along = _body(solid, right, up)
        nearer = inside & (depth > self.depth[window])
        sine, cosine = np.float32(np.sin(solid.turn)), np.float32(np.cos(solid.turn))
        side, front = cosine * normal[0] - sine * normal[2], sine * normal[0] + cosine * normal[2]
        colour = solid.paint(Surface(side, front, normal[1], up, along))
        np.copyto(self.depth[window], depth, where=nearer)
        np.copyto(self.normal[:, *window], normal, where=nearer)
        np.copyto(self.albedo[:, *window], colour, where=nearer)
        np.copyto(self.cloth[window], np.float32(solid.cloth), where=nearer)

    def _window(
        self, left: float, right: float, bottom: float, top: float
    ) -> tuple[tuple[slice, slice], Array, Array]:
        """The pixels within these metres, and the metres of their centers: (1, w) and (h, 1)."""
        height, width = self.depth.shape
        columns = _span(self.column + left * self.scale, self.column + right * self.scale, width)
        rows = _span(self.row - top * self.scale, self.row - bottom * self.scale, height)
        right_of = (np.arange(columns.start, columns.stop) + 0.5 - self.column) / self.scale
        above = (self.row - np.arange(rows.start, rows.stop) - 0.5) / self.scale
        return (rows, columns), right_of[None].astype(np.float32), above[:, None].astype(np.float32)


def _span(first: float, last: float, size: int) -> slice:
    start = min(max(int(np.floor(first)), 0), size)
    return slice(start, max(start, min(int(np.ceil(last)) + 1, size)))


def extent(solid: Solid) -> tuple[float, float, float, float]:
    """Left, right, bottom, top in metres."""
    if isinstance(solid, Limb):
        radius = np.array(solid.radii, np.float32)
        across = np.array([solid.start[0], solid.end[0]])
        upwards = np.array([solid.start[1], solid.end[1]])
    else:
        heights = solid.profile[[0, -1], 0]
        reach = float(np.abs(solid.profile[:, 3]).max())
        radius = np.float32(solid.profile[:, 1:3].max() + reach)
        across = solid.foot[0] + heights * solid.lean[0]
        upwards = solid.foot[1] + heights
        bounds = float((across - radius).min()), float((across + radius).max())
        return *bounds, float(upwards.min()), float(upwards.max())
    return (
        float((across - radius).min()),
        float((across + radius).max()),
        float((upwards - radius).min()),
        float((upwards + radius).max()),
    )


def _limb(solid: Limb, right: Array, up: Array) -> tuple[Array, Array, Array, Array]:
    """Inside (bool), depth, normal and the place along the limb, for a grid of points."""
    way = (solid.end - solid.start).astype(np.float32)
    length = np.float32(way[0] ** 2 + way[1] ** 2 + 1e-6)
    from_x, from_y = right - solid.start[0], up - solid.start[1]
    beyond = (from_x * way[0] + from_y * way[1]) / length
    along = np.clip(beyond, 0, 1)
    radius = np.float32(solid.radii[0]) + np.float32(solid.radii[1] - solid.radii[0]) * along
    radius *= 1 + np.float32(0.045 * solid.cloth) * np.sin(along * 15 + float(solid.start[1]) * 40)
    x, y = from_x - along * way[0], from_y - along * way[1]
    rest = radius * radius - x * x - y * y
    bulge = np.sqrt(np.maximum(rest, 0))
    depth = solid.start[2] + along * way[2] + bulge
    inside = (rest > 0) & (beyond <= 1 + solid.reach)
    return inside, depth, np.stack([x, y, bulge]) / radius, along


def _body(solid: Body, right: Array, up: Array) -> tuple[Array, Array, Array, Array]:
    """As `_limb`. Each row is an ellipse in plan, turned by the owner's turn, cut by the line of sight."""
    heights = up - solid.foot[1]
    wide, deep, shift = _rows(solid.profile, heights[:, 0])
    sine, cosine = np.sin(solid.turn), np.cos(solid.turn)
    x = right - (solid.foot[0] + heights * solid.lean[0] + shift * sine)
    a, b = 1 / (wide * wide), 1 / (deep * deep)
    xx, xz, zz = cosine**2 * a + sine**2 * b, sine * cosine * (b - a), sine**2 * a + cosine**2 * b
    rest = (xz * xz - xx * zz) * x * x + zz
    z = (np.sqrt(np.maximum(rest, 0)) - xz * x) / zz
    normal = np.stack([xx * x + xz * z, np.zeros_like(z), xz * x + zz * z])
    slope = np.gradient(0.5 * (wide[:, 0] + deep[:, 0])) if len(wide) > 1 else np.zeros(1)
    step = float(heights[0, 0] - heights[1, 0]) if len(heights) > 1 else 1.0
    flat = np.sqrt(normal[0] ** 2 + normal[2] ** 2)
    normal[1] = flat * (slope / step)[:, None]
    normal /= np.sqrt(flat * flat + normal[1] ** 2)
    span = solid.profile[-1, 0] - solid.profile[0, 0]
    along = np.broadcast_to((heights - solid.profile[0, 0]) / span, z.shape)
    depth = solid.foot[2] + heights * solid.lean[1] + shift * cosine + z
    inside = (rest > 0) & (along >= 0) & (along <= 1)
    single = np.float32
    return inside, depth.astype(single), normal.astype(single), along.astype(single)


def _rows(profile: Array, heights: Array) -> tuple[Array, Array, Array]:
    """Half-widths, half-depths and shifts (h, 1) at these heights, by monotone cubic interpolation."""
    knots = profile[:, 0]
    place = np.clip(np.searchsorted(knots, heights) - 1, 0, len(knots) - 2)
    t = np.clip((heights - knots[place]) / (knots[place + 1] - knots[place]), 0, 1)[:, None]
    tangents = (
        np.gradient(profile[:, 1:], knots, axis=0)
        if len(knots) > 2
        else np.diff(profile[:, 1:], axis=0).repeat(2, 0) / np.diff(knots)
    )
    width = (knots[place + 1] - knots[place])[:, None]
    here, there = profile[place, 1:], profile[place + 1, 1:]
    rise, fall = tangents[place] * width, tangents[place + 1] * width
    curve = (2 * t**3 - 3 * t**2 + 1) * here + (t**3 - 2 * t**2 + t) * rise
    curve += (3 * t**2 - 2 * t**3) * there + (t**3 - t**2) * fall
    wide, deep, shift = curve[:, 0:1], curve[:, 1:2], curve[:, 2:3]
    return np.maximum(wide, 1e-3), np.maximum(deep, 1e-3), shift
