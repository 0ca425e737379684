"""From solids to a sprite: creases, shadows that a thing throws on itself, light, and smooth edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scipy.ndimage import uniform_filter

from fastrcnn_core.datasets.street import noise
from fastrcnn_core.datasets.street.light import Light
from fastrcnn_core.datasets.street.noise import Array
from fastrcnn_core.datasets.street.solids import NOWHERE, Relief, Solid, extent

# Each pixel of a sprite is the mean of 2 x 2 pixels of a relief.
FINE = 2
# Distances in metres at which a surface asks whether something stands between it and the sun.
_STEPS = (0.025, 0.06, 0.12, 0.22)


@dataclass(frozen=True, eq=False)
class Sprite:
    """A thing cut out of its surroundings, to be laid over a picture.

    Args:
        row, column: of its upper left pixel in the picture; may lie outside.
        colour: (3, h, w) linear RGB times alpha. alpha: (h, w) in [0, 1].
    """

    row: int
    column: int
    colour: Array
    alpha: Array


def portray(
    solids: Sequence[Solid],
    *,
    light: Light,
    sunlit: float,
    row: float,
    column: float,
    scale: float,
    frame: tuple[int, int],
    rng: np.random.Generator,
) -> Sprite:
    """The sprite of solids whose foot is at (`row`, `column`) of a picture.

    Args:
        solids: what is drawn. light: what falls on it, `sunlit` in [0, 1] of the sun.
        row, column: of the foot in the picture. scale: pixels per metre.
        frame: height and width of the picture; what is farther outside than a quarter of it is left out.
        rng: for the creases.
    """
    relief, top, left = _relief(solids, row=row, column=column, scale=scale, frame=frame)
    for solid in solids:
        relief.add(solid)
    alpha = relief.depth > NOWHERE
    normal = _creased(relief, rng)
    colour = (
        relief.albedo * light.on(normal, sunlit * _self_shadow(relief, light)) * _occlusion(relief)
    )
    colour *= alpha
    return Sprite(top, left, _reduced(colour), _reduced(alpha.astype(np.float32)))


def _relief(
    solids: Sequence[Solid], *, row: float, column: float, scale: float, frame: tuple[int, int]
) -> tuple[Relief, int, int]:
    """An empty relief that is large enough, and its upper left corner in the picture."""
    extents = np.array([extent(solid) for solid in solids])
    left, bottom = extents[:, 0].min(), extents[:, 2].min()
    right, top = extents[:, 1].max(), extents[:, 3].max()
    first_row, last_row = _within(row - top * scale, row - bottom * scale, frame[0])
    first_column, last_column = _within(column + left * scale, column + right * scale, frame[1])
    relief = Relief(
        height=FINE * (last_row - first_row),
        width=FINE * (last_column - first_column),
        scale=FINE * scale,
        row=FINE * (row - first_row),
        column=FINE * (column - first_column),
    )
    return relief, first_row, first_column


def _within(first: float, last: float, size: int) -> tuple[int, int]:
    """Whole pixels around a span, no farther outside than a quarter of `size`, and one at least."""
    low, high = -(size // 4), size + size // 4
    start = int(np.clip(np.floor(first) - 1, low, high - 1))
    return start, max(start + 1, int(np.clip(np.ceil(last) + 1, low, high)))


def _creased(relief: Relief, rng: np.random.Generator) -> Array:
    """(3, h, w) normals with the folds of cloth."""
    height, width = relief.depth.shape
    stretch = relief.scale / 420
    row, column = rng.integers(0, noise.TILE, 2)
    rows = (row + (np.arange(height) / stretch * 0.75).astype(np.int64)) & (noise.TILE - 1)
    columns = (column + (np.arange(width) / stretch).astype(np.int64)) & (noise.TILE - 1)
    folds = noise.cut(noise.folds(), rows, columns) * (np.float32(0.30) * relief.cloth)
    normal = relief.normal.copy()
    normal[0] -= folds[0]
    normal[1] += folds[1]
    return normal / np.sqrt(np.einsum("chw,chw->hw", normal, normal) + 1e-9)


def _self_shadow(relief: Relief, light: Light) -> Array:
    """(h, w) share of the sun that the thing itself lets through; looked up at half the resolution."""
    depth = relief.depth[::2, ::2]
    right, up, towards = light.sun
    open_sky = np.ones_like(depth)
    for step in _STEPS:
        down_by, right_by = (
            round(-up * step * relief.scale / 2),
            round(right * step * relief.scale / 2),
        )
        gap = _moved(depth, down_by, right_by) - depth - towards * step
        open_sky *= 1 - np.clip((gap - 0.008) * 40, 0, 1)
    return uniform_filter(open_sky, 3).repeat(2, 0).repeat(2, 1)


def _occlusion(relief: Relief) -> Array:
    """(h, w) in [0.5, 1]: darker in the depth between arms and trunk and between the legs."""
    depth = relief.depth[::2, ::2]
    there = depth > NOWHERE
    filled = np.where(there, depth, 0)
    size = max(3, int(0.07 * relief.scale / 2) | 1)
    weight = uniform_filter(there.astype(np.float32), size)
    around = uniform_filter(filled, size) / np.maximum(weight, 1e-3)
    lower = np.clip((around - filled) * 6, 0, 0.5)
    return (1 - lower).repeat(2, 0).repeat(2, 1)


def _moved(values: Array, down: int, right: int) -> Array:
    """`values` seen from a point `down` and `right` of each pixel; nothing beyond the edge."""
    height, width = values.shape
    moved = np.full_like(values, NOWHERE)
    rows, columns = (
        slice(max(0, -down), min(height, height - down)),
        slice(max(0, -right), min(width, width - right)),
    )
    source = (
        slice(max(0, down), min(height, height + down)),
        slice(max(0, right), min(width, width + right)),
    )
    if rows.start < rows.stop and columns.start < columns.stop:
        moved[rows, columns] = values[source]
    return moved


def _reduced(fine: Array) -> Array:
    """The mean of each 2 x 2 block."""
    pairs = fine[..., 0::2, :] + fine[..., 1::2, :]
    return (pairs[..., 0::2] + pairs[..., 1::2]) * np.float32(0.25)
