"""Street furniture made of solids: what stands about, and what a detector may take for a person.

Everything is measured in metres from its foot: (right, up, towards the camera).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastrcnn_core.datasets.street import clothes, person, skeleton
from fastrcnn_core.datasets.street.head import plain
from fastrcnn_core.datasets.street.light import column, linear
from fastrcnn_core.datasets.street.noise import Array
from fastrcnn_core.datasets.street.solids import Body, Limb, Paint, Solid, Surface

Maker = Callable[[np.random.Generator], list[Solid]]

_METALS = ((44, 58, 50), (40, 40, 44), (96, 98, 100), (128, 130, 130), (38, 62, 58))


def post(rng: np.random.Generator) -> list[Solid]:
    """A thin pole that leaves the picture."""
    radius = float(rng.uniform(0.04, 0.08))
    paint = plain(_metal(rng))
    return [_pole(0, 6, radius, paint), _pole(0, 0.35, radius * 1.7, paint)]


def lamp(rng: np.random.Generator) -> list[Solid]:
    """A park lamp with a globe: about as tall as a tall person and a half."""
    height = float(rng.uniform(2.4, 3.6))
    paint = plain(_metal(rng))
    globe = _lathe(
        [
            (height, 0.06),
            (height + 0.08, 0.15),
            (height + 0.2, 0.19),
            (height + 0.33, 0.12),
            (height + 0.38, 0.02),
        ],
        plain(linear(238, 234, 220)),
    )
    return [
        _pole(0, height, 0.045, paint),
        _lathe([(0, 0.13), (0.3, 0.10), (0.5, 0.06)], paint),
        globe,
    ]


def sign(rng: np.random.Generator) -> list[Solid]:
    """A traffic sign: a disc on a pole, and from afar a head on a body."""
    height, radius = float(rng.uniform(1.7, 2.3)), float(rng.uniform(0.2, 0.3))
    faces = ((190, 32, 36), (30, 70, 150), (224, 222, 216), (214, 170, 40))
    face, rim = linear(*faces[rng.integers(0, 4)]), linear(*faces[rng.integers(0, 3)])

    def paint(surface: Surface) -> Array:
        away = np.hypot(surface.side * 1.0, (surface.along - 0.5) * 2)
        bar = (np.abs(surface.along - 0.5) < 0.13) & (np.abs(surface.side) < 0.6)
        return np.where(
            away > 0.78, column(rim), np.where(bar, column(linear(232, 230, 224)), column(face))
        )

    angle = np.linspace(0.02, np.pi - 0.02, 9)
    disc = np.stack(
        [height - radius * np.cos(angle), radius * np.sin(angle), 0.02 + 0 * angle, 0 * angle], 1
    )
    board = Body(np.array([0.0, 0.0, 0.05]), disc.astype(np.float32), paint)
    return [_pole(0, height, 0.03, plain(linear(150, 152, 154))), board]


def traffic_light(rng: np.random.Generator) -> list[Solid]:
    """Three lamps in a dark case on a pole."""

    def paint(surface: Surface) -> Array:
        colour = column(linear(30, 32, 32)) + 0 * surface.side
        for place, tone in ((0.8, (200, 40, 34)), (0.5, (90, 74, 30)), (0.2, (30, 80, 50))):
            lamp_here = np.hypot(surface.side, (surface.along - place) * 4.5) < 0.55
            colour = np.where(lamp_here & (surface.front > 0), column(linear(*tone)), colour)
        return colour

    case = np.array(
        [
            (2.3, 0.13, 0.10, 0.02),
            (2.34, 0.15, 0.12, 0.02),
            (3.1, 0.15, 0.12, 0.02),
            (3.15, 0.12, 0.1, 0.02),
        ],
        np.float32,
    )
    return [_pole(0, 2.4, 0.06, plain(_metal(rng))), Body(np.array([0, 0, 0.02]), case, paint)]


def bin_(rng: np.random.Generator) -> list[Solid]:
    """A litter bin with slats."""
    tone = linear(*((46, 66, 54), (60, 60, 62), (120, 116, 108), (150, 60, 40))[rng.integers(0, 4)])

    def paint(surface: Surface) -> Array:
        slats = np.sin(np.arctan2(surface.side, surface.front + 1e-6) * 22) > -0.2
        rim = (surface.along > 0.9) | (surface.along < 0.06)
        return column(tone) * np.where(slats | rim, 1.0, 0.35)

    height, radius = float(rng.uniform(0.8, 1.15)), float(rng.uniform(0.24, 0.34))
    return [
        _lathe(
            [
                (0, radius * 0.85),
                (height * 0.85, radius),
                (height, radius * 1.04),
                (height + 0.12, radius * 0.5),
                (height + 0.14, 0.02),
            ],
            paint,
        )
    ]


def bollard(rng: np.random.Generator) -> list[Solid]:
    """A bollard: a knob on a short pillar."""
    height, paint = float(rng.uniform(0.75, 1.1)), plain(_metal(rng))
    return [
        _lathe(
            [
                (0, 0.13),
                (0.1, 0.10),
                (height - 0.2, 0.085),
                (height - 0.12, 0.06),
                (height - 0.06, 0.11),
                (height, 0.03),
            ],
            paint,
        )
    ]


def hydrant(rng: np.random.Generator) -> list[Solid]:
    """A fire hydrant."""
    paint = plain(linear(*((180, 40, 34), (206, 166, 40))[rng.integers(0, 2)]))
    arms = Limb(np.array([-0.19, 0.5, 0]), np.array([0.19, 0.5, 0]), (0.06, 0.06), paint)
    return [
        _lathe(
            [(0, 0.16), (0.06, 0.12), (0.55, 0.11), (0.60, 0.14), (0.72, 0.09), (0.78, 0.03)], paint
        ),
        arms,
    ]


def letterbox(rng: np.random.Generator) -> list[Solid]:
    """A pillar box, as wide as shoulders."""
    tone = linear(*((176, 30, 34), (34, 66, 130), (214, 172, 40), (40, 90, 60))[rng.integers(0, 4)])

    def paint(surface: Surface) -> Array:
        slot = (np.abs(surface.along - 0.82) < 0.02) & (surface.front > 0.6)
        card = (
            (np.abs(surface.along - 0.62) < 0.06)
            & (np.abs(surface.side) < 0.35)
            & (surface.front > 0)
        )
        return np.where(
            card, column(linear(226, 224, 216)), column(tone) * np.where(slot, 0.1, 1.0)
        )

    return [
        _lathe(
            [(0, 0.25), (0.1, 0.23), (1.3, 0.23), (1.38, 0.26), (1.5, 0.18), (1.56, 0.03)], paint
        )
    ]


def parasol(rng: np.random.Generator) -> list[Solid]:
    """A café's parasol, folded and tied: slim, clothed, as tall as a person."""
    tone = linear(
        *((206, 196, 170), (150, 40, 40), (50, 84, 70), (46, 60, 100))[rng.integers(0, 4)]
    )
    cloth = clothes.denim(tone)
    shroud = _lathe(
        [(0.75, 0.17), (0.9, 0.16), (1.35, 0.10), (1.42, 0.12), (2.1, 0.06), (2.3, 0.015)],
        cloth,
        cloth_creases=1.6,
    )
    return [
        _pole(0, 0.9, 0.025, plain(linear(200, 198, 190))),
        _lathe([(0, 0.26), (0.07, 0.22), (0.1, 0.03)], plain(linear(120, 118, 112))),
        shroud,
    ]


def statue(rng: np.random.Generator) -> list[Solid]:
    """Somebody of stone on a pillar: nobody."""
    pose = skeleton.pose_skeleton(
        skeleton.standing(rng), stature=float(rng.uniform(1.3, 1.8)), turn=float(rng.uniform(-1, 1))
    )
    outfit = clothes.choose_outfit(rng, 0.0)
    rock = _weathered(
        linear(*((176, 172, 160), (96, 112, 100), (120, 112, 100))[rng.integers(0, 3)])
    )
    tall = float(rng.uniform(0.5, 1.0))
    plinth = _lathe(
        [
            (0, 0.46),
            (0.12, 0.44),
            (0.14, 0.36),
            (tall - 0.12, 0.35),
            (tall - 0.1, 0.42),
            (tall, 0.42),
        ],
        rock,
    )
    return [plinth, *(_lifted(solid, tall, rock) for solid in person.person_solids(pose, outfit))]


def dress_form(rng: np.random.Generator) -> list[Solid]:
    """A tailor's dummy in front of a shop: a dressed trunk on a stick, without head or legs."""
    pose = skeleton.pose_skeleton(
        skeleton.standing(rng), stature=1.7, turn=float(rng.uniform(-0.8, 0.8))
    )
    outfit = clothes.choose_outfit(rng, 0.0)
    trunk = [
        it for it in person.person_solids(pose, outfit) if isinstance(it, Body) and it.cloth == 0.8
    ]
    wood = plain(linear(110, 80, 54))
    neck = _lathe([(1.36, 0.055), (1.45, 0.05), (1.48, 0.01)], wood)
    return [
        _pole(0, 1.0, 0.025, wood),
        _lathe([(0, 0.22), (0.05, 0.2), (0.08, 0.03)], wood),
        neck,
        *trunk,
    ]


def coat_rack(rng: np.random.Generator) -> list[Solid]:
    """Clothes for sale on a rail in the street."""
    steel = plain(linear(160, 162, 164))
    rail = [
        Limb(np.array([x, 0.03, 0]), np.array([x, 1.55, 0]), (0.02, 0.02), steel)
        for x in (-0.75, 0.75)
    ]
    parts: list[Solid] = [
        *rail,
        Limb(np.array([-0.75, 1.55, 0]), np.array([0.75, 1.55, 0]), (0.02, 0.02), steel),
    ]
    for x in np.arange(-0.62, 0.66, 0.14):
        hem = float(rng.uniform(0.35, 0.8))
        shape = np.array(
            [
                (hem, 0.075, 0.25, 0),
                (1.25, 0.06, 0.22, 0),
                (1.42, 0.05, 0.20, 0),
                (1.5, 0.015, 0.03, 0),
            ],
            np.float32,
        )
        tone = clothes.denim(linear(*rng.uniform(30, 220, 3)))
        parts.append(Body(np.array([x, 0, 0]), shape, tone, 1.2, float(rng.uniform(-0.4, 0.4))))
    return parts


def bench(rng: np.random.Generator) -> list[Solid]:
    """A park bench of slats."""
    wood, iron = (
        plain(linear(*((128, 92, 60), (90, 84, 76), (52, 74, 60))[rng.integers(0, 3)])),
        plain(linear(40, 42, 44)),
    )
    half = float(rng.uniform(0.7, 1.0))
    slats = [(0.44, 0.20), (0.44, 0.10), (0.44, 0.0), (0.60, -0.10), (0.72, -0.12), (0.84, -0.14)]
    parts: list[Solid] = [_rail(half, height, ahead, 0.030, wood) for height, ahead in slats]
    for x in (-0.8 * half, 0.8 * half):
        for start, end in (
            ((0.0, 0.22), (0.44, 0.20)),
            ((0.0, -0.18), (0.86, -0.16)),
            ((0.42, 0.22), (0.42, -0.12)),
        ):
            parts.append(Limb(np.array([x, *start]), np.array([x, *end]), (0.028, 0.028), iron))
    return parts


def railing(rng: np.random.Generator) -> list[Solid]:
    """A low railing of posts and two bars."""
    paint, half = plain(_metal(rng)), float(rng.uniform(1.0, 2.2))
    posts: list[Solid] = [
        Limb(np.array([x, 0, 0]), np.array([x, 0.95, 0]), (0.035, 0.035), paint)
        for x in np.arange(-half, half + 0.1, half / 2)
    ]
    return [*posts, _rail(half, 0.5, 0, 0.022, paint), _rail(half, 0.92, 0, 0.03, paint)]


def trunk(rng: np.random.Generator) -> list[Solid]:
    """A tree's trunk up to where the picture ends; slim ones are about as wide as a person."""
    radius, tone = (
        float(rng.uniform(0.07, 0.24)),
        linear(*((96, 78, 62), (120, 110, 98), (82, 74, 66), (70, 58, 48))[rng.integers(0, 4)]),
    )
    lean = rng.normal(0, 0.05, 2)
    bark = _weathered(tone)
    whole = np.array(
        [
            (0, radius * 1.5, radius * 1.5, 0),
            (0.25, radius * 1.1, radius * 1.1, 0),
            (1.5, radius, radius, 0),
            (5.5, radius * 0.8, radius * 0.8, 0),
        ],
        np.float32,
    )
    parts: list[Solid] = [
        Body(np.zeros(3), whole, bark, 1.5, 0.0, (float(lean[0]), float(lean[1])))
    ]
    if rng.random() < 0.5:
        start = np.array([lean[0] * 2.2, 2.2, 0])
        parts.append(
            Limb(
                start,
                start + [rng.choice([-1, 1]) * 0.9, 1.6, 0],
                (radius * 0.55, radius * 0.35),
                bark,
                1.0,
            )
        )
    if rng.random() < 0.15:
        wash = np.array(
            [
                (0, radius * 1.52, radius * 1.52, 0),
                (0.25, radius * 1.12, radius * 1.12, 0),
                (1.1, radius * 1.03, radius * 1.03, 0),
            ],
            np.float32,
        )
        parts.append(
            Body(
                np.zeros(3),
                wash,
                _weathered(linear(214, 212, 204)),
                1.0,
                0.0,
                (float(lean[0]), float(lean[1])),
            )
        )
    return parts


def _weathered(tone: Array) -> Paint:
    """Bark or stone: patches along and around."""

    def paint(surface: Surface) -> Array:
        around = np.arctan2(surface.side, surface.front + 1e-6)
        wave = np.sin(around * 11 + 3 * np.sin(surface.height * 9)) * np.sin(
            surface.height * 17 + 2 * around
        )
        return (column(tone) * (1 + 0.16 * wave)).astype(np.float32)

    return paint


def _lifted(solid: Solid, up: float, paint: Paint) -> Solid:
    lift = np.array([0.0, up, 0.0])
    if isinstance(solid, Limb):
        return Limb(
            solid.start + lift,
            solid.end + lift,
            solid.radii,
            paint,
            solid.cloth,
            solid.turn,
            solid.reach,
        )
    return Body(solid.foot + lift, solid.profile, paint, solid.cloth, solid.turn, solid.lean)


def _metal(rng: np.random.Generator) -> Array:
    return linear(*_METALS[rng.integers(0, len(_METALS))])


def _pole(bottom: float, top: float, radius: float, paint: Paint) -> Limb:
    return Limb(np.array([0.0, bottom, 0.0]), np.array([0.0, top, 0.0]), (radius, radius), paint)


def _rail(half: float, up: float, ahead: float, radius: float, paint: Paint) -> Limb:
    return Limb(np.array([-half, up, ahead]), np.array([half, up, ahead]), (radius, radius), paint)


def _lathe(rings: list[tuple[float, float]], paint: Paint, cloth_creases: float = 0.0) -> Body:
    """Heights and radii."""
    profile = np.array([(height, radius, radius, 0.0) for height, radius in rings], np.float32)
    return Body(np.zeros(3), profile, paint, cloth_creases)
