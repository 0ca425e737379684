"""Shop fronts: displays, doors, awnings, signs in no alphabet, and dressed dummies, not annotated as people."""

from __future__ import annotations

import numpy as np

from renderer.light import column, grey, linear
from renderer.noise import Array, floats
from renderer.town.facade import Area, Facade

_INKS = (
    (138, 46, 44),
    (48, 66, 98),
    (52, 82, 66),
    (58, 50, 46),
    (92, 50, 70),
    (198, 172, 96),
    (222, 218, 210),
)
_LETTERS = _INKS[5:]
_FRAMES = ((56, 52, 50), (200, 196, 188), (92, 64, 46))


def paint_shops(rng: np.random.Generator, facade: Facade) -> None:
    """Return shops along the whole ground floor."""
    left = -float(rng.uniform(0, 3))
    while left < facade.size[1]:
        right = left + float(rng.uniform(3.2, 6.0))
        _shop(rng, facade, left + 0.15, right - 0.15)
        left = right


def _shop(rng: np.random.Generator, facade: Facade, left: float, right: float) -> None:
    ink, letters = _tone(rng, _INKS), _tone(rng, _LETTERS)
    facade.fill(Area(left, right, 0, 3.1), _tone(rng, _FRAMES))
    door = left + float(rng.uniform(0.1, 0.75)) * (right - left - 1.0)
    for first, last in ((left + 0.1, door), (door + 1.0, right - 0.1)):
        if last - first > 0.4:
            _display(rng, facade, Area(first, last, 0.5, 2.55))
    pane = Area(door + 0.08, door + 0.92, 0.1, 2.4)
    facade.fill(pane, facade.glass(rng, pane, grey(42)))
    facade.fill(Area(left - 0.1, right + 0.1, 2.65, 3.35), ink)
    _sign(rng, facade, Area(left + 0.3, right - 0.3, 2.78, 3.2), letters)
    if rng.random() < 0.45:
        _awning(rng, facade, left, right, ink)
    else:
        facade.shade(Area(left, right, 2.3, 2.65), 0.5)


def _display(rng: np.random.Generator, facade: Facade, area: Area) -> None:
    """Return a lit window with goods on shelves, perhaps a poster or a dummy, and the street's glare on it."""
    warm = grey(rng.uniform(40, 120)) * floats(1.18, 1.0, 0.72)
    facade.fill(area, facade.glass(rng, area, warm))
    for shelf in (0.55, 1.0, 1.45) if rng.random() < 0.5 else (0.55,):
        _goods(rng, facade, area, shelf, warm)
    if rng.random() < 0.4:
        _poster(rng, facade, float(rng.uniform(area.left, max(area.left + 0.01, area.right - 0.7))))
    if rng.random() < 0.35 and area.width > 0.9:
        _dummy(rng, facade, float(rng.uniform(area.left + 0.3, area.right - 0.3)))
    for left in rng.uniform(area.left, area.right, 2):
        right = min(float(left) + float(rng.uniform(0.1, 0.5)), area.right)
        facade.fill(Area(float(left), right, area.bottom, area.top), linear(150, 166, 180), 0.16)
    facade.fill(Area(area.left, area.right, 0.42, 0.5), linear(150, 146, 140))


def _goods(rng: np.random.Generator, facade: Facade, area: Area, shelf: float, warm: Array) -> None:
    facade.fill(Area(area.left, area.right, shelf - 0.03, shelf), warm * 1.5)
    for x in np.arange(area.left + 0.1, area.right - 0.25, 0.28):
        if rng.random() < 0.6:
            tone = linear(*(rng.uniform(50, 200) + rng.uniform(-35, 35, 3)))
            width, height = float(rng.uniform(0.08, 0.24)), float(rng.uniform(0.12, 0.38))
            facade.fill(Area(float(x), float(x) + width, shelf, shelf + height), tone, 0.6)


def _poster(rng: np.random.Generator, facade: Facade, left: float) -> None:
    paper, ink = (linear(*(rng.uniform(60, 200) + rng.uniform(-40, 40, 3))) for _ in range(2))
    facade.fill(Area(left, left + 0.6, 1.1, 1.95), paper, 0.8)
    facade.fill(Area(left + 0.1, left + 0.5, 1.3, 1.75), ink, 0.6)


def _dummy(rng: np.random.Generator, facade: Facade, center: float) -> None:
    """Head, trunk and legs behind the pane, as flat as a paper doll."""
    coat = linear(*(rng.uniform(40, 190) + rng.uniform(-30, 30, 3)))
    part = facade.part(Area(center - 0.4, center + 0.4, 0.5, 2.3))
    y = 2.3 - np.arange(part.shape[1], dtype=np.float32)[:, None] / facade.scale
    x = np.abs(np.arange(part.shape[2], dtype=np.float32)[None] - part.shape[2] / 2) / facade.scale
    shoulders = 0.15 + 0.10 * np.clip((y - 1.3) * 1.4, 0, 1) * (y < 1.93)
    shapes = (
        ((y > 1.15) & (y < 1.98) & (x < shoulders), coat),
        ((x / 0.085) ** 2 + ((y - 2.12) / 0.12) ** 2 < 1, linear(196, 176, 158)),
        ((y < 1.2) & (x > 0.015) & (x < 0.14), coat * 0.4),
    )
    for shape, tone in shapes:
        np.copyto(part, 0.75 * column(tone) + 0.25 * part, where=shape)


def _sign(rng: np.random.Generator, facade: Facade, area: Area, ink: Array) -> None:
    """Return strokes that look like letters from afar."""
    size, thick = float(rng.uniform(0.26, 0.40)), 0.055
    x = area.left + float(rng.uniform(0, 0.3)) * area.width
    while x < area.right - size:
        for _ in range(3):
            if rng.random() < 0.5:
                low = area.bottom + float(rng.uniform(0, size))
                facade.fill(Area(x, x + size * 0.7, low, low + thick), ink)
            else:
                left = x + float(rng.uniform(0, size * 0.65))
                facade.fill(Area(left, left + thick, area.bottom, area.bottom + size), ink)
        x += size * float(rng.choice([0.95, 0.95, 1.5]))


def _awning(
    rng: np.random.Generator, facade: Facade, left: float, right: float, ink: Array
) -> None:
    second = linear(228, 224, 214) if rng.random() < 0.6 else ink * 0.8
    for i, x in enumerate(np.arange(left, right, 0.3)):
        facade.fill(
            Area(float(x), min(float(x) + 0.3, right), 2.15, 2.75), ink if i % 2 else second
        )
    facade.shade(Area(left, right, 2.15, 2.3), 0.8)
    facade.shade(Area(left, right, 1.4, 2.15), 0.55)


def _tone(rng: np.random.Generator, tones: tuple[tuple[int, int, int], ...]) -> Array:
    return linear(*tones[int(rng.integers(0, len(tones)))])
