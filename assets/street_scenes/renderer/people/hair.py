"""Hair in several cuts, and hats over it. Lengths are shares of the stature, measured from the chin."""

from __future__ import annotations

import numpy as np

from renderer.light import column
from renderer.noise import Array, floats
from renderer.people.face import SKULL, Face, Head
from renderer.solids import Paint, Solid, Surface, plain


def hair_solids(head: Head, face: Face) -> list[Solid]:
    """Return the hair, in its cut."""
    if face.cut == "bald":
        return []
    paint = _strands(face.hair)
    parts: list[Solid] = [
        head.bump((0.0, 0.030, -0.032), (0.0, 0.085, -0.022), (0.026, 0.043), paint)
    ]
    if not face.hat:
        parts.append(head.body(_crown(), paint, 0.4))
    if face.cut in ("bob", "long"):
        end = 0.004 if face.cut == "bob" else -0.085
        parts.append(
            head.bump((0.0, 0.08, -0.025), (0.0, end - 0.01, -0.040), (0.042, 0.036), paint)
        )
        for side in (-1, 1):
            lock = (side * 0.036, 0.085, -0.012), (side * 0.038, end, -0.018)
            parts.append(head.bump(*lock, (0.020, 0.015), paint))
    if face.cut == "tail":
        parts.append(head.bump((0.0, 0.088, -0.062), (0.0, -0.02, -0.078), (0.018, 0.012), paint))
    if face.cut == "bun":
        parts.append(head.bump((0.0, 0.118, -0.050), (0.0, 0.122, -0.056), (0.025, 0.024), paint))
    return parts


def hat_solids(head: Head, face: Face) -> list[Solid]:
    """Return a cap, a beanie, a sun hat, or nothing."""
    if not face.hat:
        return []
    paint = plain(face.hat_colour)
    low = 0.080 if face.hat == "cap" else 0.068
    crown = [(low, 0.0470, 0.0610, -0.004), (low + 0.028, 0.0460, 0.0600, -0.006)]
    crown += [(0.132, 0.0330, 0.0440, -0.008), (0.145, 0.008, 0.010, -0.008)]
    parts: list[Solid] = [head.body(np.array(crown, np.float32), paint, 0.3)]
    if face.hat == "cap":
        for side in (-0.026, -0.012, 0.012, 0.026):
            parts.append(
                head.bump((side, 0.080, 0.050), (side, 0.071, 0.092), (0.012, 0.007), paint)
            )
    if face.hat == "sun hat":
        brim = [(0.076, 0.092, 0.098, 0.0), (0.080, 0.095, 0.102, 0.0), (0.087, 0.06, 0.07, 0.0)]
        parts.append(head.body(np.array(brim, np.float32), paint, 0.2))
    return parts


def _crown() -> Array:
    """Return the upper half of the skull, a little larger and farther back."""
    crown = SKULL[4:] + floats(0.0, 0.005, 0.005, -0.010)
    crown[-1] = (0.137, 0.008, 0.010, -0.014)
    return crown


def _strands(colour: Array) -> Paint:
    """Hair: lighter where it faces the sky, with strands."""

    def paint(surface: Surface) -> Array:
        facing = np.clip(1 - np.abs(surface.side), 0, 1)
        wave = 1 + 0.12 * np.sin(34 * surface.side + 5 * surface.along) * facing
        return column(colour) * (wave * (1 + 0.4 * np.clip(surface.up, 0, 1)))

    return paint
