"""Bags that people carry. Lengths are shares of the stature."""

from __future__ import annotations

import numpy as np

from renderer.people.skeleton import Skeleton
from renderer.people.wardrobe import Outfit
from renderer.solids import Body, Limb, Solid

Profile = list[tuple[float, float, float, float]]

# Heights, half-widths, half-depths, forward shifts.
_PACK: Profile = [
    (0.0, 0.062, 0.035, 0.0),
    (0.02, 0.080, 0.056, 0.0),
    (0.12, 0.082, 0.058, 0.0),
    (0.18, 0.070, 0.050, 0.006),
    (0.205, 0.030, 0.020, 0.020),
]
_SATCHEL: Profile = [
    (0.0, 0.026, 0.060, 0.0),
    (0.03, 0.032, 0.078, 0.0),
    (0.11, 0.028, 0.070, 0.0),
    (0.135, 0.012, 0.05, 0.0),
]


def bag_solids(skeleton: Skeleton, outfit: Outfit) -> list[Solid]:
    """Return the outfit's bag, if it has one."""
    if outfit.bag == "backpack":
        back = skeleton.pelvis + skeleton.step(0.0, 0.10, -0.100) * skeleton.stature
        return [_sack(skeleton, outfit, back, _PACK)]
    if outfit.bag == "shoulder":
        hip = skeleton.pelvis + skeleton.step(0.125, -0.07, -0.01) * skeleton.stature
        return [_sack(skeleton, outfit, hip, _SATCHEL)]
    if outfit.bag in ("hand", "shopping"):
        return _carried(skeleton, outfit, 0.13 if outfit.bag == "hand" else 0.21)
    return []


def _carried(skeleton: Skeleton, outfit: Outfit, tall: float) -> list[Solid]:
    """Return a bag that hangs `tall` below the right hand."""
    hand, size = skeleton.arms[1][3], skeleton.stature
    sack: Profile = [
        (-tall - 0.03, 0.035, 0.07, 0.0),
        (-tall, 0.040, 0.082, 0.0),
        (-0.06, 0.034, 0.074, 0.0),
        (-0.045, 0.020, 0.060, 0.0),
    ]
    thread = 0.007 * size, 0.007 * size
    handle = Limb(hand, hand - np.array([0.0, 0.06 * size, 0.0]), thread, outfit.leather)
    return [handle, _sack(skeleton, outfit, hand, sack)]


def _sack(skeleton: Skeleton, outfit: Outfit, foot: np.ndarray, profile: Profile) -> Solid:
    return Body(
        foot, np.array(profile, np.float32) * skeleton.stature, outfit.leather, 0.7, skeleton.turn
    )
