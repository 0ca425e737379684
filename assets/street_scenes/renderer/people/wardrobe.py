"""Clothes: colours that are seen in a street, put together by lot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderer.people import cloth, palette
from renderer.people.face import Face
from renderer.solids import Paint, plain


@dataclass(frozen=True, eq=False)
class Outfit:
    """A dressed person.

    Args:
        face: head and hair. shape: the trunk's breadth, 1 is average; curve: how much the waist is drawn in, 0 to 1.
        top: "tee", "tank", "shirt", "jacket", "coat" or "dress"; trunk, sleeves: its paints.
        bottom: "straight", "wide", "slim", "shorts" or "skirt"; trousers, shoes: their paints.
        bag: "", "backpack", "shoulder", "hand" or "shopping"; leather: its paint.
    """

    face: Face
    shape: float
    curve: float
    top: str
    trunk: Paint
    sleeves: Paint
    bottom: str
    trousers: Paint
    shoes: Paint
    bag: str
    leather: Paint


def choose_outfit(rng: np.random.Generator, *, warmth: float) -> Outfit:
    """Choose clothes of a passer-by; `warmth` in [0, 1] is how warm the day is."""
    woman, summer = bool(rng.random() < 0.5), bool(rng.random() < warmth)
    top = palette.pick(rng, _tops(woman, summer))
    bottom = "skirt" if top == "dress" else palette.pick(rng, _bottoms(woman, summer))
    bag, colour = palette.pick(rng, _CARRIED), palette.shade(rng, palette.BAGS)
    trunk, sleeves = _paints(rng, top)
    trousers = trunk if top == "dress" else cloth.worn(palette.shade(rng, palette.TROUSERS))
    strap = {"backpack": cloth.with_straps, "shoulder": cloth.with_sash}
    return Outfit(
        _face(rng, woman),
        float(rng.uniform(0.93, 1.12)),
        float(rng.uniform(0.5, 1.0) if woman else rng.uniform(0, 0.4)),
        top,
        strap[bag](trunk, colour) if bag in strap else trunk,
        sleeves,
        bottom,
        trousers,
        cloth.soled(palette.shade(rng, palette.SHOES), palette.shade(rng, palette.SOLES)),
        bag,
        cloth.leather(colour),
    )


# How often, relative to one another; chosen here after looking at Penn-Fudan.
_CARRIED = {"": 4.5, "backpack": 2.2, "shoulder": 1.6, "hand": 0.9, "shopping": 0.8}
_PATTERNS = {"plain": 5.0, "stripes": 1.2, "checks": 1.0}
_PRINTS = {"print": 1.6, "yoke": 0.6}


def _tops(woman: bool, summer: bool) -> dict[str, float]:
    light = {"tee": 5.0, "tank": 0.8 + woman, "shirt": 3.0}
    return (light if summer else {"shirt": 3.0, "jacket": 5.0, "coat": 1.5}) | {
        "dress": 1.4 * woman
    }


def _bottoms(woman: bool, summer: bool) -> dict[str, float]:
    skirt = {"skirt": 1.6 * woman}
    return {"straight": 5.0, "wide": 1.5, "slim": 2.0 + 2 * woman, "shorts": 2.5 * summer} | skirt


def _face(rng: np.random.Generator, woman: bool) -> Face:
    skin = palette.SKINS[int(rng.choice(len(palette.SKINS), p=(0.22, 0.26, 0.2, 0.14, 0.1, 0.08)))]
    hair = palette.HAIRS[int(rng.integers(0, 3 if skin[0] < 160 else len(palette.HAIRS)))]
    cuts = (
        {"long": 3.0, "bob": 2.0, "tail": 2.0, "bun": 1.0, "short": 1.0}
        if woman
        else {"short": 8.0, "bald": 1.0}
    )
    return Face(
        palette.varied(rng, skin, 0.05),
        palette.varied(rng, hair, 0.2),
        palette.pick(rng, cuts),
        palette.pick(rng, {"": 9.0, "cap": 1.2, "beanie": 0.5, "sun hat": 0.4 * woman}),
        palette.shade(rng, palette.TOPS),
        float(rng.choice([0.0, 0.25, 0.97], p=(0.68, 0.16, 0.16))),
        float(not woman and rng.random() < 0.25),
    )


def _paints(rng: np.random.Generator, top: str) -> tuple[Paint, Paint]:
    """Of trunk and sleeves."""
    first, second = palette.shade(rng, palette.TOPS), palette.shade(rng, palette.TOPS)
    if top in ("jacket", "coat"):
        gap = float(rng.choice([0.0, 0.0, 0.22, 0.36]))
        return cloth.opened(first * 0.8, second, gap), plain(first * 0.8)
    period = float(rng.uniform(0.035, 0.09))
    paints = {
        "plain": (plain(first), plain(first)),
        "stripes": (cloth.striped(first, second, period),) * 2,
        "checks": (cloth.checked(first, second),) * 2,
        "print": (cloth.printed(first, second), plain(first)),
        "yoke": (cloth.yoked(first, second), plain(second)),
    }
    return paints[palette.pick(rng, _PATTERNS if top == "dress" else _PATTERNS | _PRINTS)]
