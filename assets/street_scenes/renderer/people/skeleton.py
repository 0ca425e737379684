"""A person's joints, turned around the vertical axis.

Lengths are shares of the stature. Source: Drillis and Contini, "Body segment parameters" (1966), rounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderer.noise import Array
from renderer.people.pose import Arm, Leg, Pose

HIP_HALF, SHOULDER_HALF = 0.046, 0.098
THIGH, SHANK, FOOT, HEEL = 0.240, 0.238, 0.098, 0.038
TRUNK, UPPER_ARM, FOREARM, HAND = 0.292, 0.180, 0.148, 0.066


@dataclass(frozen=True, eq=False)
class Skeleton:
    """Joints in metres from the point on the ground below the pelvis: (right, up, towards the camera).

    Args:
        stature, turn: of the person; turn 0 faces the camera, positive turns its face to the camera's right.
        pelvis, neck, head: (3,) between the hip joints, at the neck's root, at the head's center.
        legs: for left and right (4, 3): hip, knee, ankle, toe. arms: (4, 3): shoulder, elbow, wrist, fingertip.
        lean: how far the trunk goes right and towards the camera per metre. gaze: turn of the head.
    """

    stature: float
    turn: float
    pelvis: Array
    neck: Array
    head: Array
    legs: tuple[Array, Array]
    arms: tuple[Array, Array]
    lean: tuple[float, float]
    gaze: float

    def step(self, left: float, up: float, forward: float) -> Array:
        """Return (3,) a step in the person's own directions, in metres."""
        return _turned(np.array([[left, up, forward]]), self.turn)[0]


def pose_skeleton(pose: Pose, *, stature: float, turn: float) -> Skeleton:
    """Return the joints of a person of this stature (metres) in this pose; the lower foot stands on the ground."""
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
        place(neck[None])[0],
        place(head[None])[0],
        (place(legs[0] + up), place(legs[1] + up)),
        (place(arms[0]), place(arms[1])),
        (float(slope * np.sin(turn)), float(slope * np.cos(turn))),
        turn + pose.look,
    )


def _leg(leg: Leg, side: int) -> Array:
    """Return (4, 3) hip, knee, ankle, toe around the pelvis; (left, up, forward)."""
    hip = np.array([side * HIP_HALF, 0.0, 0.0])
    knee = hip + THIGH * _swung(leg.hip, side * leg.spread)
    ankle = knee + SHANK * _swung(leg.hip - leg.knee, side * leg.spread * 0.4)
    toe = ankle + np.array([side * 0.018, -0.022, 0.0])
    toe = toe + FOOT * np.array([side * 0.10, np.sin(leg.foot), np.cos(leg.foot)])
    return np.stack([hip, knee, ankle, toe])


def _arm(arm: Arm, side: int) -> Array:
    """Return (4, 3) shoulder, elbow, wrist, fingertip around the chest; (left, up, forward)."""
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
    """Return a unit vector that hangs down, swung forward, then outward."""
    return np.array(
        [
            np.sin(outward) * np.cos(forward),
            -np.cos(outward) * np.cos(forward),
            np.sin(forward),
        ]
    )


def _turned(points: Array, turn: float) -> Array:
    """Return (left, up, forward) as (right, up, towards the camera) of a person turned by this angle."""
    sine, cosine = np.sin(turn), np.cos(turn)
    left, up, forward = points[:, 0], points[:, 1], points[:, 2]
    return np.stack([left * cosine + forward * sine, up, forward * cosine - left * sine], 1)
