"""Postures: moments of a walk, stances, and what arms are busy with.

Angles in radians, forward is positive. Source of the walk: Winter, "Biomechanics of human movement",
chapter 3, rounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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


def walking(rng: np.random.Generator) -> Pose:
    """Return a moment of a walk."""
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
    left, right = (
        busy_arm(rng) if is_busy else arm for is_busy, arm in zip(busy, arms, strict=True)
    )
    return Pose((legs[0], legs[1]), (left, right), np.radians(rng.uniform(0, 5)), _glance(rng))


def standing(rng: np.random.Generator) -> Pose:
    """Return a stance: the weight on both legs or on one."""
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
    """Return an arm that does something: in the pocket, at the ear, on a strap, on the hip, with a telephone."""
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
    thigh, shank, sole = (float(np.radians(angle)) for angle in (hip * vigour, knee * vigour, foot))
    return Leg(thigh, shank, sole, 0.015)


def _glance(rng: np.random.Generator) -> float:
    return float(rng.normal(0, 0.25))
