"""Shadows on the ground: every solid, thrown along the sun's rays onto the street and into the picture."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw, ImageFilter

from renderer.camera import Camera
from renderer.light import Light
from renderer.noise import Array
from renderer.solids import Body, Limb, Solid

_HALF_TURN = np.linspace(-np.pi / 2, np.pi / 2, 6)
# Shadows are drawn at this fraction of the picture's resolution: they are soft anyway.
_COARSE = 2
# A solid this close to the ground, in metres, darkens it around its foot.
_TOUCHING = 0.12


@dataclass(frozen=True, eq=False)
class Caster:
    """Solids that stand at (right, depth) metres."""

    right: float
    depth: float
    solids: Sequence[Solid]


def thrown_shadows(casters: Iterable[Caster], camera: Camera, light: Light) -> Array:
    """Return (H, W) share of the sun in [0, 1] that reaches the ground past these."""
    canvas = _blank(camera)
    pen = ImageDraw.Draw(canvas)
    for outline in _outlines(casters, camera, light):
        pen.polygon(outline, fill=0)
    return _blurred(canvas, light.softness, camera)


def contact_shadows(casters: Iterable[Caster], camera: Camera) -> Array:
    """Return (H, W) share of all light that reaches the ground close to where things stand."""
    canvas = _blank(camera)
    pen = ImageDraw.Draw(canvas)
    for caster in casters:
        scale, row = camera.scale(caster.depth), camera.row(caster.depth)
        for x, up, towards, radius in (_low_end(solid) for solid in caster.solids):
            if up - radius < _TOUCHING:
                across = camera.column(caster.right + x, caster.depth) / _COARSE
                down = (row + towards * scale * camera.eye / caster.depth) / _COARSE
                wide = (radius + 0.035) * scale / _COARSE
                pen.ellipse(
                    (across - wide, down - 0.42 * wide, across + wide, down + 0.42 * wide), fill=80
                )
    return _blurred(canvas, 1.8, camera)


def _blank(camera: Camera) -> Picture.Image:
    return Picture.new("L", (-(-camera.width // _COARSE), -(-camera.height // _COARSE)), 255)


def _blurred(canvas: Picture.Image, radius: float, camera: Camera) -> Array:
    """Return (H, W) in [0, 1], as large as the picture again; `radius` in pixels of it."""
    soft = canvas.filter(ImageFilter.GaussianBlur(radius / _COARSE))
    size = canvas.width * _COARSE, canvas.height * _COARSE
    enlarged = np.asarray(soft.resize(size, Picture.Resampling.BILINEAR), np.float32)
    return enlarged[: camera.height, : camera.width] / 255


Ball = tuple[float, float, float, float]


def _ball(center: Array, radius: float) -> Ball:
    """Right, up, towards the camera, radius."""
    return float(center[0]), float(center[1]), float(center[2]), float(radius)


def _low_end(solid: Solid) -> Ball:
    balls = _balls(solid)
    return min(balls[0], balls[-1], key=lambda ball: ball[1] - ball[3])


def _balls(solid: Solid) -> list[Ball]:
    """Return balls whose hull is about the solid."""
    if isinstance(solid, Limb):
        return [_ball(solid.start, solid.radii[0]), _ball(solid.end, solid.radii[1])]
    return [_ball(_ring(solid, *ring), 0.5 * (ring[1] + ring[2])) for ring in solid.profile]


def _ring(body: Body, height: float, wide: float, deep: float, shift: float) -> Array:
    """Return (3,) the center of a body's ring."""
    sideways = height * body.lean[0] + shift * np.sin(body.turn)
    return body.foot + np.array(
        [sideways, height, height * body.lean[1] + shift * np.cos(body.turn)]
    )


def _outlines(casters: Iterable[Caster], camera: Camera, light: Light) -> list[list[float]]:
    """Return one polygon on the coarse canvas for each pair of neighbouring balls: x, y, x, y, …"""
    pairs = np.array(
        [
            [
                (caster.right + x, up, caster.depth - towards, radius)
                for x, up, towards, radius in pair
            ]
            for caster in casters
            for solid in caster.solids
            for pair in itertools.pairwise(_balls(solid))
        ],
        np.float32,
    ).reshape(-1, 2, 4)
    up, radius = pairs[..., 1], pairs[..., 3, None]
    x = pairs[..., 0] - up * light.sun[0] / light.sun[1]
    z = pairs[..., 2] + up * light.sun[2] / light.sun[1]
    heading = np.arctan2(z[:, 1] - z[:, 0], x[:, 1] - x[:, 0])[:, None, None]
    angles = heading + np.stack([_HALF_TURN + np.pi, _HALF_TURN])
    rim = x[..., None] + radius * np.cos(angles), 0 * angles, z[..., None] + radius * np.sin(angles)
    corners = camera.project(np.stack(rim, -1).reshape(-1, 3)) / _COARSE
    outlines: list[list[float]] = corners.reshape(len(pairs), 4 * len(_HALF_TURN)).tolist()
    return outlines
