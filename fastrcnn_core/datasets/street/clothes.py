"""What people wear: colours that are seen in a street, and paints that make cloth of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastrcnn_core.datasets.street.head import Face, plain
from fastrcnn_core.datasets.street.light import column, linear
from fastrcnn_core.datasets.street.noise import Array
from fastrcnn_core.datasets.street.solids import Paint, Surface

_SKINS = [
    (214, 172, 146),
    (202, 156, 126),
    (184, 138, 106),
    (156, 108, 78),
    (118, 78, 56),
    (86, 57, 43),
]
_HAIRS = [(28, 22, 20), (40, 28, 22), (66, 44, 30), (96, 66, 40), (158, 122, 76), (140, 138, 136)]
_TOPS = [
    (28, 30, 34), (228, 228, 226), (240, 238, 232), (52, 58, 74), (120, 124, 130), (150, 36, 40), (196, 44, 46),
    (46, 84, 140), (96, 150, 200), (70, 104, 72), (196, 176, 140), (214, 150, 160), (226, 190, 74), (92, 62, 96),
    (120, 82, 60), (64, 132, 138), (232, 214, 206), (206, 112, 52),
]  # fmt: skip
_BOTTOMS = [
    (42, 52, 78), (62, 82, 118), (104, 128, 162), (30, 30, 34), (38, 36, 38), (186, 170, 140), (204, 196, 178),
    (108, 104, 98), (84, 72, 60), (92, 98, 80),
]  # fmt: skip
_SHOES = [(28, 26, 26), (60, 44, 34), (214, 212, 208), (120, 120, 124), (150, 60, 50), (58, 70, 96)]
_BAGS = [
    (30, 30, 34),
    (70, 50, 36),
    (150, 40, 44),
    (44, 66, 110),
    (86, 100, 70),
    (190, 160, 120),
    (222, 216, 206),
]


@dataclass(frozen=True, eq=False)
class Outfit:
    """A dressed person.

    Args:
        face: head and hair. shape: the trunk's breadth, 1 is average; curve: how much the waist is drawn in, 0 to 1.
        top: "tee", "tank", "shirt", "jacket", "coat" or "dress"; top_paint: its trunk, sleeve_paint: its arms.
        bottom: "straight", "wide", "slim", "shorts" or "skirt"; bottom_paint, shoe, sole: their colours.
        bag: "", "backpack", "shoulder", "hand" or "shopping", and bag_colour.
    """

    face: Face
    shape: float
    curve: float
    top: str
    top_paint: Paint
    sleeve_paint: Paint
    bottom: str
    bottom_paint: Paint
    shoe: Array
    sole: Array
    bag: str
    bag_colour: Array


def choose_outfit(rng: np.random.Generator, light_clothes: float = 0.5) -> Outfit:
    """Somebody one might meet; `light_clothes` in [0, 1] is how warm the day is."""
    woman = rng.random() < 0.5
    warm = rng.random() < light_clothes
    tops = (
        {"tee": 5.0, "tank": 0.8 + woman, "shirt": 3.0}
        if warm
        else {"shirt": 3.0, "jacket": 5.0, "coat": 1.5}
    )
    top = _pick(rng, tops | ({"dress": 1.4} if woman else {}))
    bottoms = {"straight": 5.0, "wide": 1.5, "slim": 2.0 + 2 * woman, "shorts": 2.5 * warm}
    bottom = "skirt" if top == "dress" else _pick(rng, bottoms | ({"skirt": 1.6} if woman else {}))
    first, second = _shade(rng, _TOPS), _shade(rng, _TOPS)
    trunk, sleeve = _top_paints(rng, top, first, second)
    lower = trunk if top == "dress" else denim(_shade(rng, _BOTTOMS))
    bag = _pick(rng, {"": 4.5, "backpack": 2.2, "shoulder": 1.6, "hand": 0.9, "shopping": 0.8})
    colour = _shade(rng, _BAGS)
    if bag in ("backpack", "shoulder"):
        trunk = strapped(trunk, colour, bag)
    return Outfit(
        _face(rng, woman), rng.uniform(0.93, 1.12), rng.uniform(0.5, 1.0) if woman else rng.uniform(0, 0.4),
        top, trunk, sleeve, bottom, lower, _shade(rng, _SHOES),
        linear(205, 203, 198) if rng.random() < 0.45 else linear(34, 30, 28), bag, colour,
    )  # fmt: skip


def _face(rng: np.random.Generator, woman: bool) -> Face:
    skin = _SKINS[rng.choice(len(_SKINS), p=(0.22, 0.26, 0.2, 0.14, 0.1, 0.08))]
    darkest = 3 if skin[0] < 180 else len(_HAIRS)
    hair = _HAIRS[rng.integers(0, darkest)]
    cuts = (
        {"long": 3.0, "bob": 2.0, "tail": 2.0, "bun": 1.0, "short": 1.0}
        if woman
        else {"short": 8.0, "bald": 1.0}
    )
    hat = _pick(rng, {"": 9.0, "cap": 1.2, "beanie": 0.5, "sun hat": 0.4 * woman})
    return Face(
        _vary(rng, skin, 0.05),
        _vary(rng, hair, 0.2),
        _pick(rng, cuts),
        hat,
        _shade(rng, _TOPS),
        _pick(rng, {"": 6.0, "clear": 1.5, "dark": 1.5}),
        not woman and rng.random() < 0.25,
    )


def _top_paints(
    rng: np.random.Generator, top: str, first: Array, second: Array
) -> tuple[Paint, Paint]:
    """Trunk and sleeves."""
    if top in ("jacket", "coat"):
        cloth = plain(first * 0.8)
        gap = rng.choice([0.0, 0.0, 0.22, 0.36])
        return opened(first * 0.8, second, float(gap)), cloth
    patterns = {"plain": 5.0, "stripes": 1.2, "plaid": 1.0}
    pattern = _pick(rng, patterns if top == "dress" else patterns | {"print": 1.6, "halves": 0.6})
    if pattern == "print":
        return printed(first, second), plain(first)
    if pattern == "stripes":
        period = float(rng.uniform(0.035, 0.09))
        return striped(first, second, period), striped(first, second, period)
    if pattern == "plaid":
        return plaid(first, second), plaid(first, second)
    if pattern == "halves":
        return yoke(first, second), plain(second)
    return plain(first), plain(first)


def denim(colour: Array) -> Paint:
    """Trousers: a little paler where they face forward and wear off."""
    return lambda surface: (
        column(colour) * (1 + 0.22 * np.clip(surface.front, 0, 1) - 0.1 * np.abs(surface.side))
    )


def striped(colour: Array, other: Array, period: float) -> Paint:
    """Stripes around the body, `period` metres from one to the next."""
    return lambda surface: _mix(
        colour, other, np.clip(np.sin(surface.height * (2 * np.pi / period)) * 4, 0, 1)
    )


def plaid(colour: Array, other: Array) -> Paint:
    """Checks around the body."""

    def paint(surface: Surface) -> Array:
        rings = np.sin(surface.height * 95) > 0.2
        bars = np.sin(np.arctan2(surface.side, surface.front) * 9) > 0.2
        return _mix(colour, other, 0.42 * rings + 0.42 * bars)

    return paint


def printed(colour: Array, other: Array) -> Paint:
    """A print on the chest."""

    def paint(surface: Surface) -> Array:
        within = (
            (np.abs(surface.side) < 0.5)
            & (surface.front > 0)
            & (np.abs(surface.along - 0.68) < 0.11)
        )
        lines = np.sin(surface.along * 110 + 5 * np.sin(surface.side * 9)) > -0.3
        return _mix(colour, other, 0.85 * (within & lines))

    return paint


def opened(colour: Array, inner: Array, gap: float) -> Paint:
    """A jacket: with `gap` > 0 it is open and shows what is below, otherwise a zip; a collar either way."""

    def paint(surface: Surface) -> Array:
        ahead = surface.front > 0
        wide = gap * (0.8 + 0.5 * surface.along)
        shown = ahead & (np.abs(surface.side) < wide)
        zip_line = ahead & (np.abs(np.abs(surface.side) - wide) < 0.035)
        pocket = (
            ahead
            & (np.abs(np.abs(surface.side) - 0.62) < 0.14)
            & (np.abs(surface.along - 0.22) < 0.012)
        )
        lines = (zip_line | pocket).astype(np.float32)
        return _mix(colour, inner, shown) * (1 - 0.45 * lines)

    return paint


def yoke(colour: Array, other: Array) -> Paint:
    """Another colour over the shoulders."""
    return lambda surface: _mix(colour, other, surface.along > 0.74)


def strapped(paint: Paint, colour: Array, bag: str) -> Paint:
    """The same with the straps of a bag over it."""

    def paint_with_straps(surface: Surface) -> Array:
        if bag == "backpack":
            on = (
                (surface.front > 0.1)
                & (np.abs(np.abs(surface.side) - 0.52) < 0.10)
                & (surface.along > 0.45)
            )
        else:
            on = np.abs(surface.along - 0.62 - 0.36 * surface.side * np.sign(surface.front)) < 0.035
        return np.where(on, column(colour), paint(surface))

    return paint_with_straps


def _mix(colour: Array, other: Array, share: Array) -> Array:
    weight = share.astype(np.float32)
    return column(colour) * (1 - weight) + column(other) * weight


def _pick(rng: np.random.Generator, weights: dict[str, float]) -> str:
    total = np.array(list(weights.values()))
    return list(weights)[rng.choice(len(total), p=total / total.sum())]


def _shade(rng: np.random.Generator, colours: list[tuple[int, int, int]]) -> Array:
    return _vary(rng, colours[rng.integers(0, len(colours))], 0.15)


def _vary(rng: np.random.Generator, colour: tuple[int, int, int], spread: float) -> Array:
    return (
        linear(*colour)
        * np.float32(np.exp(rng.normal(0, spread)))
        * rng.uniform(0.94, 1.06, 3).astype(np.float32)
    )
