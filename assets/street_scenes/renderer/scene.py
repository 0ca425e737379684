"""A street scene from two numbers: plan it, light it, draw it from back to front, photograph it.

Shape letters: H, W picture; N people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from renderer.actors import Actor, Stage, people, scenery
from renderer.backdrop import paint_backdrop, sunlit_ground
from renderer.camera import choose_camera
from renderer.cast import choose_cast
from renderer.film import choose_film, develop
from renderer.light import choose_light
from renderer.noise import Array, generator
from renderer.places import choose_place
from renderer.places.place import Place
from renderer.visibility import owners, visible

# Each part of a scene has a random source of its own, so that the street is the same with and without people.
_PLAN, _SCENERY, _CAST, _BACKDROP, _FILM = range(5)


@dataclass(frozen=True, eq=False)
class Scene:
    """A scene that is planned and set, but not yet painted.

    Args:
        seed, index: the numbers that it is made of.
        place: its plan. stage: camera and light. actors: what is seen in it, from back to front.
    """

    seed: int
    index: int
    place: Place
    stage: Stage
    actors: Sequence[Actor]

    def people(self) -> npt.NDArray[np.int32]:
        """Return (H, W) the owner of each pixel: 0 for none, 1..N for the people, from left to right."""
        return owners(self.actors, self.stage.camera)

    def photograph(self) -> bytes:
        """Paint, expose and compress the scene: the bytes of a JPEG file."""
        rng = generator(self.seed, self.index, _FILM)
        return develop(self._painted(), choose_film(rng), rng)

    def _painted(self) -> Array:
        """Return (3, H, W) linear light."""
        camera, light, sunlit = self.stage.camera, self.stage.light, self.stage.sunlit
        casters = [actor.caster for actor in self.actors]
        rng = generator(self.seed, self.index, _BACKDROP)
        picture = paint_backdrop(self.place, camera, light, sunlit, casters, rng)
        for actor in self.actors:
            window, part = actor.sprite.within((camera.height, camera.width))
            under = picture[:, *window]
            under *= 1 - actor.sprite.alpha[part]
            under += actor.sprite.colour()[:, *part]
        return picture


def set_scene(seed: int, index: int) -> Scene:
    """Return the scene of these two numbers, and of nothing else."""
    place, stage, near = _planned(seed, index)
    rng = generator(seed, index, _CAST)
    cast = people(choose_cast(rng, stage.camera, place, near), stage, rng)
    actors = scenery(place, stage, generator(seed, index, _SCENERY)) + cast
    return Scene(seed, index, place, stage, visible(actors, stage.camera))


def set_empty_scene(seed: int, index: int) -> Scene:
    """Return the street of `set_scene` without people."""
    place, stage, _ = _planned(seed, index)
    actors = scenery(place, stage, generator(seed, index, _SCENERY))
    return Scene(seed, index, place, stage, visible(actors, stage.camera))


def _planned(seed: int, index: int) -> tuple[Place, Stage, float]:
    """Plan the place, the light and the distance in metres of the main people."""
    rng = generator(seed, index, _PLAN)
    camera, light = choose_camera(rng), choose_light(rng)
    near = camera.depth(camera.height * float(rng.uniform(0.90, 0.975)))
    place = choose_place(rng, camera, near)
    return place, Stage(camera, light, sunlit_ground(place, camera, light, rng)), near
