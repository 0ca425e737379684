"""A person as solids: a skeleton, dressed.

Lengths in the tables are shares of the stature.
"""

from __future__ import annotations

import numpy as np

from fastrcnn_core.datasets.street.clothes import Outfit
from fastrcnn_core.datasets.street.head import head_solids, plain
from fastrcnn_core.datasets.street.light import column
from fastrcnn_core.datasets.street.noise import Array
from fastrcnn_core.datasets.street.skeleton import Skeleton
from fastrcnn_core.datasets.street.solids import Body, Limb, Paint, Solid, Surface

# Heights above the hip joints, half-widths, half-depths, forward shifts.
_TRUNK = np.array(
    [
        (-0.070, 0.084, 0.060, -0.004),
        (-0.020, 0.091, 0.066, -0.008),
        (0.030, 0.092, 0.063, -0.005),
        (0.100, 0.084, 0.055, 0.002),
        (0.175, 0.093, 0.060, 0.004),
        (0.235, 0.105, 0.062, 0.003),
        (0.265, 0.108, 0.056, 0.000),
        (0.284, 0.095, 0.048, -0.002),
        (0.298, 0.066, 0.042, -0.002),
        (0.310, 0.042, 0.036, 0.000),
        (0.322, 0.034, 0.033, 0.002),
    ],
    np.float32,
)
# How far below the hips it ends, how thick the cloth is, how much it flares.
_TOPS = {
    "tank": (-0.020, 0.002, 0.0),
    "tee": (-0.040, 0.008, 0.000),
    "shirt": (-0.045, 0.008, 0.000),
    "jacket": (-0.040, 0.014, 0.000),
    "coat": (-0.190, 0.016, 0.016),
    "dress": (-0.020, 0.003, 0.0),
}
_SLEEVES = {"tank": 0.0, "tee": 0.62, "shirt": 2.0, "jacket": 2.0, "coat": 2.0, "dress": 0.45}
# Radii at the hip, at the knee and at the hem.
_LEGS = {
    "straight": (0.050, 0.040, 0.036),
    "wide": (0.051, 0.041, 0.046),
    "slim": (0.049, 0.034, 0.026),
    "shorts": (0.050, 0.050, 0.0),
    "skirt": (0.0, 0.0, 0.0),
}


def person_solids(skeleton: Skeleton, outfit: Outfit) -> list[Solid]:
    """Everything that a dressed person is made of."""
    parts = head_solids(skeleton, outfit.face)
    for leg in skeleton.legs:
        parts += _leg(skeleton, outfit, leg) + _shoe(skeleton, outfit, leg)
    parts += _trunk(skeleton, outfit)
    for arm in skeleton.arms:
        parts += _arm(skeleton, outfit, arm)
    return parts + _bag(skeleton, outfit)


def _trunk(skeleton: Skeleton, outfit: Outfit) -> list[Solid]:
    hem, thick, flare = _TOPS[outfit.top]
    size, turn = skeleton.stature, skeleton.turn
    body = _TRUNK.copy()
    body[:, 1] *= outfit.shape
    body[:, 2] *= outfit.shape**1.5
    waist = np.exp(-(((body[:, 0] - 0.11) / 0.06) ** 2)) * outfit.curve
    body[:, 1] -= 0.014 * waist
    bust = np.exp(-(((body[:, 0] - 0.21) / 0.035) ** 2)) * outfit.curve
    body[:, 2] += 0.008 * bust
    body[:, 3] += 0.009 * bust
    body[:, 1] += 0.006 * outfit.curve * np.exp(-(((body[:, 0] + 0.01) / 0.05) ** 2))
    below = body[body[:, 0] < 0.13]
    parts: list[Solid] = [
        Body(skeleton.pelvis, below * size, outfit.bottom_paint, 0.5, turn, skeleton.lean)
    ]
    shirt = body[body[:, 0] > max(hem, -0.021) - 0.001].copy()
    if hem < -0.03:
        end = shirt[0].copy()
        end[0], end[1:3] = hem, end[1:3] + flare + [0.002, 0.012]
        shirt = np.vstack([end, shirt])
    shirt[:-2, 1:3] += thick
    parts.append(Body(skeleton.pelvis, shirt * size, outfit.top_paint, 0.8, turn, skeleton.lean))
    return parts + _skirt(skeleton, outfit)


def _skirt(skeleton: Skeleton, outfit: Outfit) -> list[Solid]:
    """A skirt hangs around both legs, wherever they are."""
    if outfit.bottom != "skirt":
        return []
    size = skeleton.stature
    sine, cosine = np.sin(skeleton.turn), np.cos(skeleton.turn)
    knees = [(leg[1] - skeleton.pelvis) / size for leg in skeleton.legs]
    ahead = [knee[0] * sine + knee[2] * cosine for knee in knees]
    deep, shift = (max(ahead) - min(ahead)) / 2 + 0.062, (max(ahead) + min(ahead)) / 2
    hem = -0.20 - 0.14 * (outfit.shape - 0.93)
    profile = np.array(
        [
            (hem, 0.108, deep, shift),
            (hem * 0.55, 0.106, 0.5 * deep + 0.038, shift * 0.55),
            (-0.01, 0.100, 0.072, 0.0),
            (0.11, 0.080, 0.058, 0.0),
        ],
        np.float32,
    )
    return [Body(skeleton.pelvis, profile * size, outfit.bottom_paint, 1.0, skeleton.turn)]


def _leg(skeleton: Skeleton, outfit: Outfit, leg: Array) -> list[Solid]:
    size, turn = skeleton.stature, skeleton.turn
    hip, knee, ankle, _ = leg
    calf = knee + 0.3 * (ankle - knee) - _forward(skeleton, 0.008)
    skin = plain(outfit.face.skin)
    thigh_radius, knee_radius, hem_radius = (radius * size for radius in _LEGS[outfit.bottom])
    if outfit.bottom in ("shorts", "skirt"):
        bare: list[Solid] = [
            Limb(hip, knee, (0.046 * size, 0.035 * size), skin, 0.0, turn),
            Limb(knee, calf, (0.034 * size, 0.034 * size), skin, 0.0, turn),
            Limb(calf, ankle, (0.034 * size, 0.021 * size), skin, 0.0, turn),
        ]
        if outfit.bottom == "skirt":
            return bare
        end = hip + 0.78 * (knee - hip)
        return [
            *bare,
            Limb(hip, end, (thigh_radius, knee_radius), outfit.bottom_paint, 0.9, turn, 0.0),
        ]
    hem = ankle + [0, 0.004 * size, 0] - _forward(skeleton, 0.006)
    return [
        Limb(hip, knee, (thigh_radius, knee_radius), outfit.bottom_paint, 0.9, turn),
        Limb(knee, hem, (knee_radius, hem_radius), outfit.bottom_paint, 1.1, turn, 0.03),
    ]


def _shoe(skeleton: Skeleton, outfit: Outfit, leg: Array) -> list[Solid]:
    size = skeleton.stature
    ankle, toe = leg[2], leg[3]
    way = (toe - ankle) / np.linalg.norm(toe - ankle)
    heel = ankle - way * 0.020 * size + [0, -0.010 * size, 0]
    ball = toe - way * 0.030 * size + [0, 0.004 * size, 0]
    paint = _shoe_paint(outfit)
    return [
        Limb(heel, ball, (0.0265 * size, 0.0215 * size), paint, 0.0, skeleton.turn),
        Limb(ball, toe, (0.0225 * size, 0.0160 * size), paint, 0.0, skeleton.turn),
        Limb(ankle, ball, (0.027 * size, 0.018 * size), paint, 0.0, skeleton.turn),
    ]


def _shoe_paint(outfit: Outfit) -> Paint:
    def paint(surface: Surface) -> Array:
        return np.where(surface.up < -0.55, column(outfit.sole), column(outfit.shoe))

    return paint


def _arm(skeleton: Skeleton, outfit: Outfit, arm: Array) -> list[Solid]:
    size, turn = skeleton.stature, skeleton.turn
    shoulder, elbow, wrist, tip = arm
    skin = plain(outfit.face.skin)
    thick = _TOPS[outfit.top][1]
    way, hand = _SLEEVES[outfit.top], (tip - wrist)
    parts: list[Solid] = [
        Limb(wrist, wrist + 0.55 * hand, (0.0185 * size, 0.0215 * size), skin, 0.0, turn),
        Limb(wrist + 0.55 * hand, tip, (0.0205 * size, 0.013 * size), skin, 0.0, turn),
    ]
    if way < 2:
        parts += [
            Limb(shoulder, elbow, (0.0275 * size, 0.0225 * size), skin, 0.0, turn),
            Limb(elbow, wrist, (0.0225 * size, 0.0165 * size), skin, 0.0, turn),
        ]
    sleeve, cloth = outfit.sleeve_paint, 1.0
    if way == 0:
        return parts
    upper = (0.029 + 0.7 * thick) * size, (0.028 + thick - 0.006 * (way > 1)) * size
    parts.append(
        Limb(
            shoulder,
            shoulder + min(way, 1) * (elbow - shoulder),
            upper,
            sleeve,
            cloth,
            turn,
            0.0 if way < 2 else 99.0,
        )
    )
    if way > 1:
        lower = (0.0235 + 0.9 * thick) * size, (0.019 + 0.7 * thick) * size
        parts.append(Limb(elbow, wrist, lower, sleeve, cloth, turn, 0.0))
    return parts


def _bag(skeleton: Skeleton, outfit: Outfit) -> list[Solid]:
    size, turn, paint = skeleton.stature, skeleton.turn, _leather(outfit.bag_colour)
    if outfit.bag == "backpack":
        foot = skeleton.pelvis + skeleton.sideways(0, 0.10 * size, -0.100 * size)
        pack = [
            (0, 0.062, 0.035, 0),
            (0.02, 0.080, 0.056, 0),
            (0.12, 0.082, 0.058, 0),
            (0.18, 0.07, 0.05, 0.006),
        ]
        return [
            Body(
                foot,
                np.array([*pack, (0.205, 0.03, 0.02, 0.02)], np.float32) * size,
                paint,
                0.7,
                turn,
                skeleton.lean,
            )
        ]
    if outfit.bag == "shoulder":
        foot = skeleton.pelvis + skeleton.sideways(0.125 * size, -0.07 * size, -0.01 * size)
        sack = [
            (0, 0.026, 0.060, 0),
            (0.03, 0.032, 0.078, 0),
            (0.11, 0.028, 0.070, 0),
            (0.135, 0.012, 0.05, 0),
        ]
        return [Body(foot, np.array(sack, np.float32) * size, paint, 0.5, turn)]
    if outfit.bag in ("hand", "shopping"):
        hand = skeleton.arms[1][3]
        tall = 0.13 if outfit.bag == "hand" else 0.21
        sack = [
            (-tall - 0.03, 0.035, 0.07, 0),
            (-tall, 0.040, 0.082, 0),
            (-0.06, 0.034, 0.074, 0),
            (-0.045, 0.02, 0.06, 0),
        ]
        strap = Limb(
            hand, hand - [0, 0.06 * size, 0], (0.007 * size, 0.007 * size), paint, 0.0, turn
        )
        return [strap, Body(hand, np.array(sack, np.float32) * size, paint, 0.8, turn)]
    return []


def _leather(colour: Array) -> Paint:
    """A bag with a pocket and a seam."""

    def paint(surface: Surface) -> Array:
        seam = (np.abs(surface.along - 0.55) < 0.02) | (np.abs(surface.along - 0.9) < 0.015)
        return column(colour) * np.where(seam, np.float32(0.5), np.float32(1))

    return paint


def _forward(skeleton: Skeleton, share: float) -> Array:
    return skeleton.sideways(0.0, 0.0, share * skeleton.stature)
