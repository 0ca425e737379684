"""A relief: a small picture of solids with depth and normals, in which what is nearer hides what is behind it.

Shape letters: H, W the relief; h, w the part of it that a solid covers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderer.noise import Array, Mask
from renderer.solids import Body, Extent, Limb, Solid, Surface, extent

# The depth in metres of a pixel where there is nothing.
NOWHERE = np.float32(-99)


@dataclass(frozen=True, eq=False)
class _Shell:
    """The visible side of a solid on a grid: where it is, how near, its normal, how far along the solid."""

    inside: Mask
    depth: Array
    normal: tuple[Array, Array, Array]
    along: Array


class Relief:
    """A picture with depth; `scale` pixels are a metre, the foot is at (`row`, `column`).

    `depth` (H, W) metres towards the camera, `normal` and `albedo` (3, H, W), `cloth` (H, W) how much it creases.
    """

    def __init__(self, *, height: int, width: int, scale: float, row: float, column: float) -> None:
        self.scale, self.row, self.column = scale, row, column
        self.depth: Array = np.full((height, width), NOWHERE, np.float32)
        self.normal: Array = np.zeros((3, height, width), np.float32)
        self.albedo: Array = np.zeros((3, height, width), np.float32)
        self.cloth: Array = np.zeros((height, width), np.float32)

    def add(self, solid: Solid) -> None:
        """Draw a solid; it hides what is behind it."""
        window, right, up = self._window(extent(solid))
        if right.size == 0 or up.size == 0:
            return
        shell = _limb(solid, right, up) if isinstance(solid, Limb) else _body(solid, right, up)
        nearer = shell.inside & (shell.depth > self.depth[window])
        surface = Surface(shell.normal, solid.turn, right, up, shell.along)
        np.copyto(self.depth[window], shell.depth, where=nearer)
        for axis, values in enumerate(shell.normal):
            np.copyto(self.normal[axis][window], values, where=nearer)
        np.copyto(self.albedo[:, *window], solid.paint(surface), where=nearer, casting="same_kind")
        np.copyto(self.cloth[window], np.float32(solid.cloth), where=nearer)

    def _window(self, bounds: Extent) -> tuple[tuple[slice, slice], Array, Array]:
        """Return the pixels within these bounds, and the metres of their centers: (1, w) and (h, 1)."""
        height, width = self.depth.shape
        scale, row, column = self.scale, self.row, self.column
        columns = _span(column + bounds.left * scale, column + bounds.right * scale, width)
        rows = _span(row - bounds.top * scale, row - bounds.bottom * scale, height)
        right = (np.arange(columns.start, columns.stop) + 0.5 - column) / scale
        up = (row - np.arange(rows.start, rows.stop) - 0.5) / scale
        return (rows, columns), right[None].astype(np.float32), up[:, None].astype(np.float32)


def _span(first: float, last: float, size: int) -> slice:
    start = min(max(int(np.floor(first)), 0), size)
    return slice(start, max(start, min(int(np.ceil(last)) + 1, size)))


def _limb(limb: Limb, right: Array, up: Array) -> _Shell:
    """Return a cone with a ball at each end, seen from the front."""
    way = [float(step) for step in limb.end - limb.start]
    length = way[0] ** 2 + way[1] ** 2 + 1e-6
    from_x, from_y = right - float(limb.start[0]), up - float(limb.start[1])
    beyond = (from_x * way[0] + from_y * way[1]) / length
    along = np.clip(beyond, 0, 1)
    radius = limb.radii[0] + (limb.radii[1] - limb.radii[0]) * along
    if limb.cloth:
        radius *= 1 + 0.045 * limb.cloth * np.sin(along * 15 + float(limb.start[1]) * 40)
    x, y = from_x - along * way[0], from_y - along * way[1]
    rest = radius * radius - x * x - y * y
    bulge = np.sqrt(np.maximum(rest, 0))
    depth = float(limb.start[2]) + along * way[2] + bulge
    # At its start a limb is shaded as if it went on, so that no ring shows where it comes out of another.
    before = np.minimum(beyond, 0)
    normal = _unit(x - before * way[0], y - before * way[1], bulge)
    return _Shell((rest > 0) & (beyond <= 1 + limb.reach), depth, normal, along)


def _body(body: Body, right: Array, up: Array) -> _Shell:
    """Return each row is an ellipse in plan, turned by the owner's turn and cut by the line of sight."""
    heights = up - float(body.foot[1])
    wide, deep, shift = _rows(body.profile, heights[:, 0])
    sine, cosine = float(np.sin(body.turn)), float(np.cos(body.turn))
    x = right - (float(body.foot[0]) + heights * body.lean[0] + shift * sine)
    a, b = 1 / (wide * wide), 1 / (deep * deep)
    xx, zz = cosine**2 * a + sine**2 * b, sine**2 * a + cosine**2 * b
    xz = sine * cosine * (b - a)
    rest = (xz * xz - xx * zz) * x * x + zz
    z = (np.sqrt(np.maximum(rest, 0)) - xz * x) / zz
    across, ahead = cosine * x - sine * z, sine * x + cosine * z
    rise = across**2 * (_slope(wide, heights) / wide**3) + ahead**2 * (
        _slope(deep, heights) / deep**3
    )
    normal = _unit(xx * x + xz * z, -rise, xz * x + zz * z)
    share = (heights - body.profile[0, 0]) / (body.profile[-1, 0] - body.profile[0, 0])
    inside = (rest > 0) & (share >= 0) & (share <= 1)
    depth = float(body.foot[2]) + heights * body.lean[1] + shift * cosine + z
    return _Shell(inside, depth, normal, np.broadcast_to(share, z.shape))


def _unit(x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
    shorter = 1 / np.sqrt(x * x + y * y + z * z + 1e-9)
    return x * shorter, y * shorter, z * shorter


def _slope(radius: Array, heights: Array) -> Array:
    """Return (h, 1) how fast a radius grows upwards."""
    return np.gradient(radius, heights[:, 0], axis=0) if len(heights) > 1 else np.zeros_like(radius)


def _rows(profile: Array, heights: Array) -> tuple[Array, Array, Array]:
    """Half-widths, half-depths and shifts (h, 1) at these heights, by cubic interpolation without overshoot."""
    knots = profile[:, 0]
    place = np.clip(np.searchsorted(knots, heights) - 1, 0, len(knots) - 2)
    step = (knots[place + 1] - knots[place])[:, None]
    t = np.clip((heights - knots[place])[:, None] / step, 0, 1)
    tangents = _tangents(profile)
    rise, fall = tangents[place] * step, tangents[place + 1] * step
    start, end = profile[place, 1:], profile[place + 1, 1:]
    curve = (2 * t**3 - 3 * t**2 + 1) * start + (t**3 - 2 * t**2 + t) * rise
    curve += (3 * t**2 - 2 * t**3) * end + (t**3 - t**2) * fall
    radii = np.maximum(curve[:, :2], 1e-3).astype(np.float32)
    return radii[:, 0:1], radii[:, 1:2], curve[:, 2:3].astype(np.float32)


def _tangents(profile: Array) -> Array:
    """Return slopes at the knots such that no curve between them overshoots. Source: Fritsch and Butland (1984)."""
    slopes = np.diff(profile[:, 1:], axis=0) / np.diff(profile[:, 0])[:, None]
    before, after = slopes[:-1], slopes[1:]
    turning = before * after <= 0
    inner = np.where(turning, 0, 2 * before * after / np.where(turning, 1, before + after))
    return np.vstack([slopes[:1], inner, slopes[-1:]])
