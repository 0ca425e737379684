"""Shadows on the ground: every solid, thrown along the sun's rays onto the street and into the picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFilter

from fastrcnn_core.datasets.street.camera import Camera
from fastrcnn_core.datasets.street.light import Light
from fastrcnn_core.datasets.street.noise import Array
from fastrcnn_core.datasets.street.solids import Limb, Solid

_HALF = np.linspace(-np.pi / 2, np.pi / 2, 6)


def thrown_shadows(
    things: Iterable[tuple[float, float, Sequence[Solid]]], camera: Camera, light: Light
) -> Array:
    """(H, W) share of the sun in [0, 1] that reaches the ground past these things: (right, depth, solids)."""
    canvas = Picture.new("L", (camera.width, camera.height), 255)
    pen = ImageDraw.Draw(canvas)
    for right, depth, solids in things:
        for outline in _outlines(solids, right, depth, camera, light):
            pen.polygon(outline, fill=0)
    soft = canvas.filter(ImageFilter.GaussianBlur(0.8 + 60 * light.blur_of_shadow))
    return np.asarray(soft, np.float32) / 255


def contact(things: Iterable[tuple[float, float, Sequence[Solid]]], camera: Camera) -> Array:
    """(H, W) share of all light that reaches the ground close to where things stand."""
    canvas = Picture.new("L", (camera.width, camera.height), 255)
    pen = ImageDraw.Draw(canvas)
    for right, depth, solids in things:
        scale = camera.pixels_per_metre(depth)
        row = camera.row_of_ground(depth)
        for solid in solids:
            lowest = _lowest(solid)
            if lowest[1] > 0.12:
                continue
            x = camera.width / 2 + (right + lowest[0]) * scale
            y = row + lowest[2] * scale * camera.eye / depth
            reach = (lowest[3] + 0.035) * scale
            pen.ellipse((x - reach, y - reach * 0.42, x + reach, y + reach * 0.42), fill=80)
    return np.asarray(canvas.filter(ImageFilter.GaussianBlur(1.8)), np.float32) / 255


def _lowest(solid: Solid) -> tuple[float, float, float, float]:
    """Right, height, towards and radius of a solid's low end."""
    if isinstance(solid, Limb):
        which = int(solid.end[1] < solid.start[1])
        end = (solid.start, solid.end)[which]
        return float(end[0]), float(end[1]) - solid.radii[which], float(end[2]), solid.radii[which]
    return (
        float(solid.foot[0]),
        float(solid.foot[1] + solid.profile[0, 0]),
        float(solid.foot[2]),
        float(solid.profile[0, 1]),
    )


def _outlines(
    solids: Sequence[Solid], right: float, depth: float, camera: Camera, light: Light
) -> list[list[tuple[float, float]]]:
    """One polygon in the picture for each tapered piece."""
    pieces = np.array([piece for solid in solids for piece in _pieces(solid)], np.float32)
    centers = pieces[:, :, :3]
    slope_x, slope_z = -light.sun[0] / light.sun[1], light.sun[2] / light.sun[1]
    x = right + centers[..., 0] + centers[..., 1] * slope_x
    z = depth - centers[..., 2] + centers[..., 1] * slope_z
    heading = np.arctan2(z[:, 1] - z[:, 0], x[:, 1] - x[:, 0])[:, None, None]
    angles = heading + np.stack([_HALF + np.pi, _HALF])[None]
    radius = pieces[:, :, 3:4]
    ground = np.stack(
        [
            x[..., None] + radius * np.cos(angles),
            np.zeros_like(angles),
            z[..., None] + radius * np.sin(angles),
        ],
        -1,
    )
    corners = camera.project(ground.reshape(-1, 3)).reshape(len(pieces), -1, 2)
    return [[(float(a), float(b)) for a, b in polygon] for polygon in corners]


def _pieces(solid: Solid) -> list[list[tuple[float, float, float, float]]]:
    """Pairs of (right, up, towards, radius)."""
    if isinstance(solid, Limb):
        return [
            [
                (*map(float, end), float(radius))
                for end, radius in zip((solid.start, solid.end), solid.radii, strict=True)
            ]
        ]  # type: ignore[misc]
    sine, cosine = np.sin(solid.turn), np.cos(solid.turn)
    rings = [
        (
            float(solid.foot[0] + h * solid.lean[0] + shift * sine),
            float(solid.foot[1] + h),
            float(solid.foot[2] + h * solid.lean[1] + shift * cosine),
            float(0.5 * (wide + deep)),
        )
        for h, wide, deep, shift in solid.profile
    ]
    return [list(pair) for pair in zip(rings[:-1], rings[1:], strict=True)]
