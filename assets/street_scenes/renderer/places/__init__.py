"""Places where people walk: plans of what lies on the ground, what stands behind, and what stands about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from renderer.camera import Camera
from renderer.places.built import alley, road, shopping_street
from renderer.places.green import campus, garden_wall, park
from renderer.places.place import Place
from renderer.places.planting import crowns
from renderer.places.plot import Plot

# How often each kind of place comes up; chosen here: gardens and houses alike, as in Penn-Fudan.
_PLANS: tuple[tuple[float, Callable[[Plot], Place]], ...] = (
    (0.18, shopping_street),
    (0.13, garden_wall),
    (0.21, road),
    (0.16, park),
    (0.16, campus),
    (0.16, alley),
)


def choose_place(rng: np.random.Generator, camera: Camera, near: float) -> Place:
    """Return a plan of one of six kinds of place; the main people are `near` metres away."""
    angle = float(rng.choice([0.0, 1.0, 1.0]) * rng.uniform(-0.42, 0.42))
    plot = Plot(rng, camera, near, angle)
    plan = _PLANS[int(rng.choice(len(_PLANS), p=[share for share, _ in _PLANS]))][1]
    place = plan(plot)
    return replace(place, plants=(*place.plants, *crowns(plot, place.things)))
