"""Noise that surfaces are made of: tiles without seams, computed once, the same on every machine.

Shape letters: T tile side; h, w the patch that is cut out of a tile.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

# Single precision wherever there are as many numbers as pixels.
Array = npt.NDArray[np.floating[Any]]
Indices = npt.NDArray[np.integer[Any]]
Mask = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]

# A power of two, so that wrapping an index is one cheap `&`.
TILE = 512


def generator(*numbers: int) -> np.random.Generator:
    """Return the random source that belongs to these numbers, and to nothing else."""
    # Their count goes in too, as NumPy's SeedSequence takes (1, 2) and (1, 2, 0) for the same.
    seeds = np.random.SeedSequence([len(numbers), *numbers])
    return np.random.Generator(np.random.PCG64(seeds))


@cache
def tile(roughness: float) -> Array:
    """Return (T, T) noise of mean 0 and standard deviation 1 that continues over its own edges.

    Args:
        roughness: 0 for fine sand, -2 for clouds: the slope of the amplitude over the frequency.
    """
    white = generator(0, round(-100 * roughness)).standard_normal((TILE, TILE))
    rows, columns = np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None, :]
    frequency = np.maximum(np.hypot(rows, columns), 1.0 / TILE)
    noise = np.fft.irfft2(np.fft.rfft2(white) * frequency**roughness, s=(TILE, TILE))
    return _frozen((noise - noise.mean()) / noise.std())


@cache
def folds() -> Array:
    """Return (2, T, T) how creased cloth rises to the right and downwards, standard deviation 1."""
    cloth = tile(-2.7) - 0.55 * np.abs(tile(-2.5)) + 0.05 * tile(-1.8)
    rise = [np.roll(cloth, -1, axis) - cloth for axis in (1, 0)]
    return _frozen(np.stack([direction / direction.std() for direction in rise]))


def patch(
    rng: np.random.Generator,
    roughness: float,
    *,
    height: int,
    width: int,
    zoom: tuple[float, float] = (1.0, 1.0),
) -> Array:
    """Return (h, w) cut from a random place of a tile, stretched (down, across) by `zoom`."""
    return cut(tile(roughness), stretched(rng, height, zoom[0]), stretched(rng, width, zoom[1]))


def stretched(rng: np.random.Generator, count: int, zoom: float) -> Indices:
    """Return (count,) indices along a tile's side from a random start on, each repeated `zoom` times."""
    steps = (np.arange(count) / zoom).astype(np.int64)
    return (steps + rng.integers(0, TILE)) & (TILE - 1)


def cut(texture: Array, rows: Indices, columns: Indices) -> Array:
    """`whole` (..., T, T) at these rows and columns; rows first, because they are copied in one piece."""
    return np.take(np.take(texture, rows, -2), columns, -1)


def scatter(first: Indices, second: Indices) -> Array:
    """Return a number in [0, 1) for each pair of whole numbers, as if drawn by lot: the shade of a brick or a slab."""
    mixed = (first * 374761393 + second * 668265263) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 13)) * 1274126177) & 0xFFFFFFFF
    return ((mixed ^ (mixed >> 16)) / 2.0**32).astype(np.float32)


def floats(*numbers: float) -> Array:
    """Return numbers in single precision, so that what they are multiplied with stays so."""
    return np.array(numbers, np.float32)


def _frozen(values: Array) -> Array:
    single = values.astype(np.float32)
    single.setflags(write=False)
    return single
