"""Who is in the picture: single walkers and groups, each with a place, a pose and clothes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastrcnn_core.datasets.street import clothes, skeleton
from fastrcnn_core.datasets.street.camera import Camera
from fastrcnn_core.datasets.street.places import Place
from fastrcnn_core.datasets.street.person import person_solids
from fastrcnn_core.datasets.street.solids import Solid

# Height in pixels of the people. Source: the issue asks for 60 to 350; 75 leaves room for children and cut-off feet.
SMALLEST, LARGEST = 75, 335
# How many people are invited; some find no place. Source: Penn-Fudan has 2.5 an image, most often one.
_INVITED = {1: 0.18, 2: 0.28, 3: 0.24, 4: 0.14, 5: 0.09, 6: 0.07}


@dataclass(frozen=True, eq=False)
class Walker:
    """A person in the world: feet at (right, depth) in metres."""

    right: float
    depth: float
    solids: list[Solid]


def choose_cast(
    rng: np.random.Generator, camera: Camera, place: Place, near: float
) -> list[Walker]:
    """One to six people."""
    left = int(rng.choice(list(_INVITED), p=list(_INVITED.values())))
    warm = float(rng.uniform(0, 1))
    cast: list[Walker] = []
    first = True
    while left > 0:
        size = int(min(left, rng.choice([1, 2, 3, 4], p=(0.52, 0.30, 0.13, 0.05))))
        cast += _group(rng, camera, place, near if first else None, size, warm)
        left, first = left - size, False
    return cast


def _group(
    rng: np.random.Generator,
    camera: Camera,
    place: Place,
    near: float | None,
    size: int,
    warm: float,
) -> list[Walker]:
    """People who walk or stand together; the main group is at `near`."""
    spot = _spot(rng, camera, place, near)
    if spot is None:
        return []
    right, depth = spot
    walks = rng.random() < 0.75
    turn = _heading(rng, place.street.angle)
    gap = rng.uniform(0.5, 0.95)
    group = []
    for i in range(size):
        side = (i - (size - 1) / 2) * gap
        # Side by side is across the way they go; whoever looks at the picture sees it from the side too.
        x = right + side * np.cos(turn) + rng.normal(0, 0.12)
        z = depth + side * np.sin(turn) * 1.2 + rng.normal(0, 0.22) + 0.12 * i
        group.append(
            _walker(rng, camera, x, z, turn if walks else rng.uniform(-np.pi, np.pi), walks, warm)
        )
    return group


def _spot(
    rng: np.random.Generator, camera: Camera, place: Place, near: float | None
) -> tuple[float, float] | None:
    """Right and depth of a point where people may walk and are large enough."""
    farthest = camera.focal * 1.7 / SMALLEST
    for _ in range(30):
        depth = near * rng.uniform(0.95, 1.12) if near else near_to_far(rng, camera, farthest)
        column = camera.width * rng.uniform(0.08, 0.92)
        right = camera.across(column, depth)
        if (
            place.walk[0] <= place.street.across(right, depth) <= place.walk[1]
            and depth <= farthest
        ):
            return right, depth
    return None


def near_to_far(rng: np.random.Generator, camera: Camera, farthest: float) -> float:
    """A depth; heights in pixels are spread evenly, not distances."""
    nearest = camera.focal * 1.7 / min(LARGEST, 0.8 * camera.height)
    return float(1 / rng.uniform(1 / farthest, 1 / nearest))


def _heading(rng: np.random.Generator, angle: float) -> float:
    """Mostly along the street, sometimes towards the camera or away; see `Skeleton.turn`."""
    along = np.pi / 2 - angle + (np.pi if rng.random() < 0.5 else 0.0)
    facing = 0.0 if rng.random() < 0.5 else np.pi
    return float((along if rng.random() < 0.62 else facing) + rng.normal(0, 0.28))


def _walker(
    rng: np.random.Generator,
    camera: Camera,
    right: float,
    depth: float,
    turn: float,
    walks: bool,
    warm: float,
) -> Walker:
    child = rng.random() < 0.05
    stature = rng.uniform(1.15, 1.4) if child else rng.normal(1.70, 0.075)
    limit = min(LARGEST, 0.97 * camera.height) / camera.pixels_per_metre(depth)
    pose = skeleton.walking(rng) if walks else skeleton.standing(rng)
    figure = skeleton.pose_skeleton(pose, stature=float(min(stature, limit)), turn=turn)
    return Walker(right, depth, person_solids(figure, clothes.choose_outfit(rng, warm)))
