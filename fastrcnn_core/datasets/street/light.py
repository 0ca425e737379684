"""Light: where the sun stands, what the sky adds, and what a surface sends back to the camera.

Everything is linear (twice the light is twice the number); `film` turns it into a picture.
Shape letters: h, w of a patch of the picture. Directions are (right, up, towards the camera).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastrcnn_core.datasets.street.noise import Array


@dataclass(frozen=True)
class Light:
    """The weather of a scene.

    Args:
        name: for people.
        sun: unit vector towards the sun.
        sun_colour, sky_colour, ground_colour: linear RGB that a surface facing each of them receives.
        haze: linear RGB of the air far away. depth_of_haze: metres after which a third of the colour is left.
        blur_of_shadow: metres, the half-width of a shadow's soft rim per metre of height.
    """

    name: str
    sun: tuple[float, float, float]
    sun_colour: Array
    sky_colour: Array
    ground_colour: Array
    haze: Array
    depth_of_haze: float
    blur_of_shadow: float

    def on(self, normal: Array, sunlit: Array | float) -> Array:
        """(3, h, w) light that reaches surfaces with these normals (3, h, w); `sunlit` in [0, 1]."""
        facing = np.tensordot(np.float32(self.sun), normal, 1)
        direct = np.clip(facing * 0.92 + 0.08, 0, None) * sunlit
        up = normal[1] * 0.5 + 0.5
        return (
            column(self.sun_colour) * direct
            + column(self.sky_colour) * up
            + column(self.ground_colour) * (1 - up)
        )

    def on_flat(self, normal: tuple[float, float, float]) -> tuple[Array, Array]:
        """(3,) and (3,): what the sun, and what everything else gives to a plane with this normal."""
        facing = max(0.0, float(np.dot(self.sun, normal)))
        up = normal[1] * 0.5 + 0.5
        return self.sun_colour * facing, self.sky_colour * up + self.ground_colour * (1 - up)

    def through_air(self, colour: Array, depth: float) -> Array:
        """(3, ...) colours as they look from `depth` metres away."""
        share = np.float32(np.exp(-depth / self.depth_of_haze))
        return colour * share + self.haze.reshape(3, *[1] * (colour.ndim - 1)) * (1 - share)


def column(colour: Array) -> Array:
    """(3,) as (3, 1, 1), so that it spreads over a picture."""
    return colour[:, None, None]


def linear(red: float, green: float, blue: float) -> Array:
    """(3,) linear RGB of what a screen shows as these numbers in [0, 255]. Source: IEC 61966-2-1, as a power."""
    return (np.array([red, green, blue], np.float32) / 255) ** np.float32(2.2)


def choose_light(rng: np.random.Generator) -> Light:
    """One of the skies under which people go for a walk."""
    kinds = (_sunny, _low_sun, _hazy, _overcast, _dusk)
    return kinds[rng.choice(len(kinds), p=(0.40, 0.16, 0.18, 0.18, 0.08))](rng)


def _sunny(rng: np.random.Generator) -> Light:
    return _light(
        rng, "sunny", rng.uniform(38, 62), (1.12, 1.02, 0.88), (0.19, 0.23, 0.30), 0.10, 600
    )


def _low_sun(rng: np.random.Generator) -> Light:
    return _light(
        rng, "low sun", rng.uniform(20, 34), (1.25, 0.97, 0.66), (0.19, 0.22, 0.30), 0.10, 150
    )


def _hazy(rng: np.random.Generator) -> Light:
    return _light(
        rng, "hazy", rng.uniform(38, 62), (0.56, 0.53, 0.48), (0.42, 0.45, 0.50), 0.16, 90
    )


def _overcast(rng: np.random.Generator) -> Light:
    return _light(
        rng, "overcast", rng.uniform(60, 75), (0.15, 0.15, 0.15), (0.72, 0.76, 0.82), 0.22, 110
    )


def _dusk(rng: np.random.Generator) -> Light:
    return _light(
        rng, "dusk", rng.uniform(12, 20), (0.80, 0.48, 0.28), (0.30, 0.32, 0.44), 0.10, 110
    )


def _light(
    rng: np.random.Generator,
    name: str,
    elevation: float,
    sun_colour: tuple[float, float, float],
    sky_colour: tuple[float, float, float],
    bounce: float,
    depth_of_haze: float,
) -> Light:
    """Elevation in degrees; the sun is anywhere but right behind the people, where all would be black."""
    up, around = np.radians(elevation), np.radians(rng.uniform(-115, 115))
    sun = (np.cos(up) * np.sin(around), np.sin(up), np.cos(up) * np.cos(around))
    sky = np.float32(sky_colour)
    sunny = np.float32(sun_colour)
    return Light(
        name,
        (float(sun[0]), float(sun[1]), float(sun[2])),
        sunny,
        sky,
        (sky + sunny * np.float32(np.sin(up))) * np.float32(bounce + 0.12),
        sky * np.float32(1.25) + sunny * np.float32(0.12),
        depth_of_haze,
        0.02 if sunny[0] > 0.7 else 0.12,
    )
