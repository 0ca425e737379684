"""A street scene from two numbers: plan it, light it, draw it from back to front, photograph it.

Shape letters: H, W picture; N people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastrcnn_core.datasets.street import film, ground, leaves, noise, shadow, vehicles
from fastrcnn_core.datasets.street.camera import Camera, choose_camera
from fastrcnn_core.datasets.street.cast import Walker, choose_cast
from fastrcnn_core.datasets.street.light import Light, choose_light, column
from fastrcnn_core.datasets.street.noise import Array
from fastrcnn_core.datasets.street.places import Parked, Place, Plant, Thing, choose_place
from fastrcnn_core.datasets.street.plane import paint_plane
from fastrcnn_core.datasets.street.portrait import Sprite, portray
from fastrcnn_core.datasets.street.solids import Limb, Solid, seen_from
from fastrcnn_core.structures import Pixels

# Whoever shows less than this share of the whole figure, or a lower or narrower piece (pixels), is not in the scene
# at all: so nobody can be seen without being annotated. Chosen here; Penn-Fudan leaves out the severely occluded.
SMALLEST_SHARE = 0.40
SMALLEST_HEIGHT, SMALLEST_WIDTH = 60, 14


@dataclass(frozen=True, eq=False)
class Actor:
    """Something that stands in the scene: its depth, its sprite, what throws its shadow, and whether it is a person."""

    right: float
    depth: float
    sprite: Sprite
    solids: Sequence[Solid]
    is_person: bool


def draw_scene(
    seed: int, index: int, *, people: bool = True
) -> tuple[Pixels, npt.NDArray[np.int32]]:
    """(H, W, 3) uint8 photograph and (H, W) int32 whose pixels are whose: 0 nobody's, 1..N the people from left to right.

    A pure function of its numbers; without `people` it is the same street, empty.
    """
    rng = noise.generator(seed, index, 0)
    camera, light = choose_camera(rng), choose_light(rng)
    near = camera.depth_of_row(camera.height * float(rng.uniform(0.90, 0.975)))
    place = choose_place(rng, camera, near)
    sunlit = _sunlit_ground(place, camera, light, rng)
    actors = _scenery(place, camera, light, sunlit, noise.generator(seed, index, 1))
    cast_rng = noise.generator(seed, index, 2)
    if people:
        walkers = choose_cast(cast_rng, camera, place, near)
        actors += [_person(it, camera, light, sunlit, cast_rng) for it in walkers]
    actors = visible(actors, camera)
    picture = _background(place, camera, light, sunlit, actors, noise.generator(seed, index, 3))
    instances = _compose(picture, actors)
    rng = noise.generator(seed, index, 4)
    return film.develop(picture, film.choose_film(rng), rng), instances


def _sunlit_ground(place: Place, camera: Camera, light: Light, rng: np.random.Generator) -> Array:
    """(H, W) share of the sun that leaves and houses let through to the ground; 1 above the horizon."""
    first = max(0, int(camera.horizon) + 2)
    rows = np.arange(first, camera.height, dtype=np.float32)[:, None] + 0.5
    depth = np.float32(camera.focal * camera.eye) / (rows - np.float32(camera.horizon))
    right = camera.rays()[None] * depth
    share = np.ones((camera.height, camera.width), np.float32)
    if place.dapple:
        shift = rng.uniform(0, 40, 2).astype(np.float32)
        field = ground.sample(-1.9, right + shift[0], depth + shift[1], 110)
        field += 0.5 * ground.sample(-1.3, right, depth, 120)
        share[first:] = 1 - np.float32(place.dapple) * np.clip(field * 2.2 + 0.7, 0, 1)
    for plane in place.planes:
        behind = light.sun[0] * np.sin(plane.street.angle) - light.sun[2] * np.cos(
            plane.street.angle
        )
        if plane.v > 0 and behind > 0:
            tall = plane.facade.albedo.shape[1] / plane.facade.scale
            length = min(tall * behind / light.sun[1], 0.45 * plane.v)
            edge = plane.street.across(right, depth) - (plane.v - length)
            share[first:] *= 1 - np.clip(edge / 0.08, 0, 1)
    return share


def _scenery(
    place: Place, camera: Camera, light: Light, sunlit: Array, rng: np.random.Generator
) -> list[Actor]:
    actors = [_thing(it, camera, light, sunlit, rng) for it in place.things]
    actors += [_plant(it, camera, light, sunlit, rng) for it in place.plants]
    actors += [_parked(it, camera, light, sunlit, rng) for it in place.parked]
    return actors


def _sun_at(sunlit: Array, camera: Camera, right: float, depth: float) -> float:
    row, column_ = camera.row_of_ground(depth), camera.width / 2 + camera.focal * right / depth
    rows = slice(*np.clip([row - 6, row + 5], 0, camera.height).astype(int))
    columns = slice(*np.clip([column_ - 14, column_ + 14], 0, camera.width).astype(int))
    part = sunlit[rows, columns]
    return float(part.mean()) if part.size else 1.0


def _person(
    walker: Walker, camera: Camera, light: Light, sunlit: Array, rng: np.random.Generator
) -> Actor:
    return _solid_actor(walker.solids, walker.right, walker.depth, camera, light, sunlit, rng, True)


def _thing(
    thing: Thing, camera: Camera, light: Light, sunlit: Array, rng: np.random.Generator
) -> Actor:
    return _solid_actor(
        thing.make(rng), thing.right, thing.depth, camera, light, sunlit, rng, False
    )


def _solid_actor(
    solids: list[Solid],
    right: float,
    depth: float,
    camera: Camera,
    light: Light,
    sunlit: Array,
    rng: np.random.Generator,
    is_person: bool,
) -> Actor:
    sprite = portray(
        seen_from(solids, eye=camera.eye, depth=depth),
        light=light,
        sunlit=_sun_at(sunlit, camera, right, depth),
        row=camera.row_of_ground(depth),
        column=camera.width / 2 + camera.focal * right / depth,
        scale=camera.pixels_per_metre(depth),
        frame=(camera.height, camera.width),
        rng=rng,
    )
    return Actor(right, depth, sprite, solids, is_person)


def _plant(
    plant: Plant, camera: Camera, light: Light, sunlit: Array, rng: np.random.Generator
) -> Actor:
    scale = camera.pixels_per_metre(plant.depth)
    stand = leaves.Stand(
        camera.row_of_ground(plant.depth) - plant.lift * scale,
        camera.width / 2 + plant.right * scale,
        scale,
        plant.depth,
        _sun_at(sunlit, camera, plant.right, plant.depth),
    )
    if plant.lift > 1:
        sprite = leaves.crown(rng, light, stand, size=plant.size, green=plant.green)
    else:
        sprite = leaves.bush(rng, light, stand, size=plant.size, boxy=plant.boxy, green=plant.green)
    return Actor(plant.right, plant.depth, sprite, _clumps(plant, rng), False)


def _clumps(plant: Plant, rng: np.random.Generator) -> list[Solid]:
    """Balls of leaves that throw a plant's ragged shadow."""
    height, width = plant.size
    half = 0.22 * min(height, width)
    clumps: list[Solid] = []
    for x, y, z in rng.uniform(-1, 1, (14, 3)):
        center = np.array(
            [x * (width / 2 - half), plant.lift + height / 2 + y * (height / 2 - half), z * half]
        )
        clumps.append(
            Limb(center, center + [0.0, 0.1, 0.0], (half, half), lambda surface: surface.side)
        )
    return clumps


def _parked(
    parked: Parked, camera: Camera, light: Light, sunlit: Array, rng: np.random.Generator
) -> Actor:
    scale = camera.pixels_per_metre(parked.depth)
    where = vehicles.Place(
        camera.width / 2 + parked.right * scale,
        camera.row_of_ground(parked.depth),
        scale,
        parked.depth,
    )
    draw = vehicles.car if parked.kind == "car" else vehicles.bicycle
    sprite, length = draw(rng, light, where, _sun_at(sunlit, camera, parked.right, parked.depth))
    thick, up = (0.55, 0.7) if parked.kind == "car" else (0.04, 0.5)
    half = length / 2 - thick
    body = Limb(
        np.array([-half, up, -thick]),
        np.array([half, up, -thick]),
        (thick, thick),
        lambda surface: surface.side,
    )
    return Actor(parked.right, parked.depth, sprite, [body], False)


def visible(actors: list[Actor], camera: Camera) -> list[Actor]:
    """The actors from back to front, without people of whom too little would be seen."""
    free = np.ones((camera.height, camera.width), bool)
    kept = []
    for actor in sorted(actors, key=lambda it: it.depth):
        window, part = _clip(actor.sprite, free.shape)
        solid = actor.sprite.alpha[part] >= 0.5
        seen = solid & free[window]
        if actor.is_person and not _enough(seen, int((actor.sprite.alpha >= 0.5).sum())):
            continue
        free[window] &= ~solid
        kept.append(actor)
    return kept[::-1]


def _enough(seen: npt.NDArray[np.bool_], whole: int) -> bool:
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    if not len(rows) or seen.sum() < SMALLEST_SHARE * whole:
        return False
    return bool(
        rows[-1] - rows[0] + 1 >= SMALLEST_HEIGHT and columns[-1] - columns[0] + 1 >= SMALLEST_WIDTH
    )


def _clip(
    sprite: Sprite, shape: tuple[int, int]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The part of the picture that the sprite covers, and the part of the sprite that covers it."""
    windows = []
    for start, size, limit in zip(
        (sprite.row, sprite.column), sprite.alpha.shape, shape, strict=True
    ):
        first, last = min(max(start, 0), limit), min(max(start + size, 0), limit)
        windows.append((slice(first, last), slice(first - start, last - start)))
    return (windows[0][0], windows[1][0]), (windows[0][1], windows[1][1])


def _background(
    place: Place,
    camera: Camera,
    light: Light,
    sunlit: Array,
    actors: Sequence[Actor],
    rng: np.random.Generator,
) -> Array:
    """(3, H, W) sky, trees, ground with shadows, facades."""
    picture = _sky(camera, light, rng)
    first = max(0, int(np.ceil(camera.horizon)) + 1)
    albedo = ground.paint_ground(place.street, camera, first)
    things = [(it.right, it.depth, it.solids) for it in actors]
    sun = (shadow.thrown_shadows(things, camera, light) * sunlit)[first:]
    direct, indirect = light.on_flat((0.0, 1.0, 0.0))
    lit = (
        albedo * (column(direct) * sun + column(indirect)) * shadow.contact(things, camera)[first:]
    )
    picture[:, first:] = lit
    if place.trees:
        _treeline(picture, place, camera, light, rng)
    for plane in place.planes:
        paint_plane(picture, plane, camera, light, _sunlit_wall(place, camera, rng))
    return picture


def _sky(camera: Camera, light: Light, rng: np.random.Generator) -> Array:
    rows = np.clip(np.arange(camera.height, dtype=np.float32) / max(camera.horizon, 1), 0, 1)[
        :, None
    ]
    zenith = light.sky_colour * np.float32([0.75, 1.25, 2.1])
    clear = 1 - np.exp(-((1 - rows) * 1.6))
    colour = column(light.haze * 1.15) * (1 - clear) + column(zenith) * clear
    clouds = noise.patch(rng, -1.9, height=camera.height, width=camera.width, zoom=(1.2, 2.4))
    share = np.clip(clouds * 0.5 + rng.uniform(-0.3, 0.35), 0, 0.9)
    return (
        colour * (1 - share) + column(light.sky_colour * 1.6 + light.sun_colour * 0.5) * share
    ).astype(np.float32)


def _treeline(
    picture: Array, place: Place, camera: Camera, light: Light, rng: np.random.Generator
) -> None:
    depth, tall = place.trees or (1.0, 1.0)
    scale = camera.pixels_per_metre(depth)
    base = min(camera.height, int(camera.row_of_ground(depth)) + 2)
    top = camera.horizon - (tall - camera.eye) * scale
    outline = (
        top
        + 0.12
        * tall
        * scale
        * noise.patch(rng, -1.5, height=1, width=camera.width, zoom=(1, scale / 14))[0]
    )
    first = max(0, int(outline.min() - 3))
    if base - first < 2:
        return
    green = leaves.foliage(
        rng,
        light,
        height=base - first,
        width=camera.width,
        scale=max(scale, 30),
        sunlit=0.8,
        depth=depth,
        green=leaves.choose_green(rng),
    ).colour
    rows = np.arange(first, base, dtype=np.float32)[:, None]
    ragged = noise.patch(rng, -0.9, height=base - first, width=camera.width)
    alpha = np.clip((rows - outline[None] + 4 * ragged) * 0.4 + 0.5, 0, 1)
    dark = 1 - 0.62 * np.clip((rows - top) / max(base - top, 1), 0, 1) ** 1.5
    window = picture[:, first:base]
    window += (green * dark - window) * alpha


def _sunlit_wall(place: Place, camera: Camera, rng: np.random.Generator) -> Array:
    if not place.dapple:
        return np.ones((1, 1), np.float32)
    field = noise.patch(rng, -1.8, height=camera.height, width=camera.width, zoom=(1.3, 1.3))
    return 1 - np.float32(place.dapple) * np.clip(field * 1.8 + 0.4, 0, 1)


def _compose(picture: Array, actors: Sequence[Actor]) -> npt.NDArray[np.int32]:
    """Lay the actors over the picture and tell whose pixels are whose."""
    owner = np.zeros(picture.shape[1:], np.int32)
    for number, actor in enumerate(actors, start=1):
        window, part = _clip(actor.sprite, owner.shape)
        alpha = actor.sprite.alpha[part]
        below = picture[:, *window]
        below *= 1 - alpha
        below += actor.sprite.colour[:, *part]
        np.copyto(owner[window], number if actor.is_person else 0, where=alpha >= 0.5)
    return _renumbered(owner)


def _renumbered(owner: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """1..N from left to right by the left edge."""
    present = [int(number) for number in np.unique(owner) if number]
    left = {number: int(np.flatnonzero((owner == number).any(0))[0]) for number in present}
    table = np.zeros(int(owner.max()) + 1, np.int32)
    for new, old in enumerate(sorted(present, key=lambda number: (left[number], number)), start=1):
        table[old] = new
    return table[owner]
