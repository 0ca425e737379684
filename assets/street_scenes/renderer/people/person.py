"""A person as solids: a skeleton, dressed."""

from __future__ import annotations

import numpy as np

from renderer.people.bags import bag_solids
from renderer.people.face import Face, Head, face_solids
from renderer.people.hair import hair_solids, hat_solids
from renderer.people.limbs import arm_solids, leg_solids
from renderer.people.skeleton import Skeleton
from renderer.people.trunk import trunk_solids
from renderer.people.wardrobe import Outfit
from renderer.solids import Limb, Solid, plain


def person_solids(skeleton: Skeleton, outfit: Outfit) -> list[Solid]:
    """Return everything that a dressed person is made of."""
    head = Head.of(skeleton)
    parts = [_neck(skeleton, outfit.face)]
    parts += (
        face_solids(head, outfit.face)
        + hair_solids(head, outfit.face)
        + hat_solids(head, outfit.face)
    )
    for leg in skeleton.legs:
        parts += leg_solids(skeleton, outfit, leg)
    parts += trunk_solids(skeleton, outfit)
    for arm in skeleton.arms:
        parts += arm_solids(skeleton, outfit, arm)
    return parts + bag_solids(skeleton, outfit)


def _neck(skeleton: Skeleton, face: Face) -> Solid:
    size = skeleton.stature
    root, top = np.array([0, 0.03 * size, 0]), np.array([0, 0.02 * size, 0])
    return Limb(
        skeleton.neck - root, skeleton.head - top, (0.036 * size, 0.031 * size), plain(face.skin)
    )
