"""Legs and arms, bare or in cloth, shoes and hands. Lengths are shares of the stature."""

from __future__ import annotations

import numpy as np

from renderer.noise import Array
from renderer.people.skeleton import Skeleton
from renderer.people.trunk import THICKNESS
from renderer.people.wardrobe import Outfit
from renderer.solids import Limb, Paint, Solid, plain

# Radii of trouser legs at the hip, at the knee and at the hem.
_TROUSERS = {
    "straight": (0.050, 0.040, 0.036),
    "wide": (0.051, 0.041, 0.046),
    "slim": (0.049, 0.034, 0.026),
}
# How much of the upper arm a sleeve covers; 2 is down to the wrist.
_SLEEVES = {"tank": 0.0, "tee": 0.62, "shirt": 2.0, "jacket": 2.0, "coat": 2.0, "dress": 0.45}


def leg_solids(skeleton: Skeleton, outfit: Outfit, leg: Array) -> list[Solid]:
    """Return a leg (4, 3) and its shoe."""
    make = _Maker(skeleton)
    return _shoe(make, outfit.shoes, leg) + (
        _trouser_leg(make, outfit, leg)
        if outfit.bottom in _TROUSERS
        else _bare_leg(make, outfit, leg)
    )


def arm_solids(skeleton: Skeleton, outfit: Outfit, arm: Array) -> list[Solid]:
    """Return an arm (4, 3), its hand and its sleeve."""
    make, skin = _Maker(skeleton), plain(outfit.face.skin)
    shoulder, elbow, wrist, tip = arm
    knuckles = wrist + 0.55 * (tip - wrist)
    parts = [
        make.limb(wrist, knuckles, (0.0185, 0.0215), skin),
        make.limb(knuckles, tip, (0.0205, 0.013), skin),
    ]
    cover, thick = _SLEEVES[outfit.top], THICKNESS[outfit.top]
    if cover < 2:
        parts.append(make.limb(shoulder, elbow, (0.0275, 0.0225), skin))
        parts.append(make.limb(elbow, wrist, (0.0225, 0.0165), skin))
    if cover == 2:
        upper, lower = (
            (0.029 + 0.7 * thick, 0.022 + thick),
            (0.0235 + 0.9 * thick, 0.019 + 0.7 * thick),
        )
        parts.append(make.limb(shoulder, elbow, upper, outfit.sleeves, 1.0))
        parts.append(make.limb(elbow, wrist, lower, outfit.sleeves, 1.0, 0.0))
    elif cover > 0:
        end, radii = shoulder + cover * (elbow - shoulder), (0.029 + 0.7 * thick, 0.028 + thick)
        parts.append(make.limb(shoulder, end, radii, outfit.sleeves, 1.0, 0.0))
    return parts


class _Maker:
    """Makes limbs of one person; radii in shares of the stature."""

    def __init__(self, skeleton: Skeleton) -> None:
        self.size, self.turn = skeleton.stature, skeleton.turn
        self.ahead = skeleton.step(0.0, 0.0, skeleton.stature)

    def limb(
        self,
        start: Array,
        end: Array,
        radii: tuple[float, float],
        paint: Paint,
        cloth: float = 0.0,
        reach: float = 99.0,
    ) -> Solid:
        scaled = (radii[0] * self.size, radii[1] * self.size)
        return Limb(start, end, scaled, paint, cloth, self.turn, reach)

    def up(self, share: float) -> Array:
        return np.array([0.0, share * self.size, 0.0])


def _trouser_leg(make: _Maker, outfit: Outfit, leg: Array) -> list[Solid]:
    hip, knee, ankle, _ = leg
    thigh, middle, hem = _TROUSERS[outfit.bottom]
    end = ankle + make.up(0.004) - 0.006 * make.ahead
    return [
        make.limb(hip, knee, (thigh, middle), outfit.trousers, 0.9),
        make.limb(knee, end, (middle, hem), outfit.trousers, 1.1, 0.03),
    ]


def _bare_leg(make: _Maker, outfit: Outfit, leg: Array) -> list[Solid]:
    """Below shorts or a skirt."""
    hip, knee, ankle, _ = leg
    calf, skin = knee + 0.3 * (ankle - knee) - 0.008 * make.ahead, plain(outfit.face.skin)
    bare = [
        make.limb(hip, knee, (0.046, 0.035), skin),
        make.limb(knee, calf, (0.034, 0.034), skin),
        make.limb(calf, ankle, (0.034, 0.021), skin),
    ]
    if outfit.bottom == "skirt":
        return bare
    return [
        *bare,
        make.limb(hip, hip + 0.78 * (knee - hip), (0.050, 0.050), outfit.trousers, 0.9, 0.0),
    ]


def _shoe(make: _Maker, paint: Paint, leg: Array) -> list[Solid]:
    ankle, toe = leg[2], leg[3]
    way = (toe - ankle) / np.linalg.norm(toe - ankle) * make.size
    heel, ball = ankle - 0.020 * way - make.up(0.010), toe - 0.030 * way + make.up(0.004)
    return [
        make.limb(heel, ball, (0.0265, 0.0215), paint),
        make.limb(ball, toe, (0.0225, 0.0160), paint),
        make.limb(ankle, ball, (0.027, 0.018), paint),
    ]
