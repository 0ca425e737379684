"""Houses: storeys of windows on masonry, and below either shops or a door."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastrcnn_core.datasets.street.light import column, grey, linear
from fastrcnn_core.datasets.street.noise import Array, floats
from fastrcnn_core.datasets.street.town import masonry
from fastrcnn_core.datasets.street.town.facade import Area, Facade, wall
from fastrcnn_core.datasets.street.town.shops import paint_shops


def house(rng: np.random.Generator, *, height: float, width: float, scale: float) -> Facade:
    """A house with windows from the ground up, and a door."""
    facade = _walls(rng, height, width, scale)
    _windows(rng, facade, float(rng.uniform(0.8, 1.3)))
    _door(rng, facade, float(rng.uniform(0.2, 0.8) * width))
    return facade


def shop_house(rng: np.random.Generator, *, height: float, width: float, scale: float) -> Facade:
    """A house with shops in its ground floor."""
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
    """What the windows of a house have in common: metres, panes across and up, colours."""

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
    """Rows of windows, the lowest `first` metres above the ground."""
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
    curtain = bool(rng.random() < 0.35)
    wide, tall = area.width / style.panes[0], area.height / style.panes[1]
    for i in range(style.panes[0]):
        for j in range(style.panes[1]):
            left, bottom = area.left + i * wide, area.bottom + j * tall
            pane = Area(left + 0.04, left + wide - 0.04, bottom + 0.04, bottom + tall - 0.04)
            glass = facade.glass(rng, pane, style.tint)
            at_edge = i in (0, style.panes[0] - 1)
            facade.fill(
                pane,
                glass * 0.5 + column(linear(170, 164, 150)) * 0.4 if curtain and at_edge else glass,
            )
    facade.shade(Area(area.left, area.right, area.top - 0.16, area.top), 0.45)
    facade.shade(Area(area.left, area.left + 0.06, area.bottom, area.top), 0.6)
    if style.has_sill:
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
