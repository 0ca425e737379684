"""Upright planes in the picture: a facade's flat painting, seen by the camera at any angle.

Shape letters: H, W the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image as Picture

from renderer.camera import Camera
from renderer.light import Direction, Light, column
from renderer.noise import Array
from renderer.town.facade import Facade
from renderer.town.ground import Street


@dataclass(frozen=True, eq=False)
class Plane:
    """A facade that stands on the ground along a street.

    Args:
        facade: its painting; left to right is the direction of u.
        street: whose direction it follows. v: metres across the street at which it stands. u: of its left end.
    """

    facade: Facade
    street: Street
    v: float
    u: float

    @property
    def normal(self) -> Direction:
        """Towards the camera's side of the street."""
        sine, cosine = self.street.direction
        side = float(np.sign(self.v))
        return -side * sine, 0.0, side * cosine


def paint_plane(picture: Array, plane: Plane, camera: Camera, light: Light, sunlit: Array) -> None:
    """Lay the plane over the picture (3, H, W); `sunlit` (H, W) or (H, 1) is the share of the sun that reaches it."""
    warped = _painting(plane.facade).transform(
        (camera.width, camera.height),
        Picture.Transform.PERSPECTIVE,
        _homography(plane, camera),
        Picture.Resampling.BILINEAR,
    )
    values = np.asarray(warped)
    used = np.flatnonzero(values[..., 3].any(1))
    if not len(used):
        return
    rows = slice(used[0], used[-1] + 1)
    scaled = values[rows].transpose(2, 0, 1).astype(np.float32) / 255
    direct, indirect = light.on_plane(plane.normal)
    glow = column(direct) * sunlit[rows] + column(indirect)
    part = picture[:, rows]
    part += (scaled[:3] ** 2 * glow - part) * scaled[3]


def visible_span(street: Street, v: float, camera: Camera) -> tuple[float, float]:
    """Return the u at the picture's left and right edge of a plane at `v` that is seen over the whole width."""
    sine, cosine = street.direction
    rays = camera.rays()[[0, -1]]
    depth = v / (sine * rays + cosine)
    along = cosine * rays * depth - sine * depth
    return float(along.min()), float(along.max())


def _painting(facade: Facade) -> Picture.Image:
    """Return the facade in 8 bits, as square roots, opaque."""
    root = np.sqrt(np.clip(facade.albedo, 0, 1)) * 255
    opaque = np.full((1, *root.shape[1:]), 255, np.float32)
    return Picture.fromarray(np.concatenate([root, opaque]).astype(np.uint8).transpose(1, 2, 0))


def _homography(plane: Plane, camera: Camera) -> tuple[float, ...]:
    """Eight numbers that carry the picture's pixels to the painting's.

    Both u and height are quotients of linear functions of x and y with the same divisor, which is the depth's
    reciprocal along the street.
    """
    sine, cosine = plane.street.direction
    f, v = camera.focal, plane.v
    divisor = np.array([sine / f, 0.0, cosine - sine * camera.width / 2 / f])
    along = (
        v * np.array([cosine / f, 0.0, -sine - cosine * camera.width / 2 / f]) - plane.u * divisor
    )
    down = np.array([0.0, v / f, -v * camera.horizon / f]) - camera.eye * divisor
    rows = (down + plane.facade.size[0] * divisor) * plane.facade.scale
    coefficients = np.concatenate([along * plane.facade.scale, rows, divisor[:2]]) / divisor[2]
    return tuple(float(number) for number in coefficients)
