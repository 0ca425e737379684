"""The cast of a picture: single walkers and groups, each with a place, a pose and clothes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderer.camera import Camera
from renderer.people.person import person_solids
from renderer.people.pose import standing, walking
from renderer.people.skeleton import pose_skeleton
from renderer.people.wardrobe import choose_outfit
from renderer.places.place import Place
from renderer.solids import Solid

# Statures in pixels between which people are placed. Chosen so that with children, hats and cut-off feet what is
# visible of each person is 60 to 350 px high.
SMALLEST, LARGEST = 66, 314
# How many people are invited; some find no place. Chosen so that 2.5 a picture stay, as in Penn-Fudan.
_INVITED = {1: 0.12, 2: 0.27, 3: 0.25, 4: 0.17, 5: 0.11, 6: 0.08}
_GROUPS = {1: 0.52, 2: 0.30, 3: 0.13, 4: 0.05}
# Of an adult, in metres.
_STATURE = 1.70


@dataclass(frozen=True, eq=False)
class Walker:
    """A person in the world: feet at (right, depth) in metres."""

    right: float
    depth: float
    solids: list[Solid]


@dataclass(frozen=True, eq=False)
class _Group:
    """People who walk or stand together around a point, heading the same way on a day of this warmth."""

    right: float
    depth: float
    size: int
    heading: float
    walks: bool
    warmth: float


def choose_cast(
    rng: np.random.Generator, camera: Camera, place: Place, near: float
) -> list[Walker]:
    """Return one to six people, the first group of them about `near` metres away."""
    left, warmth = _drawn(rng, _INVITED), float(rng.random())
    cast: list[Walker] = []
    while left > 0:
        size = min(left, _drawn(rng, _GROUPS))
        depths = (0.95 * near, 1.12 * near) if not cast else _depths(camera)
        spot = _spot(rng, camera, place, depths)
        if spot:
            walks = bool(rng.random() < 0.75)
            group = _Group(*spot, size, _heading(rng, place.street.angle), walks, warmth)
            cast += [_member(rng, camera, group, i) for i in range(size)]
        left -= size
    return cast


def _drawn(rng: np.random.Generator, shares: dict[int, float]) -> int:
    return int(rng.choice(list(shares), p=list(shares.values())))


def _depths(camera: Camera) -> tuple[float, float]:
    """Return the depths at which people have a sensible size."""
    largest = min(LARGEST, 0.8 * camera.height)
    return camera.focal * _STATURE / largest, camera.focal * _STATURE / SMALLEST


def _spot(
    rng: np.random.Generator, camera: Camera, place: Place, depths: tuple[float, float]
) -> tuple[float, float] | None:
    """Return (right, depth) between these depths where people may walk; their heights in pixels are spread evenly."""
    for _ in range(30):
        depth = 1 / float(rng.uniform(1 / depths[1], 1 / depths[0]))
        right = camera.right(camera.width * float(rng.uniform(0.08, 0.92)), depth)
        sine, cosine = place.street.direction
        if place.walk[0] <= sine * right + cosine * depth <= place.walk[1]:
            return right, depth
    return None


def _heading(rng: np.random.Generator, angle: float) -> float:
    """Mostly along the street, sometimes towards the camera or away; see `Skeleton.turn`."""
    along = np.pi / 2 - angle if rng.random() < 0.62 else 0.0
    back = np.pi if rng.random() < 0.5 else 0.0
    return float(along + back + rng.normal(0, 0.28))


def _member(rng: np.random.Generator, camera: Camera, group: _Group, i: int) -> Walker:
    """Return the i-th of a group: side by side is across the way that they go."""
    aside = (i - (group.size - 1) / 2) * float(rng.uniform(0.5, 0.95))
    right = group.right + aside * np.cos(group.heading) + float(rng.normal(0, 0.12))
    depth = (
        group.depth + 1.2 * aside * np.sin(group.heading) + float(rng.normal(0, 0.22)) + 0.12 * i
    )
    stature = rng.uniform(1.15, 1.4) if rng.random() < 0.05 else rng.normal(_STATURE, 0.075)
    largest = min(LARGEST, 0.97 * camera.height) / camera.scale(depth)
    pose = walking(rng) if group.walks else standing(rng)
    turn = group.heading if group.walks else float(rng.uniform(-np.pi, np.pi))
    skeleton = pose_skeleton(pose, stature=float(min(stature, largest)), turn=turn)
    return Walker(
        float(right), float(depth), person_solids(skeleton, choose_outfit(rng, warmth=group.warmth))
    )
