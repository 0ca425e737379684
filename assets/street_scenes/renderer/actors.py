"""Actors: everything that stands in a scene, from people to hedges, each with its sprite and its shadow.

Shape letters: H, W the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from renderer import noise
from renderer.camera import Camera
from renderer.cast import Walker
from renderer.light import Light
from renderer.noise import Array
from renderer.places.place import Parked, Place, Plant
from renderer.portrait import portray
from renderer.shadow import Caster
from renderer.solids import Limb, Solid, plain, seen_from
from renderer.sprite import Sprite, Stand


@dataclass(frozen=True, eq=False)
class Actor:
    """Something that stands in the scene: how it looks, what throws its shadow, and whether it is a person."""

    sprite: Sprite
    caster: Caster
    is_person: bool


@dataclass(frozen=True, eq=False)
class Stage:
    """The setting of the actors: the camera, the light, and (H, W) the share of the sun that reaches the ground."""

    camera: Camera
    light: Light
    sunlit: Array

    def stand(self, right: float, depth: float, lift: float = 0.0) -> Stand:
        """Return the position in the picture of a point, `lift` metres above the ground."""
        camera = self.camera
        scale, row, column = camera.scale(depth), camera.row(depth), camera.column(right, depth)
        return Stand(row - lift * scale, column, scale, depth, self._sun(row, column))

    def _sun(self, row: float, column: float) -> float:
        """Return the share of the sun around a pixel; all of it outside the picture."""
        rows = slice(*np.clip([row - 6, row + 5], 0, self.camera.height).astype(int))
        columns = slice(*np.clip([column - 30, column + 30], 0, self.camera.width).astype(int))
        around = self.sunlit[rows, columns]
        return float(around.mean()) if around.size else 1.0


def scenery(place: Place, stage: Stage, rng: np.random.Generator) -> list[Actor]:
    """Return everything of a place that stands about."""
    actors = [
        _built(furniture.make(rng), furniture.right, furniture.depth, stage, rng)
        for furniture in place.things
    ]
    actors += [_plant(plant, stage, rng) for plant in place.plants]
    return actors + [_parked(drawing, stage, rng) for drawing in place.parked]


def people(cast: Sequence[Walker], stage: Stage, rng: np.random.Generator) -> list[Actor]:
    """Return the cast on the stage."""
    actors = [_built(member.solids, member.right, member.depth, stage, rng) for member in cast]
    return [Actor(actor.sprite, actor.caster, True) for actor in actors]


def _built(
    solids: list[Solid], right: float, depth: float, stage: Stage, rng: np.random.Generator
) -> Actor:
    camera = stage.camera
    sprite = portray(
        seen_from(solids, eye=camera.eye, depth=depth),
        stage.stand(right, depth),
        stage.light,
        frame=(camera.height, camera.width),
        rng=rng,
    )
    return Actor(sprite, Caster(right, depth, solids), False)


def _plant(plant: Plant, stage: Stage, rng: np.random.Generator) -> Actor:
    stand = stage.stand(plant.right, plant.depth, plant.lift)
    sprite = plant.make(rng, stage.light, stand, plant.size, plant.green)
    return Actor(sprite, Caster(plant.right, plant.depth, _clumps(plant, rng)), False)


def _clumps(plant: Plant, rng: np.random.Generator) -> list[Solid]:
    """Return balls of leaves that throw a plant's ragged shadow."""
    height, width = plant.size
    half = 0.22 * min(height, width)
    reach = np.array([width / 2 - half, height / 2 - half, half])
    centers = rng.uniform(-1, 1, (14, 3)) * reach + [0, plant.lift + height / 2, 0]
    step = np.array([0.0, 0.1, 0.0])
    return [Limb(center, center + step, (half, half), plain(plant.green)) for center in centers]


def _parked(parked: Parked, stage: Stage, rng: np.random.Generator) -> Actor:
    sprite = parked.make(rng, stage.light, stage.stand(parked.right, parked.depth))
    length, thick = parked.size
    half, up = length / 2 - thick, thick + 0.15
    ends = np.array([-half, up, -thick]), np.array([half, up, -thick])
    body = Limb(*ends, (thick, thick), plain(noise.floats(0, 0, 0)))
    return Actor(sprite, Caster(parked.right, parked.depth, [body]), False)
