"""From solids to a sprite: creases, shadows that a thing throws on itself, light, and smooth edges.

Shape letters: h, w a sprite; 2h, 2w the relief from which it is made.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import uniform_filter

from renderer import noise
from renderer.light import Light
from renderer.noise import Array, Indices
from renderer.relief import NOWHERE, Relief
from renderer.solids import Solid, extent
from renderer.sprite import Sprite, Stand

# Each pixel of a sprite is the mean of 2 x 2 pixels of a relief.
FINE = 2
# Distances in metres at which a surface asks whether something stands between it and the sun.
_STEPS = (0.025, 0.06, 0.12, 0.22)


def portray(
    solids: Sequence[Solid],
    stand: Stand,
    light: Light,
    *,
    frame: tuple[int, int],
    rng: np.random.Generator,
) -> Sprite:
    """Return the sprite of solids that stand in a picture whose height and width are `frame`.

    What is farther outside than a quarter of the picture is left out. `rng` is for the creases.
    """
    relief, top, left = _relief(solids, stand, frame)
    for solid in solids:
        relief.add(solid)
    alpha = _reduced((relief.depth > NOWHERE).astype(np.float32))
    zoom = stand.scale / 280
    rows, columns = (
        noise.stretched(rng, count, stretch)
        for count, stretch in zip(alpha.shape, (1.33 * zoom, zoom), strict=True)
    )

    def colour() -> Array:
        depth, scale = relief.depth[::FINE, ::FINE], relief.scale / FINE
        normal = _creased(_reduced(relief.normal), _reduced(relief.cloth), rows, columns)
        sunlit = stand.sunlit * _self_shadow(depth, scale, light)
        return _reduced(relief.albedo) * (light.on(normal, sunlit) * _occlusion(depth, scale))

    return Sprite(top, left, alpha, colour)


def _relief(
    solids: Sequence[Solid], stand: Stand, frame: tuple[int, int]
) -> tuple[Relief, int, int]:
    """Return an empty relief that is large enough, and its upper left corner in the picture."""
    bounds = [extent(solid) for solid in solids]
    row, column, scale = stand.row, stand.column, stand.scale
    top, bottom = max(bound.top for bound in bounds), min(bound.bottom for bound in bounds)
    left, right = min(bound.left for bound in bounds), max(bound.right for bound in bounds)
    rows = _within(row - top * scale, row - bottom * scale, frame[0])
    columns = _within(column + left * scale, column + right * scale, frame[1])
    relief = Relief(
        height=FINE * len(rows),
        width=FINE * len(columns),
        scale=FINE * scale,
        row=FINE * (row - rows.start),
        column=FINE * (column - columns.start),
    )
    return relief, rows.start, columns.start


def _within(first: float, last: float, size: int) -> range:
    """Whole pixels around a span, no farther outside than a quarter of `size`, and one at least."""
    low, high = -(size // 4), size + size // 4
    start = int(np.clip(np.floor(first) - 1, low, high - 1))
    return range(start, max(start + 1, int(np.clip(np.ceil(last) + 1, low, high))))


def _creased(normal: Array, cloth: Array, rows: Indices, columns: Indices) -> Array:
    """Return (3, h, w) normals with the folds of cloth."""
    folds = noise.cut(noise.folds(), rows, columns) * (0.30 * cloth)
    normal[0] -= folds[0]
    normal[1] += folds[1]
    return normal / np.sqrt(np.einsum("chw,chw->hw", normal, normal) + 1e-9)


def _self_shadow(depth: Array, scale: float, light: Light) -> Array:
    """Return (h, w) share of the sun that the thing itself lets through."""
    right, up, towards = light.sun
    open_sky = np.ones_like(depth)
    for step in _STEPS:
        shift = step * scale
        gap = _moved(depth, round(-up * shift), round(right * shift)) - depth - towards * step
        open_sky *= 1 - np.clip((gap - 0.008) * 40, 0, 1)
    return uniform_filter(open_sky, 3)


def _occlusion(depth: Array, scale: float) -> Array:
    """Return (h, w) in [0.5, 1]: darker in the depth between arms and trunk and between the legs."""
    filled_mask = depth > NOWHERE
    filled = np.where(filled_mask, depth, 0)
    size = max(3, int(0.07 * scale) | 1)
    weight = uniform_filter(filled_mask.astype(np.float32), size)
    around = uniform_filter(filled, size) / np.maximum(weight, 1e-3)
    return 1 - np.clip((around - filled) * 6, 0, 0.5)


def _moved(values: Array, down: int, right: int) -> Array:
    """`values` seen from a point `down` and `right` of each pixel; nothing beyond the edge."""
    height, width = values.shape
    moved = np.full_like(values, NOWHERE)
    if abs(down) >= height or abs(right) >= width:
        return moved
    rows = slice(max(0, -down), min(height, height - down))
    columns = slice(max(0, -right), min(width, width - right))
    moved[rows, columns] = values[
        max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)
    ]
    return moved


def _reduced(fine: Array) -> Array:
    """Return the mean of each 2 x 2 block."""
    pairs = fine[..., 0::2, :] + fine[..., 1::2, :]
    return (pairs[..., 0::2] + pairs[..., 1::2]) * 0.25
