"""A piece of ground where a place is planned: it lays bands of ground and finds spots for what stands about."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from renderer.camera import Camera
from renderer.light import linear
from renderer.places.place import FurnitureMaker, Parked, Thing
from renderer.things.bicycle import bicycle
from renderer.things.car import car
from renderer.town import paving
from renderer.town.facade import Facade
from renderer.town.ground import Band, Material, Street
from renderer.town.plane import Plane, visible_span

# Makes a facade `width` metres long with `scale` pixels per metre.
FacadeMaker = Callable[[float, float], Facade]


class Plot:
    """A plot at an angle to the camera; the main people are `near` metres away."""

    def __init__(self, rng: np.random.Generator, camera: Camera, near: float, angle: float) -> None:
        self.rng, self.camera, self.near, self.angle = rng, camera, near, angle
        self.bands: list[Band] = []

    @property
    def street(self) -> Street:
        return Street(self.angle, tuple(self.bands))

    def uniform(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def upto(self, most: int) -> int:
        """Return a count from 0 to `most`."""
        return int(self.rng.integers(0, most + 1))

    def lay(self, end: float, material: Material) -> float:
        """Continue the ground with this material up to v = `end`, and answer with that."""
        self.bands.append(Band(end, material))
        return end

    def pavement(self) -> Material:
        """Choose the material that people walk on."""
        kinds = (paving.slabs, paving.bricks, paving.asphalt)
        return kinds[int(self.rng.choice(3, p=(0.5, 0.3, 0.2)))](self.rng)

    def kerb(self, yellow: float) -> Material:
        """Return a kerb; `yellow` is how often it is painted so."""
        tone = linear(206, 160, 48) if self.chance(yellow) else linear(168, 164, 158)
        return paving.kerb(tone)

    def lawn_to_the_horizon(self) -> None:
        self.lay(np.inf, paving.grass(self.rng))

    def spot(self, low: float, high: float) -> tuple[float, float]:
        """Return a (right, depth) with v between these, seen in the picture or just outside it."""
        sine, cosine = self.street.direction
        for _ in range(40):
            ray = self.uniform(-0.55, 0.55) * self.camera.width / self.camera.focal
            depth = self.uniform(low, high) / (sine * ray + cosine)
            if 0.75 * self.near < depth < 8 * self.near:
                return ray * depth, depth
        return 0.0, 9 * self.near

    def things(
        self, low: float, high: float, makers: Sequence[FurnitureMaker], most: int
    ) -> list[Thing]:
        """Up to `most` pieces of furniture with v between these."""
        return [
            Thing(*self.spot(low, high), makers[int(self.rng.integers(0, len(makers)))])
            for _ in range(self.upto(most))
        ]

    def cars(self, v: float) -> list[Parked]:
        """Return a row of parked cars; none along a street seen at an angle, as cars are drawn from the side only."""
        if abs(self.angle) > 0.25:
            return []
        first, last = visible_span(self.street, v, self.camera)
        row, u = [], first - self.uniform(0, 4)
        while u < last + 2:
            if self.chance(0.72):
                row.append(Parked(*self.street.place(u, v), (4.3, 0.55), car))
            u += self.uniform(5.2, 7)
        return row

    def bicycles(self, low: float, high: float, count: int) -> list[Parked]:
        """Parked bicycles."""
        return [Parked(*self.spot(low, high), (1.8, 0.04), bicycle) for _ in range(count)]

    def dapple(self, share: float) -> float:
        """Choose how much shade leaves throw; `share` is how often they do."""
        return self.uniform(0.5, 1.0) if self.chance(share) else 0.0

    def plane(self, v: float, make: FacadeMaker) -> Plane:
        """Return a facade across the picture, just as finely painted as it is seen."""
        first, last = visible_span(self.street, v, self.camera)
        scale = min(self.camera.focal / max(0.75 * v, 0.55 * self.near), 90.0)
        return Plane(make(last - first + 1.0, scale), self.street, v, first - 0.5)

    def receding_plane(self, v: float, make: FacadeMaker) -> Plane:
        """Return a facade that runs from beside the camera into the distance."""
        near, far = 0.5 * self.near, 7 * self.near
        first, last = (-far, near) if self.angle > 0 else (-near, far)
        scale = min(self.camera.focal / max(0.9 * abs(v), 0.55 * self.near), 90.0) * 0.8
        return Plane(make(last - first, min(scale, 1300 / (last - first))), self.street, v, first)
