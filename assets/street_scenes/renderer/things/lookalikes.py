"""Things that a detector may take for a person: statues, dummies, coats on a rail, folded parasols, people on posters.

None of these is annotated. Metres from the thing's foot.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from renderer.light import column, grey, linear
from renderer.noise import Array
from renderer.people import cloth
from renderer.people.person import person_solids
from renderer.people.pose import standing
from renderer.people.skeleton import Skeleton, pose_skeleton
from renderer.people.trunk import trunk_solids
from renderer.people.wardrobe import choose_outfit
from renderer.solids import Body, Limb, Paint, Solid, Surface, plain
from renderer.things.shapes import (
    bar,
    board,
    lathe,
    pole,
    rail,
    tone,
    weathered,
)


def statue(rng: np.random.Generator) -> list[Solid]:
    """Return a person of stone or bronze on a pillar."""
    rock = weathered(tone(rng, (176, 172, 160), (96, 112, 100), (120, 112, 100)))
    tall = float(rng.uniform(0.5, 1.0))
    rings = [
        (0, 0.46),
        (0.12, 0.44),
        (0.14, 0.36),
        (tall - 0.12, 0.35),
        (tall - 0.1, 0.42),
        (tall, 0.42),
    ]
    figure = person_solids(_still(rng, float(rng.uniform(1.3, 1.8))), choose_outfit(rng, warmth=0))
    return [lathe(rings, rock), *(_lifted(solid, tall, rock) for solid in figure)]


def dress_form(rng: np.random.Generator) -> list[Solid]:
    """Return a tailor's dummy in front of a shop: a dressed trunk on a stick, without head or legs."""
    wood, iron = plain(linear(110, 80, 54)), plain(grey(50))
    clothed = trunk_solids(_still(rng, 1.7), choose_outfit(rng, warmth=0))[1:]
    neck = lathe([(1.36, 0.055), (1.45, 0.05), (1.48, 0.01)], wood)
    return [
        pole(1.0, 0.025, iron),
        lathe([(0, 0.22), (0.05, 0.2), (0.08, 0.03)], wood),
        neck,
        *clothed,
    ]


def coat_rack(rng: np.random.Generator) -> list[Solid]:
    """Return clothes for sale on a rail in the street."""
    steel = plain(grey(160))
    frame: list[Solid] = [bar((x, 0.03, 0), (x, 1.55, 0), 0.02, steel) for x in (-0.75, 0.75)]
    return [
        *frame,
        rail(0.75, 1.55, 0, 0.02, steel),
        *(_coat(rng, float(x)) for x in np.arange(-0.62, 0.66, 0.14)),
    ]


def parasol(rng: np.random.Generator) -> list[Solid]:
    """Return a café's parasol, folded and tied: slim, clothed, as tall as a person."""
    canvas = cloth.worn(tone(rng, (206, 196, 170), (140, 50, 48), (56, 84, 72), (50, 62, 96)))
    rings = [(0.75, 0.17), (0.9, 0.16), (1.35, 0.10), (1.42, 0.12), (2.1, 0.06), (2.3, 0.015)]
    stand = lathe([(0, 0.26), (0.07, 0.22), (0.1, 0.03)], plain(grey(118)))
    return [pole(0.9, 0.025, plain(grey(198))), stand, lathe(rings, canvas, cloth=1.6)]


def letterbox(rng: np.random.Generator) -> list[Solid]:
    """Return a pillar box, as wide as shoulders."""
    colour = tone(rng, (168, 36, 38), (38, 66, 122), (206, 168, 52), (44, 88, 62))
    card = column(linear(222, 220, 212))

    def paint(surface: Surface) -> Array:
        ahead = surface.front > 0
        slot = (np.abs(surface.along - 0.82) < 0.02) & (surface.front > 0.6)
        notice = (np.abs(surface.along - 0.62) < 0.06) & (np.abs(surface.side) < 0.35) & ahead
        painted = column(colour) * np.where(slot, np.float32(0.1), np.float32(1))
        return np.where(notice, card, painted)

    return [
        lathe([(0, 0.25), (0.1, 0.23), (1.3, 0.23), (1.38, 0.26), (1.5, 0.18), (1.56, 0.03)], paint)
    ]


def poster(rng: np.random.Generator) -> list[Solid]:
    """Return a board with a picture of a person on it."""
    ground, coat = (
        linear(*rng.uniform(110, 220, 3)),
        linear(*(rng.uniform(40, 170) + rng.uniform(-30, 30, 3))),
    )
    hair, skin = grey(34), linear(198, 158, 132)

    def paint(surface: Surface) -> Array:
        x, y = np.abs(surface.right), surface.height
        shoulders = (y < 1.18) & (x < 0.40 * np.clip((1.24 - y) * 3, 0, 1) ** 0.5)
        head = (x / 0.15) ** 2 + ((y - 1.36) / 0.20) ** 2 < 1
        colour = np.where(shoulders, column(coat), column(ground))
        colour = np.where(head, np.where(y > 1.44, column(hair), column(skin)), colour)
        return np.where((x > 0.52) | (y > 1.82) | (y < 0.38), column(grey(60)), colour)

    legs: list[Solid] = [bar((x, 0, 0), (x, 0.4, 0), 0.03, plain(grey(60))) for x in (-0.4, 0.4)]
    return [
        *legs,
        board([(0.32, 0.56), (0.33, 0.56), (1.87, 0.56), (1.88, 0.56)], paint, ahead=0.0),
    ]


def _still(rng: np.random.Generator, stature: float) -> Skeleton:
    return pose_skeleton(standing(rng), stature=stature, turn=float(rng.uniform(-1, 1)))


def _coat(rng: np.random.Generator, x: float) -> Solid:
    hem = float(rng.uniform(0.35, 0.8))
    shape = [
        (hem, 0.075, 0.25, 0),
        (1.25, 0.06, 0.22, 0),
        (1.42, 0.05, 0.20, 0),
        (1.5, 0.015, 0.03, 0),
    ]
    colour = linear(*np.clip(rng.uniform(30, 200) + rng.uniform(-45, 45, 3), 10, 230))
    turn = float(rng.uniform(-0.4, 0.4))
    return Body(np.array([x, 0, 0]), np.array(shape, np.float32), cloth.worn(colour), 1.2, turn)


def _lifted(solid: Solid, up: float, paint: Paint) -> Solid:
    lift = np.array([0.0, up, 0.0])
    if isinstance(solid, Limb):
        return replace(solid, start=solid.start + lift, end=solid.end + lift, paint=paint)
    return replace(solid, foot=solid.foot + lift, paint=paint)
