"""Light: where the sun stands, what the sky adds, and what a surface sends back to the camera.

Everything is linear (twice the light is twice the number); `film` turns it into a picture.
Shape letters: h, w of a patch of the picture. Directions are (right, up, towards the camera).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderer.noise import Array, floats

Direction = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Light:
    """The weather of a scene.

    Args:
        name: for people.
        sun: unit vector towards the sun.
        sun_colour, sky_colour, ground_colour: (3,) linear RGB that a surface facing each of them receives.
        haze: (3,) linear RGB of the air far away. depth_of_haze: metres after which a third of the colour is left.
        softness: how blurred shadows are, in pixels.
    """

    name: str
    sun: Direction
    sun_colour: Array
    sky_colour: Array
    ground_colour: Array
    haze: Array
    depth_of_haze: float
    softness: float

    def on(self, normal: Array, sunlit: Array | float) -> Array:
        """Return (3, h, w) light that reaches surfaces with these normals (3, h, w); `sunlit` in [0, 1]."""
        facing = np.tensordot(floats(*self.sun), normal, 1)
        direct = np.clip(facing * 0.92 + 0.08, 0, None) * sunlit
        up = normal[1] * 0.5 + 0.5
        indirect = column(self.sky_colour - self.ground_colour) * up + column(self.ground_colour)
        return column(self.sun_colour) * direct + indirect

    def on_plane(self, normal: Direction) -> tuple[Array, Array]:
        """Return (3,) and (3,): what the sun, and what everything else gives to a plane with this normal."""
        facing = max(0.0, float(np.dot(self.sun, normal)))
        up = normal[1] * 0.5 + 0.5
        return self.sun_colour * facing, self.sky_colour * up + self.ground_colour * (1 - up)

    def through_air(self, colour: Array, depth: float) -> Array:
        """Return (3, h, w) colours as they look from `depth` metres away."""
        share = float(np.exp(-depth / self.depth_of_haze))
        return colour * share + column(self.haze) * (1 - share)


@dataclass(frozen=True)
class _Sky:
    """A kind of weather: the sun's elevation in degrees, its colour and the sky's, bounce off the ground, haze.

    `often` is how often it comes up, in shares of one.
    """

    name: str
    often: float
    elevation: tuple[float, float]
    sun: Direction
    sky: Direction
    bounce: float
    depth_of_haze: float
    softness: float


# Chosen here by eye, beside photographs of streets.
_SKIES = (
    _Sky("sunny", 0.40, (38, 62), (1.12, 1.02, 0.88), (0.19, 0.23, 0.30), 0.22, 1800, 2.0),
    _Sky("low sun", 0.16, (20, 34), (1.25, 0.97, 0.66), (0.19, 0.22, 0.30), 0.22, 1600, 2.0),
    _Sky("hazy", 0.18, (38, 62), (0.56, 0.53, 0.48), (0.42, 0.45, 0.50), 0.28, 1100, 5.0),
    _Sky("overcast", 0.18, (60, 75), (0.15, 0.15, 0.15), (0.72, 0.76, 0.82), 0.34, 2000, 8.0),
    _Sky("dusk", 0.08, (12, 20), (0.80, 0.48, 0.28), (0.30, 0.32, 0.44), 0.22, 1600, 3.0),
)


def choose_light(rng: np.random.Generator) -> Light:
    """Return one of the skies under which people go for a walk; the sun is never right behind the people."""
    kind = _SKIES[int(rng.choice(len(_SKIES), p=[sky.often for sky in _SKIES]))]
    up, around = np.radians(rng.uniform(*kind.elevation)), np.radians(rng.uniform(-115, 115))
    sun = np.cos(up) * np.sin(around), np.sin(up), np.cos(up) * np.cos(around)
    sun_colour, sky_colour = floats(*kind.sun), floats(*kind.sky)
    return Light(
        kind.name,
        (float(sun[0]), float(sun[1]), float(sun[2])),
        sun_colour,
        sky_colour,
        (sky_colour + sun_colour * float(sun[1])) * kind.bounce,
        sky_colour * 1.25 + sun_colour * 0.12,
        kind.depth_of_haze,
        kind.softness,
    )


def column(colour: Array) -> Array:
    """Return (3,) as (3, 1, 1), so that it spreads over a picture."""
    return colour[:, None, None]


def linear(red: float, green: float, blue: float) -> Array:
    """Return (3,) linear RGB of what a screen shows as these numbers in [0, 255]. Source: IEC 61966-2-1, as a power."""
    return (floats(red, green, blue) / 255) ** 2.2


def grey(value: float) -> Array:
    """Return (3,) linear RGB of a neutral tone in [0, 255]."""
    return linear(value, value, value)


def mix(colour: Array, second: Array, share: Array) -> Array:
    """Return (3, h, w) between two colours (3,): `share` (h, w) of the other."""
    weight = share.astype(np.float32)
    return column(colour) * (1 - weight) + column(second) * weight
