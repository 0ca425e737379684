"""Where a person's joints are: a walk cycle or a stance, turned around the vertical axis.

Angles in radians, forward is positive. Lengths are shares of the stature. Source of the shares: Drillis and
Contini, "Body segment parameters" (1966); of the walk: Winter, "Biomechanics of human movement", chapter 3, rounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastrcnn_core.datasets.street.noise import Array

HIP_HALF, SHOULDER_HALF = 0.046, 0.098
THIGH, SHANK, FOOT, HEEL = 0.240, 0.238, 0.098, 0.038
TRUNK, UPPER_ARM, FOREARM, HAND = 0.292, 0.180, 0.148, 0.066

# Share of the cycle, hip, knee and foot angle in degrees, from heel strike to heel strike.
_GAIT = np.array(
    [
        (0.00, 27, 4, 18),
        (0.15, 20, 16, 0),
        (0.40, -6, 4, -4),
        (0.50, -14, 10, -22),
        (0.62, -6, 42, -58),
        (0.73, 14, 60, -44),
        (0.86, 28, 32, -8),
        (0.95, 29, 6, 16),
        (1.00, 27, 4, 18),
    ]
)


@dataclass(frozen=True)
class Leg:
    """Angles of a leg: the thigh from the vertical, the knee's bend, the foot from the ground, the spread."""

    hip: float
    knee: float
    foot: float
    spread: float


@dataclass(frozen=True)
class Arm:
    """Angles of an arm: upper arm forward and outward, the elbow's bend, and how far that turns inwards."""

    forward: float
    outward: float
    elbow: float
    inward: float


@dataclass(frozen=True)
class Pose:
    """A person's posture: left and right limbs, the trunk's lean, and where it looks relative to where it walks."""

    legs: tuple[Leg, Leg]
    arms: tuple[Arm, Arm]
    lean: float
    look: float


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Joints in metres from the point on the ground below the pelvis: (right, up, towards the camera).

    Args:
        stature, turn: of the person; turn 0 faces the camera, positive turns its face to the camera's right.
        pelvis, chest, neck, head: (3,) the chest between the shoulders, the head at its center.
        legs: for left and right (4, 3): hip, knee, ankle, toe. arms: (4, 3): shoulder, elbow, wrist, fingertip.
        lean: (2,) how far the trunk goes right and towards the camera per metre. gaze: turn of the head.
    """

    stature: float
    turn: float
    pelvis: Array
    chest: Array
    neck: Array
    head: Array
    legs: tuple[Array, Array]
    arms: tuple[Array, Array]
    lean: tuple[float, float]
    gaze: float

    def sideways(self, left: float, up: float, forward: float) -> Array:
        """(3,) a step in the person's own directions, in metres."""
        return _turned(np.array([[left, up, forward]]), self.turn)[0]


def pose_skeleton(pose: Pose, *, stature: float, turn: float) -> Skeleton:
    """The joints of a person of this stature (metres) in this pose; the lower foot stands on the ground."""
    legs = [_leg(leg, side) for leg, side in zip(pose.legs, (1, -1), strict=True)]
    lowest = min(min(leg[2, 1] - HEEL, leg[3, 1] - 0.012) for leg in legs)
    up = np.array([0.0, -lowest, 0.0])
    trunk = TRUNK * np.array([0.0, np.cos(pose.lean), np.sin(pose.lean)])
    chest = up + trunk
    arms = [_arm(arm, side) + chest for arm, side in zip(pose.arms, (1, -1), strict=True)]
    neck = chest + np.array([0.0, 0.022, 0.004])
    head = chest + np.array([0.0, 0.111, 0.018 + 0.06 * np.sin(pose.lean)])

    def place(points: Array) -> Array:
        return _turned(points * stature, turn)

    slope = np.tan(pose.lean)
    return Skeleton(
        stature,
        turn,
        place(up[None])[0],
        place(chest[None])[0],
        place(neck[None])[0],
        place(head[None])[0],
        (place(legs[0] + up), place(legs[1] + up)),
        (place(arms[0]), place(arms[1])),
        (float(slope * np.sin(turn)), float(slope * np.cos(turn))),
        turn + pose.look,
    )


def _leg(leg: Leg, side: int) -> Array:
    """(4, 3) hip, knee, ankle, toe around the pelvis; (left, up, forward)."""
    hip = np.array([side * HIP_HALF, 0.0, 0.0])
    knee = hip + THIGH * _swung(leg.hip, side * leg.spread)
    ankle = knee + SHANK * _swung(leg.hip - leg.knee, side * leg.spread * 0.4)
    toe = ankle + np.array([side * 0.018, -0.022, 0.0])
    toe = toe + FOOT * np.array([side * 0.10, np.sin(leg.foot), np.cos(leg.foot)])
    return np.stack([hip, knee, ankle, toe])


def _arm(arm: Arm, side: int) -> Array:
    """(4, 3) shoulder, elbow, wrist, fingertip around the chest; (left, up, forward)."""
    shoulder = np.array([side * SHOULDER_HALF, -0.032, 0.0])
    upper = _swung(arm.forward, side * arm.outward)
    bend = np.array([-side * np.sin(arm.inward), 0.0, np.cos(arm.inward)])
    bend -= upper * (bend @ upper)
    bend /= np.linalg.norm(bend)
    lower = np.cos(arm.elbow) * upper + np.sin(arm.elbow) * bend
    elbow = shoulder + UPPER_ARM * upper
    wrist = elbow + FOREARM * lower
    return np.stack([shoulder, elbow, wrist, wrist + HAND * lower])


def _swung(forward: float, outward: float) -> Array:
    """A unit vector that hangs down, swung forward, then outward."""
    return np.array(
        [
            np.sin(outward) * np.cos(forward),
            -np.cos(outward) * np.cos(forward),
            np.sin(forward),
        ]
    )


def _turned(points: Array, turn: float) -> Array:
    """(left, up, forward) as (right, up, towards the camera) of somebody turned by this angle."""
    sine, cosine = np.sin(turn), np.cos(turn)
    left, up, forward = points[:, 0], points[:, 1], points[:, 2]
    return np.stack([left * cosine + forward * sine, up, forward * cosine - left * sine], 1)


def walking(rng: np.random.Generator) -> Pose:
    """A moment of a walk."""
    moment, vigour = rng.random(), rng.uniform(0.75, 1.1)
    legs = [_gait(moment + half, vigour) for half in (0.0, 0.5)]
    swing = np.radians(rng.uniform(12, 26)) * np.cos(2 * np.pi * moment)
    elbow = np.radians(rng.uniform(8, 34))
    arms = [
        Arm(
            sign * swing + 0.04,
            rng.uniform(0.08, 0.16),
            max(0.12, elbow + 0.5 * sign * swing),
            0.25,
        )
        for sign in (-1, 1)
    ]
    busy = rng.random(2) < (0.22, 0.22)
    left, right = (busy_arm(rng) if it else arm for it, arm in zip(busy, arms, strict=True))
    return Pose((legs[0], legs[1]), (left, right), np.radians(rng.uniform(0, 5)), _glance(rng))


def standing(rng: np.random.Generator) -> Pose:
    """A stance: the weight on both legs or on one."""
    rest = rng.uniform(0, 0.22) * rng.integers(0, 2)
    firm = Leg(rng.uniform(-0.03, 0.04), 0.03, 0.0, rng.uniform(0.02, 0.09))
    loose = Leg(rest, rest * 1.7 + 0.03, -rest * 0.4, rng.uniform(0.06, 0.16))
    legs = (firm, loose) if rng.random() < 0.5 else (loose, firm)
    arms = [
        busy_arm(rng)
        if rng.random() < 0.5
        else Arm(rng.uniform(-0.1, 0.12), 0.1, rng.uniform(0.1, 0.4), 0.3)
        for _ in range(2)
    ]
    return Pose(legs, (arms[0], arms[1]), np.radians(rng.uniform(-3, 4)), 1.6 * _glance(rng))


def busy_arm(rng: np.random.Generator) -> Arm:
    """An arm that does something: in the pocket, at the ear, on a strap, on the hip, with a telephone."""
    choices = (
        Arm(-0.28, 0.22, 0.75, 0.55),
        Arm(0.55, 0.35, 2.35, 0.25),
        Arm(0.10, 0.20, 2.10, 0.55),
        Arm(-0.25, 0.75, 1.55, 1.0),
        Arm(0.32, 0.15, 1.45, 0.55),
        Arm(0.15, 0.12, 1.25, 0.85),
    )
    return choices[rng.choice(len(choices), p=(0.30, 0.10, 0.15, 0.08, 0.20, 0.17))]


def _gait(moment: float, vigour: float) -> Leg:
    share = moment % 1.0
    hip, knee, foot = (np.interp(share, _GAIT[:, 0], _GAIT[:, i]) for i in (1, 2, 3))
    return Leg(*np.radians([hip * vigour, knee * vigour, foot]), 0.015)


def _glance(rng: np.random.Generator) -> float:
    return float(rng.normal(0, 0.25))
