"""Street furniture made of solids: what stands about. Metres from the thing's foot."""

from __future__ import annotations

import numpy as np

from renderer.light import column, grey, linear
from renderer.noise import Array
from renderer.solids import Solid, Surface, plain
from renderer.things.shapes import (
    bar,
    board,
    lathe,
    metal,
    pole,
    rail,
    tone,
    weathered,
)


def post(rng: np.random.Generator) -> list[Solid]:
    """Return a thin pole that leaves the picture."""
    radius, paint = float(rng.uniform(0.04, 0.08)), plain(metal(rng))
    return [pole(6, radius, paint), pole(0.35, radius * 1.7, paint)]


def lamp(rng: np.random.Generator) -> list[Solid]:
    """Return a park lamp: a globe on a pole, one and a half times as tall as a person."""
    height, paint = float(rng.uniform(2.4, 3.6)), plain(metal(rng))
    rings = [(0, 0.06), (0.08, 0.15), (0.2, 0.19), (0.33, 0.12), (0.38, 0.02)]
    globe = lathe([(height + up, radius) for up, radius in rings], plain(linear(238, 234, 220)))
    return [pole(height, 0.045, paint), lathe([(0, 0.13), (0.3, 0.10), (0.5, 0.06)], paint), globe]


def sign(rng: np.random.Generator) -> list[Solid]:
    """Return a traffic sign: a disc on a pole, and from afar a head on a body."""
    height, radius = float(rng.uniform(1.7, 2.3)), float(rng.uniform(0.2, 0.3))
    face = tone(rng, (180, 36, 38), (34, 72, 140), (224, 222, 216), (206, 166, 48))
    rim, white = (
        tone(rng, (180, 36, 38), (34, 72, 140), (224, 222, 216)),
        column(linear(226, 224, 218)),
    )

    def paint(surface: Surface) -> Array:
        up = surface.height - height
        stroke = (np.abs(up) < 0.14 * radius) & (np.abs(surface.right) < 0.6 * radius)
        inner = np.where(stroke, white, column(face))
        return np.where(np.hypot(surface.right, up) > 0.8 * radius, column(rim), inner)

    angles = np.linspace(0.02, np.pi - 0.02, 9)
    outline = [
        (height - radius * float(np.cos(angle)), radius * float(np.sin(angle))) for angle in angles
    ]
    return [pole(height, 0.03, plain(grey(152))), board(outline, paint, ahead=0.05)]


def traffic_light(rng: np.random.Generator) -> list[Solid]:
    """Three lamps in a dark case on a pole."""

    def paint(surface: Surface) -> Array:
        colour = column(grey(31)) + 0 * surface.side
        for height, lamp_tone in (
            (2.95, (200, 40, 34)),
            (2.72, (90, 74, 30)),
            (2.49, (30, 80, 50)),
        ):
            lit = np.hypot(surface.right, surface.height - height) < 0.09
            colour = np.where(lit & (surface.front > 0), column(linear(*lamp_tone)), colour)
        return colour

    case = lathe([(2.3, 0.13), (2.34, 0.15), (3.1, 0.15), (3.15, 0.12)], paint)
    return [pole(2.4, 0.06, plain(metal(rng))), case]


def litter_bin(rng: np.random.Generator) -> list[Solid]:
    """Return a litter bin with slats."""
    colour = tone(rng, (46, 66, 54), (60, 60, 62), (120, 116, 108), (150, 60, 40))

    def paint(surface: Surface) -> Array:
        slats = np.sin(np.arctan2(surface.side, surface.front + 1e-6) * 22) > -0.2
        rim = (surface.along > 0.9) | (surface.along < 0.06)
        return column(colour) * np.where(slats | rim, np.float32(1), np.float32(0.35))

    height, radius = float(rng.uniform(0.8, 1.15)), float(rng.uniform(0.24, 0.34))
    body = [(0, radius * 0.85), (height * 0.85, radius), (height, radius * 1.04)]
    return [lathe([*body, (height + 0.12, radius * 0.5), (height + 0.14, 0.02)], paint)]


def bollard(rng: np.random.Generator) -> list[Solid]:
    """Return a knob on a short pillar."""
    height = float(rng.uniform(0.75, 1.1))
    shaft = [(0, 0.13), (0.1, 0.10), (height - 0.2, 0.085), (height - 0.12, 0.06)]
    return [lathe([*shaft, (height - 0.06, 0.11), (height, 0.03)], plain(metal(rng)))]


def hydrant(rng: np.random.Generator) -> list[Solid]:
    """Return a fire hydrant."""
    paint = plain(tone(rng, (180, 40, 34), (206, 166, 40)))
    body = [(0, 0.16), (0.06, 0.12), (0.55, 0.11), (0.60, 0.14), (0.72, 0.09), (0.78, 0.03)]
    return [lathe(body, paint), bar((-0.19, 0.5, 0), (0.19, 0.5, 0), 0.06, paint)]


def bench(rng: np.random.Generator) -> list[Solid]:
    """Return a park bench of slats."""
    wood, iron = plain(tone(rng, (128, 92, 60), (90, 84, 76), (52, 74, 60))), plain(grey(42))
    half = float(rng.uniform(0.7, 1.0))
    slats = ((0.44, 0.20), (0.44, 0.10), (0.44, 0.0), (0.60, -0.10), (0.72, -0.12), (0.84, -0.14))
    parts: list[Solid] = [rail(half, height, ahead, 0.030, wood) for height, ahead in slats]
    for x in (-0.8 * half, 0.8 * half):
        parts.append(bar((x, 0.0, 0.22), (x, 0.44, 0.20), 0.028, iron))
        parts.append(bar((x, 0.0, -0.18), (x, 0.86, -0.16), 0.028, iron))
        parts.append(bar((x, 0.42, 0.22), (x, 0.42, -0.12), 0.028, iron))
    return parts


def railing(rng: np.random.Generator) -> list[Solid]:
    """Return a low railing of posts and two bars."""
    paint, half = plain(metal(rng)), float(rng.uniform(1.0, 2.2))
    posts: list[Solid] = [
        bar((x, 0, 0), (x, 0.95, 0), 0.035, paint) for x in np.linspace(-half, half, 5)
    ]
    return [*posts, rail(half, 0.5, 0, 0.022, paint), rail(half, 0.92, 0, 0.03, paint)]


def trunk(rng: np.random.Generator) -> list[Solid]:
    """Return a tree's trunk up to where the picture ends; slim ones are about as wide as a person."""
    radius = float(rng.uniform(0.07, 0.24))
    bark = weathered(tone(rng, (96, 78, 62), (120, 110, 98), (82, 74, 66), (70, 58, 48)))
    rings = [(0, 1.5 * radius), (0.25, 1.1 * radius), (1.5, radius), (5.5, 0.8 * radius)]
    parts: list[Solid] = [lathe(rings, bark, cloth=1.5)]
    if rng.random() < 0.5:
        side = float(rng.choice([-1, 1]))
        parts.append(bar((0, 2.2, 0), (0.9 * side, 3.8, 0), radius * 0.45, bark))
    if rng.random() < 0.15:
        wash = [(height, 1.02 * ring) for height, ring in rings[:2]] + [(1.1, 1.05 * radius)]
        parts.append(lathe(wash, plain(linear(206, 204, 196)), cloth=1.0))
    return parts
