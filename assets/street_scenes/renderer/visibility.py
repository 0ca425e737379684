"""Visibility: occlusion, people left out because too little of them shows, and the owner of each pixel.

Shape letters: H, W the picture; N people.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from renderer.actors import Actor
from renderer.camera import Camera
from renderer.noise import Mask

# A person who shows less than this share of the figure, or a lower or narrower piece (pixels), is left out,
# so that all visible people are annotated. Chosen here; Penn-Fudan leaves out the severely occluded.
SMALLEST_SHARE = 0.40
SMALLEST_HEIGHT, SMALLEST_WIDTH = 60, 14


def visible(actors: Sequence[Actor], camera: Camera) -> list[Actor]:
    """Return the actors from back to front, without people of whom too little would be seen.

    If no person would be left, the things in front of the nearest person are left out instead.
    """
    visible_actors = _sparing(actors, camera)
    crowd = [actor.caster.depth for actor in actors if actor.is_person]
    if crowd and not any(actor.is_person for actor in visible_actors):
        visible_actors = _sparing(
            [actor for actor in actors if actor.is_person or actor.caster.depth > min(crowd)],
            camera,
        )
    return visible_actors


def _sparing(actors: Sequence[Actor], camera: Camera) -> list[Actor]:
    """Return the actors from back to front, without people who are hidden by what is nearer."""
    size = camera.height, camera.width
    free, visible_actors = np.ones(size, bool), []
    for actor in sorted(actors, key=lambda actor: actor.caster.depth):
        window, part = actor.sprite.within(size)
        shape = actor.sprite.shape
        if actor.is_person and not _enough(shape[part] & free[window], int(shape.sum())):
            continue
        free[window] &= ~shape[part]
        visible_actors.append(actor)
    return visible_actors[::-1]


def owners(actors: Sequence[Actor], camera: Camera) -> npt.NDArray[np.int32]:
    """Return (H, W) the owner of each pixel: 0 for none, 1..N for the people, by their left edges."""
    owner = np.zeros((camera.height, camera.width), np.int32)
    for number, actor in enumerate(actors, start=1):
        window, part = actor.sprite.within((camera.height, camera.width))
        np.copyto(owner[window], number if actor.is_person else 0, where=actor.sprite.shape[part])
    present = [int(number) for number in np.flatnonzero(np.bincount(owner.ravel())) if number]
    present.sort(key=lambda number: int(np.argmax((owner == number).any(0))))
    table = np.zeros(len(actors) + 1, np.int32)
    table[present] = np.arange(1, len(present) + 1)
    return table[owner]


def _enough(shape_in_view: Mask, full_size: int) -> bool:
    rows, columns = np.flatnonzero(shape_in_view.any(1)), np.flatnonzero(shape_in_view.any(0))
    if not len(rows) or shape_in_view.sum() < SMALLEST_SHARE * full_size:
        return False
    return bool(np.ptp(rows) + 1 >= SMALLEST_HEIGHT and np.ptp(columns) + 1 >= SMALLEST_WIDTH)
