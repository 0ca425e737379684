"""Cloth: stripes, checks, prints, zips and straps, as paints for solids."""

from __future__ import annotations

import numpy as np

from renderer.light import column, mix
from renderer.noise import Array
from renderer.solids import Paint, Surface


def worn(colour: Array) -> Paint:
    """Trousers: a little paler where they face forward and wear off."""
    return lambda surface: (
        column(colour) * (1 + 0.22 * np.clip(surface.front, 0, 1) - 0.1 * np.abs(surface.side))
    )


def striped(colour: Array, second: Array, period: float) -> Paint:
    """Return stripes around the body, `period` metres from one to the next."""
    rate = 2 * np.pi / period
    return lambda surface: mix(colour, second, np.clip(np.sin(surface.height * rate) * 4, 0, 1))


def checked(colour: Array, second: Array) -> Paint:
    """Return checks around the body."""

    def paint(surface: Surface) -> Array:
        rings = np.sin(surface.height * 95) > 0.2
        bars = np.sin(np.arctan2(surface.side, surface.front) * 9) > 0.2
        return mix(colour, second, 0.42 * rings + 0.42 * bars)

    return paint


def printed(colour: Array, second: Array) -> Paint:
    """Return a print on the chest."""

    def paint(surface: Surface) -> Array:
        chest = (surface.front > 0) & (np.abs(surface.along - 0.68) < 0.11)
        lines = np.sin(surface.along * 110 + 5 * np.sin(surface.side * 9)) > -0.3
        return mix(colour, second, 0.85 * (chest & lines & (np.abs(surface.side) < 0.5)))

    return paint


def yoked(colour: Array, second: Array) -> Paint:
    """Another colour over the shoulders."""
    return lambda surface: mix(colour, second, 1.0 * (surface.along > 0.74))


def opened(colour: Array, inner: Array, gap: float) -> Paint:
    """Return a jacket: with `gap` > 0 it is open and shows what is below, otherwise a zip; pockets either way."""

    def paint(surface: Surface) -> Array:
        ahead, off = surface.front > 0, np.abs(surface.side)
        edge = gap * (0.8 + 0.5 * surface.along)
        zip_line = ahead & (np.abs(off - edge) < 0.035)
        pocket = ahead & (np.abs(off - 0.62) < 0.14) & (np.abs(surface.along - 0.22) < 0.012)
        lines = np.where(zip_line | pocket, np.float32(0.55), np.float32(1))
        return mix(colour, inner, 1.0 * (ahead & (off < edge))) * lines

    return paint


def with_straps(paint: Paint, colour: Array) -> Paint:
    """Return the same under the two straps of a backpack."""

    def both(surface: Surface) -> Array:
        off = np.abs(np.abs(surface.side) - 0.52)
        strap = (surface.front > 0.1) & (off < 0.10) & (surface.along > 0.45)
        return np.where(strap, column(colour), paint(surface))

    return both


def with_sash(paint: Paint, colour: Array) -> Paint:
    """Return the same under the strap of a shoulder bag, which crosses the trunk."""

    def both(surface: Surface) -> Array:
        slanted = 0.62 + 0.36 * surface.side * np.sign(surface.front)
        return np.where(np.abs(surface.along - slanted) < 0.035, column(colour), paint(surface))

    return both


def leather(colour: Array) -> Paint:
    """Return a bag with seams."""

    def paint(surface: Surface) -> Array:
        seam = (np.abs(surface.along - 0.55) < 0.02) | (np.abs(surface.along - 0.9) < 0.015)
        return column(colour) * np.where(seam, np.float32(0.5), np.float32(1))

    return paint


def soled(upper: Array, sole: Array) -> Paint:
    """Return a shoe: another colour where it faces the ground."""
    return lambda surface: np.where(surface.up < -0.55, column(sole), column(upper))
