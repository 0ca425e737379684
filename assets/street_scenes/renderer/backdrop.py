"""The backdrop behind the actors: sky, ground with shadows, trees, facades.

Shape letters: H, W the picture; h its rows of ground.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from renderer import noise
from renderer.camera import Camera
from renderer.light import Light, column
from renderer.noise import Array, floats
from renderer.places.place import Place, Trees
from renderer.shadow import Caster, contact_shadows, thrown_shadows
from renderer.things.leaves import foliage
from renderer.things.plants import choose_green
from renderer.town.ground import paint_ground
from renderer.town.paving import sample
from renderer.town.plane import Plane, paint_plane


def sunlit_ground(place: Place, camera: Camera, light: Light, rng: np.random.Generator) -> Array:
    """Return (H, W) share of the sun that leaves and houses let through to the ground; 1 above it."""
    right, depth = camera.ground()
    share = np.ones((camera.height, camera.width), np.float32)
    ground = share[camera.first_row :]
    if place.dapple:
        start_x, start_z = (float(start) for start in rng.uniform(0, 40, 2))
        leaves = sample(-1.9, right + start_x, depth + start_z, 110) + 0.5 * sample(
            -1.3, right, depth, 120
        )
        ground *= 1 - place.dapple * np.clip(leaves * 2.2 + 0.7, 0, 1)
    for plane in place.planes:
        length = _shadow_length(plane, light)
        if length > 0:
            beyond = place.street.across(right, depth) - (plane.v - length)
            ground *= 1 - np.clip(beyond / 0.08, 0, 1)
    return share


def paint_backdrop(
    place: Place,
    camera: Camera,
    light: Light,
    sunlit: Array,
    casters: Sequence[Caster],
    rng: np.random.Generator,
) -> Array:
    """Return (3, H, W) the place without what stands about in it, but with its shadows."""
    ground = _ground(place, camera, light, sunlit, casters)
    picture = np.concatenate([_sky(camera, light, rng), ground], 1)
    if place.trees:
        _paint_trees(picture, place.trees, camera, light, rng)
    for plane in place.planes:
        paint_plane(picture, plane, camera, light, _sunlit_wall(place, camera, rng))
    return picture


def _shadow_length(plane: Plane, light: Light) -> float:
    """Return how far a facade's shadow reaches towards the camera, in metres; never over all of the ground."""
    sine, cosine = plane.street.direction
    behind = light.sun[0] * sine - light.sun[2] * cosine
    return min(plane.facade.size[0] * behind / light.sun[1], 0.45 * plane.v)


def _sky(camera: Camera, light: Light, rng: np.random.Generator) -> Array:
    """Return (3, H - h, W) brighter towards the horizon, with clouds."""
    height = camera.first_row
    rows = np.linspace(0, 1, height, dtype=np.float32)
    clear = (1 - np.exp(-1.6 * (1 - rows)))[:, None]
    zenith = light.sky_colour * floats(0.75, 1.25, 2.1)
    colour = column(light.haze * 1.15) * (1 - clear) + column(zenith) * clear
    clouds = noise.patch(rng, -1.9, height=height, width=camera.width, zoom=(1.2, 2.4))
    share = np.clip(clouds * 0.5 + float(rng.uniform(-0.3, 0.35)), 0, 0.9)
    white = light.sky_colour * 1.6 + light.sun_colour * 0.5
    return colour * (1 - share) + column(white) * share


def _ground(
    place: Place, camera: Camera, light: Light, sunlit: Array, casters: Sequence[Caster]
) -> Array:
    """Return (3, h, W) paved and lit."""
    first = camera.first_row
    sun = (thrown_shadows(casters, camera, light) * sunlit)[first:]
    direct, indirect = light.on_plane((0.0, 1.0, 0.0))
    glow = (column(direct) * sun + column(indirect)) * contact_shadows(casters, camera)[first:]
    return paint_ground(place.street, camera) * glow


def _paint_trees(
    picture: Array, trees: Trees, camera: Camera, light: Light, rng: np.random.Generator
) -> None:
    """Return a wall of leaves with a ragged upper edge, darker towards the ground."""
    scale = camera.scale(trees.depth)
    base, top = (
        int(camera.row(trees.depth)) + 2,
        camera.horizon - (trees.height - camera.eye) * scale,
    )
    base = min(camera.height, base)
    waves = noise.patch(rng, -1.5, height=1, width=camera.width, zoom=(1, scale / 14))
    edge = top + 0.12 * trees.height * scale * waves
    first = max(0, int(edge.min()) - 3)
    if base - first < 2:
        return
    leaves = foliage(rng, height=base - first, width=camera.width, scale=max(scale, 30))
    ragged = noise.patch(rng, -0.9, height=base - first, width=camera.width)
    rows = np.arange(first, base, dtype=np.float32)[:, None]
    alpha = np.clip((rows - edge + 4 * ragged) * 0.4 + 0.5, 0, 1)
    dark = 1 - 0.62 * np.clip((rows - top) / max(base - top, 1), 0, 1) ** 1.5
    part = picture[:, first:base]
    part += (
        leaves.lit(light, choose_green(rng), sunlit=0.8, depth=trees.depth) * dark - part
    ) * alpha


def _sunlit_wall(place: Place, camera: Camera, rng: np.random.Generator) -> Array:
    """Return (H, W) or (H, 1) share of the sun that leaves let through to a facade."""
    if not place.dapple:
        return np.ones((camera.height, 1), np.float32)
    size = camera.height, camera.width
    leaves = noise.patch(rng, -1.9, height=size[0], width=size[1])
    leaves = leaves + 0.6 * noise.patch(rng, -1.2, height=size[0], width=size[1])
    return 1 - place.dapple * np.clip(leaves * 1.6 + 0.6, 0, 1)
