"""Upright planes in the picture: a facade's flat painting, seen by the camera at any angle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image as Picture

from fastrcnn_core.datasets.street.camera import Camera
from fastrcnn_core.datasets.street.facade import Facade
from fastrcnn_core.datasets.street.ground import Street
from fastrcnn_core.datasets.street.light import Light, column
from fastrcnn_core.datasets.street.noise import Array


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


def paint_plane(picture: Array, plane: Plane, camera: Camera, light: Light, sunlit: Array) -> None:
    """Lay the plane over the picture (3, H, W); `sunlit` (H, W) or () is the share of the sun that reaches it."""
    flat = np.sqrt(np.clip(plane.facade.albedo, 0, 1)) * 255
    opaque = np.full((1, *flat.shape[1:]), 255, np.float32)
    painting = Picture.fromarray(
        np.concatenate([flat, opaque]).astype(np.uint8).transpose(1, 2, 0), "RGBA"
    )
    seen = painting.transform(
        (camera.width, camera.height),
        Picture.Transform.PERSPECTIVE,
        _homography(plane, camera),
        Picture.Resampling.BILINEAR,
    )
    values = np.asarray(seen)
    used = np.flatnonzero(values[..., 3].any(1))
    if not len(used):
        return
    rows = slice(used[0], used[-1] + 1)
    values = values[rows].astype(np.float32).transpose(2, 0, 1) / 255
    albedo, alpha = values[:3] ** 2, values[3]
    normal = _normal(plane)
    direct, indirect = light.on_flat(normal)
    shade = np.broadcast_to(sunlit, picture.shape[1:])[rows]
    colour = albedo * (column(direct) * shade + column(indirect))
    picture[:, rows] += (colour - picture[:, rows]) * alpha


def depth_of_columns(plane: Plane, camera: Camera) -> Array:
    """(W,) the depth at which each column meets the plane's line; negative behind the camera."""
    street = plane.street
    lean = np.float32(np.sin(street.angle)) * camera.rays() + np.float32(np.cos(street.angle))
    return np.float32(plane.v) / np.where(np.abs(lean) < 1e-4, 1e-4, lean)


def visible_span(street: Street, v: float, camera: Camera) -> tuple[float, float]:
    """The u at the picture's left and right edge of a plane at `v` that is seen over the whole width."""
    rays = camera.rays()[[0, -1]]
    sine, cosine = np.sin(street.angle), np.cos(street.angle)
    depth = v / (sine * rays + cosine)
    along = cosine * rays * depth - sine * depth
    return float(along.min()), float(along.max())


def _normal(plane: Plane) -> tuple[float, float, float]:
    """Towards the camera's side: (right, up, towards the camera)."""
    side = np.sign(plane.v)
    return -side * float(np.sin(plane.street.angle)), 0.0, side * float(np.cos(plane.street.angle))


def _homography(plane: Plane, camera: Camera) -> tuple[float, ...]:
    """Eight numbers that carry the picture's pixels to the painting's. Both u and height are quotients of
    linear functions of x and y with the same divisor: the depth's reciprocal along the street.
    """
    sine, cosine = np.sin(plane.street.angle), np.cos(plane.street.angle)
    f, scale, v = camera.focal, plane.facade.scale, plane.v
    divisor = np.array([sine / f, 0.0, cosine - sine * camera.width / 2 / f])
    along = (
        v * np.array([cosine / f, 0.0, -sine - cosine * camera.width / 2 / f]) - plane.u * divisor
    )
    down = np.array([0.0, v / f, -v * camera.horizon / f]) - camera.eye * divisor
    rows = down * scale + plane.facade.albedo.shape[1] * divisor
    columns = along * scale
    whole = np.concatenate([columns, rows, divisor[:2]]) / divisor[2]
    return tuple(float(number) for number in whole)
