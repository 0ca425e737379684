"""The plan of a place. Distances in metres: (right, depth) from below the camera."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from renderer.light import Light
from renderer.noise import Array
from renderer.solids import Solid
from renderer.sprite import Sprite, Stand
from renderer.town.ground import Street
from renderer.town.plane import Plane

FurnitureMaker = Callable[[np.random.Generator], list[Solid]]
PlantMaker = Callable[[np.random.Generator, Light, Stand, tuple[float, float], Array], Sprite]
VehicleMaker = Callable[[np.random.Generator, Light, Stand], Sprite]


@dataclass(frozen=True)
class Thing:
    """Street furniture and where it stands."""

    right: float
    depth: float
    make: FurnitureMaker


@dataclass(frozen=True, eq=False)
class Plant:
    """A plant: where it stands, how high it hangs above the ground, its size (height, width) and its colour."""

    right: float
    depth: float
    lift: float
    size: tuple[float, float]
    green: Array
    make: PlantMaker


@dataclass(frozen=True)
class Parked:
    """A vehicle: where its middle stands, and the (length, thickness) of what throws its shadow."""

    right: float
    depth: float
    size: tuple[float, float]
    make: VehicleMaker


@dataclass(frozen=True)
class Trees:
    """The green behind everything: metres away, metres high."""

    depth: float
    height: float


@dataclass(frozen=True, eq=False)
class Place:
    """A plan.

    Args:
        name: what kind of place it is. street: its ground. planes: facades, the farthest first.
        walk: from where to where across the street people walk.
        trees: behind everything; None for open sky.
        things, plants, parked: what stands about. dapple: how much shade leaves throw, in [0, 1].
    """

    name: str
    street: Street
    planes: Sequence[Plane]
    walk: tuple[float, float]
    trees: Trees | None
    things: Sequence[Thing]
    plants: Sequence[Plant]
    parked: Sequence[Parked]
    dapple: float
