"""Who can be seen: what hides what, who is left out, and whose pixels are whose.

Shape letters: H, W the picture; N people.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from renderer.actors import Actor
from renderer.camera import Camera
from renderer.noise import Mask

# Whoever shows less than this share of the whole figure, or a lower or narrower piece (pixels), is not in the scene
# at all: so nobody can be seen without being annotated. Chosen here; Penn-Fudan leaves out the severely
# occluded.
SMALLEST_SHARE = 0.40
SMALLEST_HEIGHT, SMALLEST_WIDTH = 60, 14


def visible(actors: Sequence[Actor], camera: Camera) -> list[Actor]:
    """The actors from back to front, without people of whom too little would be seen.

    If that would be everybody, what stands before the nearest of them is left out instead.
    """
    kept = _sparing(actors, camera)
    crowd = [it.caster.depth for it in actors if it.is_person]
    if crowd and not any(it.is_person for it in kept):
        kept = _sparing(
            [it for it in actors if it.is_person or it.caster.depth > min(crowd)], camera
        )
    return kept


def _sparing(actors: Sequence[Actor], camera: Camera) -> list[Actor]:
    """The actors from back to front, without people who are hidden by what is nearer."""
    size = camera.height, camera.width
    free, kept = np.ones(size, bool), []
    for actor in sorted(actors, key=lambda it: it.caster.depth):
        window, part = actor.sprite.within(size)
        shape = actor.sprite.shape
        if actor.is_person and not _enough(shape[part] & free[window], int(shape.sum())):
            continue
        free[window] &= ~shape[part]
        kept.append(actor)
    return kept[::-1]


def owners(actors: Sequence[Actor], camera: Camera) -> npt.NDArray[np.int32]:
    """(H, W) whose pixels are whose: 0 nobody's, 1..N the people's, from left to right by where they begin."""
    owner = np.zeros((camera.height, camera.width), np.int32)
    for number, actor in enumerate(actors, start=1):
        window, part = actor.sprite.within((camera.height, camera.width))
        np.copyto(owner[window], number if actor.is_person else 0, where=actor.sprite.shape[part])
    present = [int(number) for number in np.flatnonzero(np.bincount(owner.ravel())) if number]
    present.sort(key=lambda number: int(np.argmax((owner == number).any(0))))
    table = np.zeros(len(actors) + 1, np.int32)
    table[present] = np.arange(1, len(present) + 1)
    return table[owner]


def _enough(seen: Mask, whole: int) -> bool:
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    if not len(rows) or seen.sum() < SMALLEST_SHARE * whole:
        return False
    return bool(np.ptp(rows) + 1 >= SMALLEST_HEIGHT and np.ptp(columns) + 1 >= SMALLEST_WIDTH)
