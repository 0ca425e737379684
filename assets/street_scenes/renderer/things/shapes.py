"""Simple solids that street furniture is made of: poles, rails, turned pieces. Metres from the thing's foot."""

from __future__ import annotations

import numpy as np

from renderer.light import column, linear
from renderer.noise import Array
from renderer.solids import Body, Limb, Paint, Surface

_METALS = ((44, 58, 50), (40, 40, 44), (96, 98, 100), (128, 130, 130), (38, 62, 58))


def metal(rng: np.random.Generator) -> Array:
    """Return the colour of painted or galvanised iron."""
    return linear(*_METALS[int(rng.integers(0, len(_METALS)))])


def tone(rng: np.random.Generator, *tones: tuple[int, int, int]) -> Array:
    """Return one of these colours."""
    return linear(*tones[int(rng.integers(0, len(tones)))])


def bar(
    start: tuple[float, float, float], end: tuple[float, float, float], radius: float, paint: Paint
) -> Limb:
    """Return a round bar between two points."""
    return Limb(np.array(start), np.array(end), (radius, radius), paint)


def pole(height: float, radius: float, paint: Paint) -> Limb:
    """Return an upright bar from the ground up."""
    return bar((0, 0, 0), (0, height, 0), radius, paint)


def rail(half: float, up: float, ahead: float, radius: float, paint: Paint) -> Limb:
    """Return a bar from left to right, `half` to each side."""
    return bar((-half, up, ahead), (half, up, ahead), radius, paint)


def lathe(rings: list[tuple[float, float]], paint: Paint, *, cloth: float = 0.0) -> Body:
    """Return a turned piece: heights and radii from bottom to top."""
    profile = np.array([(height, radius, radius, 0.0) for height, radius in rings], np.float32)
    return Body(np.zeros(3), profile, paint, cloth)


def board(outline: list[tuple[float, float]], paint: Paint, *, ahead: float) -> Body:
    """Return a thin upright board that faces the camera: heights and half-widths from bottom to top."""
    profile = np.array([(height, half, 0.02, 0.0) for height, half in outline], np.float32)
    return Body(np.array([0.0, 0.0, ahead]), profile, paint)


def weathered(colour: Array) -> Paint:
    """Bark or stone: patches along and around."""

    def paint(surface: Surface) -> Array:
        around = np.arctan2(surface.side, surface.front + 1e-6)
        wave = np.sin(around * 11 + 3 * np.sin(surface.height * 9))
        return column(colour) * (1 + 0.16 * wave * np.sin(surface.height * 17 + 2 * around))

    return paint
