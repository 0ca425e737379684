"""The ground: asphalt, slabs, bricks, grass and kerbs in perspective.

The ground is a row of bands that run along a street. `u` goes along the street, `v` across it, both in
metres; the street may lie at any angle to the camera.
Shape letters: h, W the picture's rows below the horizon and its columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fastrcnn_core.datasets.street import noise
from fastrcnn_core.datasets.street.camera import Camera
from fastrcnn_core.datasets.street.light import column, linear
from fastrcnn_core.datasets.street.noise import Array


@dataclass(frozen=True, eq=False)
class Spot:
    """Where on the ground pixels lie.

    Args:
        u, v: (h, W) metres. width, depth: (h, 1) metres that a pixel covers to the side and to the back.
    """

    u: Array
    v: Array
    width: Array
    depth: Array


# (3, h, W) linear RGB of a piece of ground.
Material = Callable[[Spot], Array]


@dataclass(frozen=True)
class Band:
    """A strip of ground that reaches to `end` metres across the street."""

    end: float
    material: Material


@dataclass(frozen=True, eq=False)
class Street:
    """The directions of a street.

    Args:
        angle: radians between the street and the picture's plane; 0 crosses from left to right.
        bands: from the camera's side to the other.
    """

    angle: float
    bands: Sequence[Band]

    def across(self, right: Array | float, depth: Array | float) -> Array:
        """The v of points on the ground."""
        return np.float32(np.sin(self.angle)) * right + np.float32(np.cos(self.angle)) * depth

    def along(self, right: Array | float, depth: Array | float) -> Array:
        """The u of points on the ground."""
        return np.float32(np.cos(self.angle)) * right - np.float32(np.sin(self.angle)) * depth


def paint_ground(street: Street, camera: Camera, first_row: int) -> Array:
    """(3, h, W) albedo of the ground in the rows from `first_row`, which is below the horizon."""
    rows = np.arange(first_row, camera.height, dtype=np.float32)[:, None] + 0.5
    depth = np.float32(camera.focal * camera.eye) / (rows - np.float32(camera.horizon))
    right = camera.rays()[None] * depth
    spot = Spot(
        street.along(right, depth),
        street.across(right, depth),
        depth / np.float32(camera.focal),
        depth * depth / np.float32(camera.focal * camera.eye),
    )
    colour = np.zeros((3, *right.shape), np.float32)
    start = -np.inf
    for band in street.bands:
        within = (spot.v >= start) & (spot.v < band.end)
        _fill(colour, spot, within, band.material)
        start = band.end
    return colour


def _fill(colour: Array, spot: Spot, within: npt.NDArray[np.bool_], material: Material) -> None:
    """Paint the material where it is, looking at no more rows than needed."""
    used = np.flatnonzero(within.any(1))
    if not len(used):
        return
    rows = slice(used[0], used[-1] + 1)
    part = Spot(spot.u[rows], spot.v[rows], spot.width[rows], spot.depth[rows])
    np.copyto(colour[:, rows], material(part), where=within[rows])


def asphalt(rng: np.random.Generator) -> Material:
    """Grey grains, stains and a few cracks."""
    tone, stain = linear(*rng.uniform(98, 148) * np.array([1, 1, 1.02])), rng.uniform(0.04, 0.13)
    shift = rng.uniform(0, 90, 2)

    def material(spot: Spot) -> Array:
        u, v = spot.u + np.float32(shift[0]), spot.v + np.float32(shift[1])
        value = 1 + stain * sample(-1.8, u, v, 80) + _sand(spot, u, v, 0.11)
        crack = (np.abs(sample(-2.2, u, v, 100)) < 0.018) & (spot.depth < 0.12)
        return column(tone) * np.where(crack, 0.78 * value, value)

    return material


def slabs(rng: np.random.Generator) -> Material:
    """Concrete or stone slabs with joints, each of its own shade."""
    length, breadth = rng.choice([0.4, 0.6, 0.6, 0.9, 1.5]), rng.choice([0.4, 0.6, 0.9, 1.2])
    bases = ((178, 172, 162), (196, 188, 172), (160, 160, 160), (186, 166, 150), (146, 142, 136))
    tone = linear(*bases[rng.integers(0, 5)]) * rng.uniform(0.8, 1.1)
    return _paved(rng, tone, length=length, breadth=breadth, spread=0.13, joint=0.014)


def bricks(rng: np.random.Generator) -> Material:
    """Clay or concrete paving bricks."""
    bases = ((148, 108, 94), (136, 98, 88), (164, 130, 114), (150, 140, 132), (130, 112, 104))
    tone = linear(*bases[rng.integers(0, 5)])
    return _paved(rng, tone, length=0.24, breadth=0.12, spread=0.2, joint=0.012)


def _paved(
    rng: np.random.Generator,
    tone: Array,
    *,
    length: float,
    breadth: float,
    spread: float,
    joint: float,
) -> Material:
    shift = rng.uniform(0, 50, 2)
    half = 0.5 * float(rng.random() < 0.7)

    def material(spot: Spot) -> Array:
        v = (spot.v + np.float32(shift[1])) / np.float32(breadth)
        row = np.floor(v)
        u = (spot.u + np.float32(shift[0])) / np.float32(length) + row * np.float32(half)
        shade = noise.scatter(np.floor(u).astype(np.int64), row.astype(np.int64)) - 0.5
        fade = np.clip(length / (2.5 * spot.width), 0, 1) * np.clip(
            breadth / (2.5 * spot.depth), 0, 1
        )
        gaps = np.maximum(
            _line(u, joint / length, spot.width / length),
            _line(v, joint / breadth, spot.depth / breadth),
        )
        dirt = 0.09 * sample(-1.8, spot.u, spot.v, 80) + _sand(spot, spot.u, spot.v, 0.07)
        value = (1 + np.float32(2 * spread) * shade * fade + dirt) * (1 - 0.42 * gaps)
        return column(tone) * value.astype(np.float32)

    return material


def grass(rng: np.random.Generator) -> Material:
    """A lawn, fresh or dry."""
    dry = rng.uniform(0, 0.5)
    green = linear(96, 128, 50) * (1 - dry) + linear(150, 142, 84) * dry
    other = linear(66, 96, 40)

    def material(spot: Spot) -> Array:
        patchy = np.clip(0.5 + 0.32 * sample(-1.5, spot.u, spot.v, 80), 0, 1)
        blades = 1 + 0.30 * sample(-0.7, spot.u, spot.v * 0.45, 70) * np.clip(
            0.05 / spot.width, 0.35, 1
        )
        return (column(green) * patchy + column(other) * (1 - patchy)) * np.clip(blades, 0.3, 2)

    return material


def earth(rng: np.random.Generator) -> Material:
    """Bare soil and gravel."""
    tone = linear(148, 126, 100) * rng.uniform(0.7, 1.05)
    return lambda spot: (
        column(tone)
        * (1 + 0.16 * sample(-1.2, spot.u, spot.v, 40) + _sand(spot, spot.u, spot.v, 0.2))
    )


def kerb(rng: np.random.Generator, yellow: bool) -> Material:
    """Kerb stones, grey or painted yellow."""
    tone = linear(222, 170, 40) if yellow else linear(176, 172, 166)

    def material(spot: Spot) -> Array:
        joints = _line(spot.u / np.float32(0.9), 0.02, spot.width / 0.9)
        worn = 1 + 0.14 * sample(-1.1, spot.u, spot.v, 60)
        return column(tone) * (worn * (1 - 0.5 * joints))

    return material


def gutter(rng: np.random.Generator) -> Material:
    """The kerb's shaded face and the wet line below it."""
    return lambda spot: column(linear(74, 72, 70)) * (1 + 0.2 * sample(-1.0, spot.u, spot.v, 60))


def marked(base: Material, *, stripe: float, gap: float, start: float, end: float) -> Material:
    """The same with white bars along v, such as a zebra crossing between u = `start` and `end`."""

    def material(spot: Spot) -> Array:
        period = np.float32(stripe + gap)
        worn = np.clip(0.86 + 0.2 * sample(-1.0, spot.u, spot.v, 50), 0, 1)
        bars = _line(spot.v / period, stripe / period, spot.depth / period) * worn
        bars = np.where((spot.u > start) & (spot.u < end), bars, np.float32(0))
        return base(spot) * (1 - bars) + column(linear(226, 224, 216)) * bars

    return material


def sample(roughness: float, u: Array, v: Array, per_metre: float) -> Array:
    """Noise at places on the ground, `per_metre` of the tile's texels a metre."""
    mask = noise.TILE - 1
    columns = (u * np.float32(per_metre)).astype(np.int32) & mask
    rows = (v * np.float32(per_metre)).astype(np.int32) & mask
    return noise.tile(roughness)[rows, columns]


def _sand(spot: Spot, u: Array, v: Array, strength: float) -> Array:
    """Grains that never grow larger than a pixel or two, near or far."""
    fade = np.clip(0.02 / spot.width, 0.3, 1).astype(np.float32)
    return sample(-0.25, u, v, 140) * (fade * np.float32(strength))


def _line(place: Array, width: float, footprint: Array) -> Array:
    """How much of each pixel a line covers that comes back at every whole number; all in periods."""
    off = np.abs(place - np.round(place))
    covered = np.clip((np.float32(width / 2) - off) / footprint + np.float32(0.5), 0, 1)
    blurred = np.minimum(np.float32(1), np.float32(width) / footprint)
    return np.minimum(covered, blurred) * np.clip(np.float32(1.2) - footprint, 0, 1)
