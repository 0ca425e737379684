"""Heads: a skull with a painted face, ears and a nose.

Lengths are shares of the stature, measured from the chin. Paint works on directions: front is where the nose points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderer.light import column, mix
from renderer.noise import Array, floats
from renderer.people.skeleton import Skeleton
from renderer.solids import Body, Limb, Paint, Solid, Surface, plain

Point = tuple[float, float, float]

# Heights above the chin, half-widths, half-depths, forward shifts.
SKULL = floats(
    *(0.000, 0.006, 0.012, 0.026),
    *(0.008, 0.021, 0.026, 0.018),
    *(0.026, 0.033, 0.040, 0.008),
    *(0.055, 0.0415, 0.052, 0.001),
    *(0.085, 0.0435, 0.0575, -0.003),
    *(0.110, 0.0385, 0.052, -0.005),
    *(0.124, 0.026, 0.036, -0.006),
    *(0.131, 0.006, 0.008, -0.006),
).reshape(-1, 4)
_CHIN = 0.066  # below the head's center


@dataclass(frozen=True, eq=False)
class Face:
    """The looks of a head.

    Args:
        skin, hair: linear RGB. cut: "bald", "short", "bob", "long", "tail" or "bun".
        hat: "", "cap", "beanie" or "sun hat". hat_colour: linear RGB.
        glasses: how dark its glasses are: 0 for none, 1 for black ones. beard: how much of one, in [0, 1].
    """

    skin: Array
    hair: Array
    cut: str
    hat: str
    hat_colour: Array
    glasses: float
    beard: float


@dataclass(frozen=True, eq=False)
class Head:
    """The pose of a head: its chin (3,), its turn and the stature of whose it is."""

    chin: Array
    gaze: float
    size: float

    @staticmethod
    def of(skeleton: Skeleton) -> Head:
        """Return the head of a skeleton."""
        chin = skeleton.head - np.array([0, _CHIN * skeleton.stature, 0])
        return Head(chin, skeleton.gaze, skeleton.stature)

    def body(self, profile: Array, paint: Paint, cloth: float = 0.0) -> Body:
        """Return a stack of ellipses on this head."""
        return Body(self.chin, profile * self.size, paint, cloth, self.gaze)

    def bump(self, start: Point, end: Point, radii: tuple[float, float], paint: Paint) -> Limb:
        """Return a small limb on this head; its ends in (left, up, forward)."""
        sine, cosine = np.sin(self.gaze), np.cos(self.gaze)
        ends = [
            self.chin
            + self.size * np.array([left * cosine + ahead * sine, up, ahead * cosine - left * sine])
            for left, up, ahead in (start, end)
        ]
        return Limb(
            ends[0], ends[1], (radii[0] * self.size, radii[1] * self.size), paint, 0.0, self.gaze
        )


def face_solids(head: Head, face: Face) -> list[Solid]:
    """Skull, ears and nose."""
    skin = plain(face.skin)
    return [
        head.body(SKULL, _face_paint(face)),
        head.bump((0.0, 0.044, 0.056), (0.0, 0.060, 0.050), (0.009, 0.005), skin),
        head.bump((0.043, 0.048, -0.004), (0.044, 0.064, -0.008), (0.008, 0.010), skin),
        head.bump((-0.043, 0.048, -0.004), (-0.044, 0.064, -0.008), (0.008, 0.010), skin),
    ]


def _face_paint(face: Face) -> Paint:
    """Eyes, brows, mouth, glasses and beard on the skin; hair where the hair grows."""

    def paint(surface: Surface) -> Array:
        tall, across = surface.along, np.abs(surface.side)
        frontal = np.clip(surface.front * 6 - 2.2, 0, 1)
        dark = 0.92 * _spot(across - 0.40, tall - 0.50, 0.17, 0.032)
        dark += 0.62 * _spot(across - 0.42, tall - 0.575, 0.22, 0.020)
        lips = 0.55 * frontal * _spot(surface.side, tall - 0.195, 0.30, 0.022)
        lens = np.clip(1.6 * _spot(across - 0.42, tall - 0.495, 0.26, 0.05), 0, 1)
        shade = (1 - np.clip(dark, 0, 1) * frontal) * (1 - face.glasses * lens * frontal)
        beard = np.clip((0.34 - tall) * 9, 0, 1) * np.clip(surface.front * 2 + 0.8, 0, 1)
        colour = mix(face.skin, face.skin * floats(0.62, 0.30, 0.30), lips) * shade
        grown = np.maximum(0.75 * face.beard * beard * (lips < 0.2), _hairy(face, surface))
        return colour * (1 - grown) + column(face.hair) * grown

    return paint


def _hairy(face: Face, surface: Surface) -> Array:
    """Return (h, w) how much hair covers the skull."""
    tall, front = surface.along, surface.front
    if face.cut == "bald":
        ring = np.clip((0.15 - front) * 8, 0, 1) * np.clip((tall - 0.35) * 9, 0, 1)
        return 0.55 * ring * (tall < 0.72)
    behind = np.clip((0.12 - front) * 9, 0, 1) * np.clip((tall - 0.26) * 9, 0, 1)
    return np.maximum(behind, np.clip((tall - 0.73 - 0.05 * np.cos(5 * surface.side)) * 22, 0, 1))


def _spot(x: Array, y: Array, width: float, height: float) -> Array:
    return np.exp(-((x / width) ** 2) - (y / height) ** 2)
