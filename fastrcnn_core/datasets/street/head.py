"""Heads: a skull with a painted face, hair in several cuts, caps and hats.

Lengths are shares of the stature. Paint works on directions: front is where the nose points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastrcnn_core.datasets.street.light import column
from fastrcnn_core.datasets.street.noise import Array
from fastrcnn_core.datasets.street.skeleton import Skeleton
from fastrcnn_core.datasets.street.solids import Body, Limb, Paint, Solid, Surface

# Heights above the chin, half-widths, half-depths, forward shifts.
_SKULL = np.array(
    [
        (0.000, 0.006, 0.012, 0.026),
        (0.008, 0.021, 0.026, 0.018),
        (0.026, 0.033, 0.040, 0.008),
        (0.055, 0.0415, 0.052, 0.001),
        (0.085, 0.0435, 0.0575, -0.003),
        (0.110, 0.0385, 0.052, -0.005),
        (0.124, 0.026, 0.036, -0.006),
        (0.131, 0.006, 0.008, -0.006),
    ],
    np.float32,
)
_CHIN = 0.066  # below the head's center


@dataclass(frozen=True, eq=False)
class Face:
    """What a head looks like.

    Args:
        skin, hair: linear RGB. cut: "bald", "short", "bob", "long", "tail", "bun".
        hat: "", "cap", "beanie" or "sun hat". hat_colour: linear RGB. glasses: "", "clear" or "dark". bearded: or not.
    """

    skin: Array
    hair: Array
    cut: str
    hat: str
    hat_colour: Array
    glasses: str
    bearded: bool


def head_solids(skeleton: Skeleton, face: Face) -> list[Solid]:
    """Neck, skull, ears, nose, hair and hat."""
    size, gaze = skeleton.stature, skeleton.gaze
    chin = skeleton.head - np.array([0, _CHIN * size, 0])
    skin = plain(face.skin)
    parts: list[Solid] = [
        Limb(
            skeleton.neck - [0, 0.03 * size, 0],
            skeleton.head - [0, 0.02 * size, 0],
            (0.036 * size, 0.031 * size),
            skin,
        ),
        Body(chin, _SKULL * size, face_paint(face), 0.0, gaze),
        _bump(chin, gaze, size, (0.0, 0.044, 0.056), (0.0, 0.060, 0.050), (0.009, 0.005), skin),
    ]
    for side in (-1, 1):
        ear = (side * 0.043, 0.048, -0.004), (side * 0.044, 0.064, -0.008)
        parts.append(_bump(chin, gaze, size, *ear, (0.008, 0.010), skin))
    return parts + _hair(chin, gaze, size, face) + _hat(chin, gaze, size, face)


def plain(colour: Array) -> Paint:
    """The same colour everywhere."""
    return lambda surface: column(colour)


def face_paint(face: Face) -> Paint:
    """Eyes, brows, mouth and beard on the skin; hair where the hair grows."""

    def paint(surface: Surface) -> Array:
        side, front, tall = surface.side, surface.front, surface.along
        seen = np.clip(front * 6 - 2.2, 0, 1)
        across = np.abs(side)
        dark = 0.92 * _spot(across - 0.40, tall - 0.50, 0.17, 0.032) * seen
        dark += 0.62 * _spot(across - 0.42, tall - 0.575, 0.22, 0.020) * seen
        lips = 0.55 * _spot(side, tall - 0.195, 0.30, 0.022) * seen
        lens = _spot(across - 0.42, tall - 0.495, 0.26, 0.05) * seen
        colour = (
            column(face.skin) * (1 - dark - lips) + column(face.skin * [0.62, 0.30, 0.30]) * lips
        )
        colour = colour * (1 + 0.10 * _spot(across - 0.55, tall - 0.34, 0.3, 0.1) * seen)
        shade = {"": 0.0, "clear": 0.25, "dark": 0.97}[face.glasses]
        colour = colour * (1 - shade * np.clip(lens * 1.6, 0, 1))
        beard = np.clip((0.34 - tall) * 9, 0, 1) * np.clip(front * 2 + 0.8, 0, 1) * (lips < 0.2)
        grown = face.bearded * 0.75 * beard
        colour = colour * (1 - grown) + column(face.hair) * grown
        hairy = _hairline(face, side, front, tall)
        return (colour * (1 - hairy) + column(face.hair) * hairy).astype(np.float32)

    return paint


def _spot(x: Array, y: Array, width: float, height: float) -> Array:
    return np.exp(-((x / width) ** 2) - (y / height) ** 2)


def _hairline(face: Face, side: Array, front: Array, tall: Array) -> Array:
    if face.cut == "bald":
        return (
            0.55
            * np.clip((0.15 - front) * 8, 0, 1)
            * np.clip((tall - 0.35) * 9, 0, 1)
            * (tall < 0.72)
        )
    behind = np.clip((0.12 - front) * 9, 0, 1) * np.clip((tall - 0.26) * 9, 0, 1)
    over = np.clip((tall - 0.73 - 0.05 * np.cos(5 * side)) * 22, 0, 1)
    return np.maximum(behind, over)


def _hair(chin: Array, gaze: float, size: float, face: Face) -> list[Solid]:
    paint, parts = strands(face.hair), []
    if face.cut in ("short", "bob", "long", "tail", "bun") and not face.hat:
        crown = _SKULL[4:].copy()
        crown[:, 1:3] += 0.005
        crown[:, 3] -= 0.010
        crown[-1] = (0.137, 0.008, 0.010, -0.014)
        parts.append(Body(chin, crown * size, paint, 0.4, gaze))
    if face.cut != "bald":
        nape = (0.0, 0.030, -0.032), (0.0, 0.085, -0.022)
        parts.append(_bump(chin, gaze, size, *nape, (0.026, 0.043), paint))
    if face.cut in ("bob", "long"):
        end = 0.004 if face.cut == "bob" else -0.085
        for side in (-1, 1):
            lock = (side * 0.036, 0.085, -0.012), (side * 0.038, end, -0.018)
            parts.append(_bump(chin, gaze, size, *lock, (0.020, 0.015), paint))
        back = (0.0, 0.08, -0.025), (0.0, end - 0.01, -0.040)
        parts.append(_bump(chin, gaze, size, *back, (0.042, 0.036), paint))
    if face.cut == "tail":
        parts.append(
            _bump(chin, gaze, size, (0, 0.088, -0.062), (0, -0.02, -0.078), (0.018, 0.012), paint)
        )
    if face.cut == "bun":
        parts.append(
            _bump(chin, gaze, size, (0, 0.118, -0.050), (0, 0.122, -0.056), (0.025, 0.024), paint)
        )
    return parts


def _hat(chin: Array, gaze: float, size: float, face: Face) -> list[Solid]:
    if not face.hat:
        return []
    paint = plain(face.hat_colour)
    low = 0.080 if face.hat == "cap" else 0.068
    crown = np.array(
        [
            (low, 0.0470, 0.0610, -0.004),
            (low + 0.028, 0.0460, 0.0600, -0.006),
            (0.132, 0.0330, 0.0440, -0.008),
            (0.145, 0.008, 0.010, -0.008),
        ],
        np.float32,
    )
    parts: list[Solid] = [Body(chin, crown * size, paint, 0.3, gaze)]
    if face.hat == "cap":
        peak = (0.0, 0.080, 0.050), (0.0, 0.071, 0.092)
        parts += [
            _bump(
                chin, gaze, size, (side, *peak[0][1:]), (side, *peak[1][1:]), (0.012, 0.007), paint
            )
            for side in (-0.026, -0.012, 0.012, 0.026)
        ]
    if face.hat == "sun hat":
        brim = np.array(
            [(0.076, 0.092, 0.098, 0), (0.080, 0.095, 0.102, 0), (0.087, 0.06, 0.07, 0)], np.float32
        )
        parts.append(Body(chin, brim * size, paint, 0.2, gaze))
    return parts


def strands(colour: Array) -> Paint:
    """Hair: lighter where it faces the sky, with strands."""

    def paint(surface: Surface) -> Array:
        wave = 1 + 0.12 * np.sin(34 * surface.side + 5 * surface.along) * np.clip(
            1 - np.abs(surface.side), 0, 1
        )
        return (column(colour) * (wave * (1 + 0.4 * np.clip(surface.up, 0, 1)))).astype(np.float32)

    return paint


def _bump(
    chin: Array,
    gaze: float,
    size: float,
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    radii: tuple[float, float],
    paint: Paint,
) -> Limb:
    """A small limb on the head; ends in (left, up, forward) from the chin, in shares of the stature."""
    sine, cosine = np.sin(gaze), np.cos(gaze)
    ends = [
        chin + size * np.array([left * cosine + ahead * sine, up, ahead * cosine - left * sine])
        for left, up, ahead in (start, end)
    ]
    return Limb(ends[0], ends[1], (radii[0] * size, radii[1] * size), paint, 0.0, gaze)
