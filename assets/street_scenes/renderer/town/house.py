"""Houses: storeys of windows on masonry, and below either shops or a door."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderer.light import grey, linear
from renderer.noise import Array, floats
from renderer.town import masonry
from renderer.town.facade import Area, Facade, wall
from renderer.town.shops import paint_shops


def house(rng: np.random.Generator, *, height: float, width: float, scale: float) -> Facade:
    """Return a house with windows from the ground up, and a door."""
    facade = _walls(rng, height, width, scale)
    _windows(rng, facade, float(rng.uniform(0.8, 1.3)))
    _door(rng, facade, float(rng.uniform(0.2, 0.8) * width))
    return facade


def shop_house(rng: np.random.Generator, *, height: float, width: float, scale: float) -> Facade:
    """Return a house with shops in its ground floor."""
    facade = _walls(rng, height, width, scale)
    _windows(rng, facade, 4.1)
    paint_shops(rng, facade)
    return facade


def _walls(rng: np.random.Generator, height: float, width: float, scale: float) -> Facade:
    kinds = (masonry.brick, masonry.stone, masonry.plaster, masonry.concrete)
    material = kinds[int(rng.choice(4, p=(0.36, 0.2, 0.28, 0.16)))]
    return wall(rng, material, height=height, width=width, scale=scale)


@dataclass(frozen=True, eq=False)
class _Style:
    """The common properties of the windows of a house: metres, panes across and up, colours."""

    width: float
    height: float
    gap: float
    panes: tuple[int, int]
    frame: Array
    tint: Array
    has_sill: bool

    @staticmethod
    def choose(rng: np.random.Generator) -> _Style:
        frames = ((228, 226, 220), (70, 66, 62), (116, 84, 60), (60, 84, 72))
        return _Style(
            float(rng.choice([0.9, 1.1, 1.4, 1.9])),
            float(rng.uniform(1.4, 2.0)),
            float(rng.uniform(0.7, 1.6)),
            (int(rng.integers(1, 4)), int(rng.integers(1, 4))),
            linear(*frames[int(rng.integers(0, 4))]),
            grey(rng.uniform(38, 105)) * floats(0.85, 1.0, 1.15),
            bool(rng.random() < 0.7),
        )


def _windows(rng: np.random.Generator, facade: Facade, first: float) -> None:
    """Return rows of windows, the lowest `first` metres above the ground."""
    style, storey = _Style.choose(rng), float(rng.uniform(2.9, 3.6))
    height, width = facade.size
    step = style.width + style.gap
    start = float(rng.uniform(0.2, 0.5)) * step
    for bottom in np.arange(first, height - 0.8, storey):
        for left in np.arange(start, width, step):
            area = Area(
                float(left), float(left) + style.width, float(bottom), float(bottom) + style.height
            )
            _window(rng, facade, style, area)


def _window(rng: np.random.Generator, facade: Facade, style: _Style, area: Area) -> None:
    facade.fill(area.grown(0.10, 0.02, 0.12), style.frame, 0.5)
    facade.fill(area, style.frame)
    pane = area.grown(-0.04, -0.04, -0.04)
    facade.fill(pane, facade.glass(rng, pane, style.tint))
    if rng.random() < 0.35:
        for left in (pane.left, pane.right - 0.28 * pane.width):
            facade.fill(
                Area(left, left + 0.28 * pane.width, pane.bottom, pane.top),
                linear(150, 144, 130),
                0.5,
            )
    for x in np.linspace(area.left, area.right, style.panes[0] + 1)[1:-1]:
        facade.fill(Area(float(x) - 0.04, float(x) + 0.04, area.bottom, area.top), style.frame)
    for y in np.linspace(area.bottom, area.top, style.panes[1] + 1)[1:-1]:
        facade.fill(Area(area.left, area.right, float(y) - 0.04, float(y) + 0.04), style.frame)
    facade.shade(Area(area.left, area.right, area.top - 0.16, area.top), 0.45)
    facade.shade(Area(area.left, area.left + 0.06, area.bottom, area.top), 0.6)
    if style.has_sill:
        _sill(facade, area)


def _sill(facade: Facade, area: Area) -> None:
    """Return a sill and its shadow below a window."""
    sill = Area(area.left - 0.12, area.right + 0.12, area.bottom - 0.12, area.bottom)
    facade.fill(sill, linear(188, 182, 172))
    facade.shade(Area(sill.left, sill.right, sill.bottom - 0.14, sill.bottom), 0.62)


def _door(rng: np.random.Generator, facade: Facade, left: float) -> None:
    width, height = float(rng.uniform(0.95, 1.8)), float(rng.uniform(2.1, 2.5))
    tones = ((92, 60, 40), (60, 74, 66), (50, 56, 76), (130, 36, 34), (84, 84, 86))
    area = Area(left, left + width, 0, height)
    facade.fill(area.grown(0.14, 0, 0.16), linear(196, 188, 174))
    facade.fill(area, linear(*tones[int(rng.integers(0, 5))]))
    for start in (left + 0.10, left + 0.10 + width / 2):
        for low, high in ((0.15, 0.9), (1.05, height - 0.2)):
            facade.shade(Area(start, start + width / 2 - 0.2, low, high), 0.62)
    facade.shade(Area(left, left + width, height - 0.15, height), 0.45)
    handle = left + width * 0.85
    facade.fill(Area(handle, handle + 0.06, 0.98, 1.06), linear(214, 190, 120))
