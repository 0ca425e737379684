"""Solids: tapered limbs and lathed bodies, drawn with depth, normals and colour for each pixel.

A relief is a small picture of one object seen from the front; whatever is nearer hides what is behind,
as in a z-buffer. Coordinates: (right, up, towards the camera) in metres from the object's foot.
Shape letters: h, w of the part of a relief that a solid covers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

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


def seen_from(solids: Sequence[Solid], *, eye: float, depth: float) -> list[Solid]:
    """The solids as an eye at this height sees them from this depth (metres): what is nearer stands lower."""

    def lowered(point: Array) -> Array:
        return point - np.array([0.0, point[2] * (eye - point[1]) / depth, 0.0])

    return [
        replace(it, start=lowered(it.start), end=lowered(it.end))
        if isinstance(it, Limb)
        else replace(it, foot=lowered(it.foot))
        for it in solids
    ]


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
        sine, cosine = float(np.sin(solid.turn)), float(np.cos(solid.turn))
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
    way = [float(step) for step in solid.end - solid.start]
    length = way[0] ** 2 + way[1] ** 2 + 1e-6
    from_x, from_y = right - float(solid.start[0]), up - float(solid.start[1])
    beyond = (from_x * way[0] + from_y * way[1]) / length
    along = np.clip(beyond, 0, 1)
    radius = float(solid.radii[0]) + float(solid.radii[1] - solid.radii[0]) * along
    radius *= 1 + 0.045 * solid.cloth * np.sin(along * 15 + float(solid.start[1]) * 40)
    x, y = from_x - along * way[0], from_y - along * way[1]
    rest = radius * radius - x * x - y * y
    bulge = np.sqrt(np.maximum(rest, 0))
    depth = float(solid.start[2]) + along * way[2] + bulge
    inside = (rest > 0) & (beyond <= 1 + solid.reach)
    # At its start a limb is shaded as if it went on, so that no ring shows where it comes out of another.
    before = np.minimum(beyond, 0)
    normal = np.stack([x - before * way[0], y - before * way[1], bulge])
    normal /= np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2 + 1e-9)
    return inside, depth, normal, along


def _body(solid: Body, right: Array, up: Array) -> tuple[Array, Array, Array, Array]:
    """As `_limb`. Each row is an ellipse in plan, turned by the owner's turn, cut by the line of sight."""
    heights = up - float(solid.foot[1])
    wide, deep, shift = _rows(solid.profile, heights[:, 0])
    sine, cosine = float(np.sin(solid.turn)), float(np.cos(solid.turn))
    x = right - (float(solid.foot[0]) + heights * solid.lean[0] + shift * sine)
    a, b = 1 / (wide * wide), 1 / (deep * deep)
    xx, xz, zz = cosine**2 * a + sine**2 * b, sine * cosine * (b - a), sine**2 * a + cosine**2 * b
    rest = (xz * xz - xx * zz) * x * x + zz
    z = (np.sqrt(np.maximum(rest, 0)) - xz * x) / zz
    across, ahead = cosine * x - sine * z, sine * x + cosine * z
    rise = (
        across * across * _slope(wide, heights) / wide**3
        + ahead * ahead * _slope(deep, heights) / deep**3
    )
    normal = np.stack([xx * x + xz * z, -rise, xz * x + zz * z])
    normal /= np.sqrt(normal[0] ** 2 + normal[1] ** 2 + normal[2] ** 2)
    span = solid.profile[-1, 0] - solid.profile[0, 0]
    along = np.broadcast_to((heights - solid.profile[0, 0]) / span, z.shape)
    depth = float(solid.foot[2]) + heights * solid.lean[1] + shift * cosine + z
    inside = (rest > 0) & (along >= 0) & (along <= 1)
    single = np.float32
    return inside, depth.astype(single), normal.astype(single), along.astype(single)


def _slope(radius: Array, heights: Array) -> Array:
    """(h, 1) how fast a radius grows upwards."""
    return np.gradient(radius, heights[:, 0], axis=0) if len(heights) > 1 else np.zeros_like(radius)


def _rows(profile: Array, heights: Array) -> tuple[Array, Array, Array]:
    """Half-widths, half-depths and shifts (h, 1) at these heights, by monotone cubic interpolation."""
    knots = profile[:, 0]
    place = np.clip(np.searchsorted(knots, heights) - 1, 0, len(knots) - 2)
    t = np.clip((heights - knots[place]) / (knots[place + 1] - knots[place]), 0, 1)[:, None]
    tangents = _tangents(profile)
    width = (knots[place + 1] - knots[place])[:, None]
    here, there = profile[place, 1:], profile[place + 1, 1:]
    rise, fall = tangents[place] * width, tangents[place + 1] * width
    curve = (2 * t**3 - 3 * t**2 + 1) * here + (t**3 - 2 * t**2 + t) * rise
    curve += (3 * t**2 - 2 * t**3) * there + (t**3 - t**2) * fall
    wide, deep, shift = curve[:, 0:1], curve[:, 1:2], curve[:, 2:3]
    return np.maximum(wide, 1e-3), np.maximum(deep, 1e-3), shift


def _tangents(profile: Array) -> Array:
    """Slopes at the knots such that no curve between them overshoots. Source: Fritsch and Butland (1984)."""
    slopes = np.diff(profile[:, 1:], axis=0) / np.diff(profile[:, 0])[:, None]
    before, after = slopes[:-1], slopes[1:]
    turning = before * after <= 0
    inner = np.where(turning, 0, 2 * before * after / np.where(turning, 1, before + after))
    return np.vstack([slopes[:1], inner, slopes[-1:]])
