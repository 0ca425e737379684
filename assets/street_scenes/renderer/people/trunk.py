"""The trunk and what hangs around it: pelvis, shirt or coat, skirt. Lengths are shares of the stature."""

from __future__ import annotations

import numpy as np

from renderer.noise import Array, floats
from renderer.people.skeleton import Skeleton
from renderer.people.wardrobe import Outfit
from renderer.solids import Body, Solid

# Heights above the hip joints, half-widths, half-depths, forward shifts.
_TRUNK = floats(
    *(-0.070, 0.084, 0.060, -0.004),
    *(-0.020, 0.091, 0.066, -0.008),
    *(0.030, 0.092, 0.063, -0.005),
    *(0.100, 0.084, 0.055, 0.002),
    *(0.175, 0.093, 0.060, 0.004),
    *(0.235, 0.105, 0.062, 0.003),
    *(0.265, 0.108, 0.056, 0.000),
    *(0.284, 0.095, 0.048, -0.002),
    *(0.298, 0.066, 0.042, -0.002),
    *(0.310, 0.042, 0.036, 0.000),
    *(0.322, 0.034, 0.033, 0.002),
).reshape(-1, 4)
# From where it hangs down to where, how thick the cloth is, how much it flares.
_HEMS = {
    "tank": -0.020,
    "tee": -0.040,
    "shirt": -0.045,
    "jacket": -0.040,
    "coat": -0.190,
    "dress": -0.020,
}
THICKNESS = {
    "tank": 0.002,
    "tee": 0.008,
    "shirt": 0.008,
    "jacket": 0.014,
    "coat": 0.016,
    "dress": 0.003,
}
_FLARES = {"coat": 0.016}
_WAIST = 0.13


def trunk_solids(skeleton: Skeleton, outfit: Outfit) -> list[Solid]:
    """Return hips in trousers, and over them the upper garment and the skirt."""
    shape = _shape(outfit)
    hips = Body(
        skeleton.pelvis,
        shape[shape[:, 0] < _WAIST] * skeleton.stature,
        outfit.trousers,
        0.5,
        skeleton.turn,
        skeleton.lean,
    )
    shirt = Body(
        skeleton.pelvis,
        _shirt(shape, outfit) * skeleton.stature,
        outfit.trunk,
        0.8,
        skeleton.turn,
        skeleton.lean,
    )
    return [hips, shirt] + ([_skirt(skeleton, outfit)] if outfit.bottom == "skirt" else [])


def _shape(outfit: Outfit) -> Array:
    """Return the trunk's profile with this person's breadth, waist, bust and hips."""
    height, curve = _TRUNK[:, 0], outfit.curve
    waist = _swell(height, 0.11, 0.06) * curve
    bust = _swell(height, 0.21, 0.035) * curve
    hips = _swell(height, -0.01, 0.05) * curve
    change = np.stack([0 * height, 0.006 * hips - 0.014 * waist, 0.008 * bust, 0.009 * bust], 1)
    return _TRUNK * floats(1, outfit.shape, outfit.shape**1.5, 1) + change


def _shirt(shape: Array, outfit: Outfit) -> Array:
    """Return the upper garment's profile: over the trunk from its hem up."""
    hem, thick = _HEMS[outfit.top], THICKNESS[outfit.top]
    shirt = shape[shape[:, 0] > max(hem, -0.021) - 0.001].copy()
    if hem < -0.03:
        # The hem stands off, so that a thigh that swings forward stays below it.
        end = (
            shirt[0]
            + floats(0, 0.002, 0.012, 0)
            + _FLARES.get(outfit.top, 0.0) * floats(0, 1, 1, 0)
        )
        end[0] = hem
        shirt = np.vstack([end, shirt])
    shirt[:-2, 1:3] += thick
    return shirt


def _skirt(skeleton: Skeleton, outfit: Outfit) -> Solid:
    """Return a skirt, which hangs around both legs wherever they are."""
    size, sine, cosine = skeleton.stature, np.sin(skeleton.turn), np.cos(skeleton.turn)
    knees = [(leg[1] - skeleton.pelvis) / size for leg in skeleton.legs]
    ahead = [float(knee[0] * sine + knee[2] * cosine) for knee in knees]
    deep, shift = (max(ahead) - min(ahead)) / 2 + 0.062, (max(ahead) + min(ahead)) / 2
    hem = -0.20 - 0.14 * (outfit.shape - 0.93)
    profile = [
        (hem, 0.108, deep, shift),
        (hem * 0.55, 0.106, 0.5 * deep + 0.038, shift * 0.55),
        (-0.01, 0.100, 0.072, 0.0),
        (0.11, 0.080, 0.058, 0.0),
    ]
    return Body(
        skeleton.pelvis, np.array(profile, np.float32) * size, outfit.trousers, 1.0, skeleton.turn
    )


def _swell(height: Array, center: float, spread: float) -> Array:
    return np.exp(-(((height - center) / spread) ** 2))
