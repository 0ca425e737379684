"""Surfaces of the ground: asphalt, slabs, bricks, grass, kerbs and painted bars.

Shape letters: h, W the picture's rows below the horizon and its columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderer import noise
from renderer.light import column, grey, linear, mix
from renderer.noise import Array
from renderer.town.ground import Material, Spot


def asphalt(rng: np.random.Generator) -> Material:
    """Grey grains, stains and a few cracks."""
    tone, stain = grey(rng.uniform(98, 148)), float(rng.uniform(0.04, 0.13))
    start_u, start_v = (float(start) for start in rng.uniform(0, 90, 2))

    def material(spot: Spot) -> Array:
        u, v = spot.u + start_u, spot.v + start_v
        value = 1 + stain * sample(-1.8, u, v, 80) + 0.11 * _sand(spot, u, v)
        crack = (np.abs(sample(-2.2, u, v, 100)) < 0.018) & (spot.depth < 0.12)
        return column(tone) * np.where(crack, 0.78 * value, value)

    return material


def slabs(rng: np.random.Generator) -> Material:
    """Concrete or stone slabs with joints, each of its own shade."""
    size = float(rng.choice([0.4, 0.6, 0.9, 1.2])), float(rng.choice([0.4, 0.6, 0.6, 0.9, 1.5]))
    tones = ((178, 172, 162), (196, 188, 172), (160, 160, 160), (186, 166, 150), (146, 142, 136))
    tone = linear(*tones[int(rng.integers(0, len(tones)))]) * float(rng.uniform(0.8, 1.1))
    return _paved(rng, _Stones(tone, size, spread=0.26, joint=0.014))


def bricks(rng: np.random.Generator) -> Material:
    """Clay or concrete paving bricks."""
    tones = ((148, 108, 94), (136, 98, 88), (164, 130, 114), (150, 140, 132), (130, 112, 104))
    tone = linear(*tones[int(rng.integers(0, len(tones)))])
    return _paved(rng, _Stones(tone, (0.12, 0.24), spread=0.4, joint=0.012))


@dataclass(frozen=True, eq=False)
class _Stones:
    """Paving stones: colour, size across and along the street in metres, how much they differ, their joints' width."""

    tone: Array
    size: tuple[float, float]
    spread: float
    joint: float


def _paved(rng: np.random.Generator, stones: _Stones) -> Material:
    start_u, start_v = (float(start) for start in rng.uniform(0, 50, 2))
    offset = 0.5 * float(rng.random() < 0.7)
    breadth, length = stones.size

    def material(spot: Spot) -> Array:
        v = (spot.v + start_v) / breadth
        row = np.floor(v)
        u = (spot.u + start_u) / length + row * offset
        shade = noise.scatter(np.floor(u).astype(np.int64), row.astype(np.int64)) - 0.5
        near = np.clip(length / (2.5 * spot.width), 0, 1) * np.clip(
            breadth / (2.5 * spot.depth), 0, 1
        )
        dirt = 0.09 * sample(-1.8, spot.u, spot.v, 80) + 0.07 * _sand(spot, spot.u, spot.v)
        across = lines(u, stones.joint / length, spot.width / length)
        gaps = np.maximum(across, lines(v, stones.joint / breadth, spot.depth / breadth))
        return column(stones.tone) * ((1 + stones.spread * shade * near + dirt) * (1 - 0.42 * gaps))

    return material


def grass(rng: np.random.Generator) -> Material:
    """Return a lawn, fresh or dry."""
    dry = float(rng.uniform(0, 0.5))
    green, shade = linear(96, 128, 50) * (1 - dry) + linear(150, 142, 84) * dry, linear(66, 96, 40)

    def material(spot: Spot) -> Array:
        patchy = np.clip(0.5 + 0.32 * sample(-1.5, spot.u, spot.v, 80), 0, 1)
        near = np.clip(0.05 / spot.width, 0.35, 1)
        blades = 1 + 0.30 * near * sample(-0.7, spot.u, spot.v * 0.45, 70)
        return mix(shade, green, patchy) * np.clip(blades, 0.3, 2)

    return material


def earth(rng: np.random.Generator) -> Material:
    """Bare soil and gravel."""
    tone = linear(148, 126, 100) * float(rng.uniform(0.7, 1.05))

    def material(spot: Spot) -> Array:
        value = 1 + 0.16 * sample(-1.2, spot.u, spot.v, 80) + 0.2 * _sand(spot, spot.u, spot.v)
        return column(tone) * value

    return material


def kerb(tone: Array) -> Material:
    """Kerb stones of this colour, a little worn."""

    def material(spot: Spot) -> Array:
        joints = lines(spot.u / 0.9, 0.02, spot.width / 0.9)
        value = 1 + 0.14 * sample(-1.1, spot.u, spot.v, 60)
        return column(tone) * (value * (1 - 0.5 * joints))

    return material


def gutter(spot: Spot) -> Array:
    """Return the kerb's shaded face and the damp line below it."""
    return column(grey(72)) * (1 + 0.2 * sample(-1.0, spot.u, spot.v, 60))


def zebra(base: Material, *, start: float, end: float) -> Material:
    """Return a material with a pedestrian crossing painted on it between u = `start` and `end`."""

    def material(spot: Spot) -> Array:
        worn = np.clip(0.86 + 0.2 * sample(-1.0, spot.u, spot.v, 50), 0, 1)
        bars = lines(spot.v, 0.5, spot.depth) * worn * ((spot.u > start) & (spot.u < end))
        return base(spot) * (1 - bars) + column(linear(226, 224, 216)) * bars

    return material


def sample(roughness: float, u: Array, v: Array, per_metre: float) -> Array:
    """Noise at places on the ground, `per_metre` of the tile's texels a metre."""
    columns, rows = ((place * per_metre).astype(np.int32) & (noise.TILE - 1) for place in (u, v))
    return noise.tile(roughness)[rows, columns]


def _sand(spot: Spot, u: Array, v: Array) -> Array:
    """Return grains that never grow larger than a pixel or two, near or far."""
    return sample(-0.25, u, v, 140) * np.clip(0.02 / spot.width, 0.3, 1)


def lines(place: Array, width: float, footprint: Array) -> Array:
    """Return how much of each pixel a line covers that comes back at every whole number; all in periods."""
    off = np.abs(place - np.round(place))
    covered = np.clip((width / 2 - off) / footprint + 0.5, 0, 1)
    return np.minimum(covered, np.minimum(1, width / footprint)) * np.clip(1.2 - footprint, 0, 1)
