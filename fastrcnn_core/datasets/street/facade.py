"""Facades: windows, doors, shop fronts and signs, painted on masonry as flat pictures.

Shape letters: h, w the facade's picture; its last row is the ground.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastrcnn_core.datasets.street import masonry, noise
from fastrcnn_core.datasets.street.light import column, linear
from fastrcnn_core.datasets.street.noise import Array


@dataclass(frozen=True, eq=False)
class Facade:
    """A facade that is being painted: `scale` pixels are a metre.

    Args:
        albedo: (3, h, w) linear RGB.
        scale: pixels per metre.
        shadow: (right, down) where its ledges throw their shadow, in metres per metre.
    """

    albedo: Array
    scale: float
    shadow: tuple[float, float]

    def fill(
        self,
        *,
        left: float,
        right: float,
        bottom: float,
        top: float,
        colour: Array,
        share: float = 1.0,
    ) -> None:
        """Paint a rectangle, given in metres from the lower left corner."""
        rows, columns = self.window(left=left, right=right, bottom=bottom, top=top)
        part = self.albedo[:, rows, columns]
        part *= 1 - share
        part += share * (
            column(colour) if colour.ndim == 1 else colour[:, : part.shape[1], : part.shape[2]]
        )

    def shade(self, *, left: float, right: float, bottom: float, top: float, share: float) -> None:
        """Darken a rectangle to this share."""
        rows, columns = self.window(left=left, right=right, bottom=bottom, top=top)
        self.albedo[:, rows, columns] *= np.float32(share)

    def window(
        self, *, left: float, right: float, bottom: float, top: float
    ) -> tuple[slice, slice]:
        """Rows and columns of a rectangle."""
        height, width = self.albedo.shape[1:]
        columns = np.clip(np.round(np.array([left, right]) * self.scale), 0, width).astype(int)
        rows = np.clip(np.round(height - np.array([top, bottom]) * self.scale), 0, height).astype(
            int
        )
        return slice(rows[0], rows[1]), slice(columns[0], columns[1])


def wall(
    rng: np.random.Generator,
    material: masonry.Masonry,
    *,
    height: float,
    width: float,
    scale: float,
) -> Facade:
    """A bare wall of this size in metres, with a plinth or a coping."""
    pixels = max(8, round(height * scale)), max(8, round(width * scale))
    facade = Facade(material(rng, *pixels, scale).astype(np.float32), scale, (0.0, 0.1))
    if rng.random() < 0.6:
        facade.shade(left=0, right=width, bottom=0, top=float(rng.uniform(0.3, 0.6)), share=0.72)
    facade.fill(left=0, right=width, bottom=height - 0.14, top=height, colour=linear(176, 170, 160))
    facade.shade(left=0, right=width, bottom=height - 0.24, top=height - 0.14, share=0.55)
    return facade


def house(
    rng: np.random.Generator, *, height: float, width: float, scale: float, shop: bool
) -> Facade:
    """A house: storeys of windows, and below either shops or a door."""
    kinds = (masonry.brick, masonry.stone, masonry.plaster, masonry.concrete)
    material = kinds[rng.choice(4, p=(0.36, 0.2, 0.28, 0.16))]
    facade = wall(rng, material, height=height, width=width, scale=scale)
    style = _WindowStyle.choose(rng)
    first = 3.4 if shop else float(rng.uniform(0.8, 1.3))
    storey = float(rng.uniform(2.9, 3.6))
    for bottom in np.arange(first + (0.7 if shop else 0.0), height - 0.8, storey):
        for left in np.arange(float(rng.uniform(0.2, 0.5)) * style.step, width, style.step):
            _window(rng, facade, style, float(left), float(bottom))
    if shop:
        _shops(rng, facade, width)
    elif rng.random() < 0.8:
        _door(rng, facade, float(rng.uniform(0.2, 0.8) * width))
    return facade


@dataclass(frozen=True, eq=False)
class _WindowStyle:
    width: float
    height: float
    step: float
    bars: tuple[int, int]
    frame: Array
    glass: Array
    sill: bool

    @staticmethod
    def choose(rng: np.random.Generator) -> _WindowStyle:
        width = float(rng.choice([0.9, 1.1, 1.4, 1.9]))
        frames = ((228, 226, 220), (70, 66, 62), (116, 84, 60), (60, 84, 72))
        return _WindowStyle(
            width,
            float(rng.uniform(1.4, 2.0)),
            width + float(rng.uniform(0.7, 1.6)),
            (int(rng.integers(1, 4)), int(rng.integers(1, 4))),
            linear(*frames[rng.integers(0, 4)]),
            linear(*rng.uniform(38, 105, 1).repeat(3)) * np.float32([0.85, 1.0, 1.15]),
            bool(rng.random() < 0.7),
        )


def _window(
    rng: np.random.Generator, facade: Facade, style: _WindowStyle, left: float, bottom: float
) -> None:
    right, top = left + style.width, bottom + style.height
    facade.fill(
        left=left - 0.10,
        right=right + 0.10,
        bottom=bottom - 0.02,
        top=top + 0.12,
        colour=style.frame,
        share=0.5,
    )
    facade.fill(left=left, right=right, bottom=bottom, top=top, colour=style.frame)
    pane_width, pane_height = style.width / style.bars[0], style.height / style.bars[1]
    curtain = rng.random() < 0.35
    for i in range(style.bars[0]):
        for j in range(style.bars[1]):
            x, y = left + i * pane_width + 0.04, bottom + j * pane_height + 0.04
            pane = reflection(rng, facade, style.glass, pane_width - 0.08, pane_height - 0.08)
            if curtain and (i in (0, style.bars[0] - 1)):
                pane = pane * 0.5 + column(linear(170, 164, 150)) * 0.4
            facade.fill(
                left=x,
                right=x + pane_width - 0.08,
                bottom=y,
                top=y + pane_height - 0.08,
                colour=pane,
            )
    facade.shade(left=left, right=right, bottom=top - 0.16, top=top, share=0.45)
    facade.shade(left=left, right=left + 0.06, bottom=bottom, top=top, share=0.6)
    if style.sill:
        facade.fill(
            left=left - 0.12,
            right=right + 0.12,
            bottom=bottom - 0.12,
            top=bottom,
            colour=linear(188, 182, 172),
        )
        facade.shade(
            left=left - 0.12,
            right=right + 0.12,
            bottom=bottom - 0.26,
            top=bottom - 0.12,
            share=0.62,
        )


def reflection(
    rng: np.random.Generator, facade: Facade, glass: Array, width: float, height: float
) -> Array:
    """(3, h, w) a pane: dark, with the sky and the houses opposite in it."""
    size = max(1, round(height * facade.scale) + 1), max(1, round(width * facade.scale) + 1)
    zoom = facade.scale / 30
    clouds = noise.patch(rng, -1.9, height=size[0], width=size[1], zoom=(zoom, zoom))
    slope = np.linspace(1, -0.6, size[0], dtype=np.float32)[:, None]
    sky = np.clip(0.5 * slope + 0.5 * clouds, 0, 1.6)
    return column(glass) * (0.7 + 0.5 * sky) + column(linear(150, 172, 196)) * (0.22 * sky)


def _door(rng: np.random.Generator, facade: Facade, left: float) -> None:
    width, height = float(rng.uniform(0.95, 1.8)), float(rng.uniform(2.1, 2.5))
    tones = ((92, 60, 40), (60, 74, 66), (50, 56, 76), (130, 36, 34), (84, 84, 86))
    tone = linear(*tones[rng.integers(0, 5)])
    facade.fill(
        left=left - 0.14,
        right=left + width + 0.14,
        bottom=0,
        top=height + 0.16,
        colour=linear(196, 188, 174),
    )
    facade.fill(left=left, right=left + width, bottom=0, top=height, colour=tone)
    for i in range(2):
        for low, high in ((0.15, 0.9), (1.05, height - 0.2)):
            x = left + 0.10 + i * width / 2
            facade.shade(left=x, right=x + width / 2 - 0.2, bottom=low, top=high, share=0.62)
    facade.shade(left=left, right=left + width, bottom=height - 0.15, top=height, share=0.45)
    facade.fill(
        left=left + width * 0.85,
        right=left + width * 0.85 + 0.06,
        bottom=0.98,
        top=1.06,
        colour=linear(214, 190, 120),
    )


def _shops(rng: np.random.Generator, facade: Facade, width: float) -> None:
    left = -float(rng.uniform(0, 3))
    while left < width:
        right = left + float(rng.uniform(3.2, 6.0))
        _shop(rng, facade, left + 0.15, right - 0.15)
        left = right


def _shop(rng: np.random.Generator, facade: Facade, left: float, right: float) -> None:
    inks = (
        (150, 32, 36),
        (36, 62, 108),
        (40, 84, 62),
        (58, 50, 46),
        (214, 176, 60),
        (226, 222, 214),
        (96, 40, 72),
    )
    ink, letters = linear(*inks[rng.integers(0, 7)]), linear(*inks[rng.integers(4, 6)])
    frame = linear(*((56, 52, 50), (200, 196, 188), (92, 64, 46))[rng.integers(0, 3)])
    facade.fill(left=left, right=right, bottom=0, top=3.1, colour=frame)
    door = left + float(rng.uniform(0.1, 0.75)) * (right - left - 1.0)
    for first, last in ((left + 0.1, door), (door + 1.0, right - 0.1)):
        if last - first > 0.4:
            _display(rng, facade, first, last)
    pane = reflection(rng, facade, linear(40, 42, 46), 0.84, 2.3)
    facade.fill(left=door + 0.08, right=door + 0.92, bottom=0.1, top=2.4, colour=pane)
    facade.fill(left=left - 0.1, right=right + 0.1, bottom=2.65, top=3.35, colour=ink)
    _letters(rng, facade, left + 0.3, right - 0.3, letters)
    if rng.random() < 0.45:
        _awning(rng, facade, left, right, ink)
    else:
        facade.shade(left=left, right=right, bottom=2.3, top=2.65, share=0.5)


def _display(rng: np.random.Generator, facade: Facade, left: float, right: float) -> None:
    """A shop window with goods, and sometimes with dressed dummies, which are nobody."""
    lit = float(rng.uniform(40, 120))
    warm = linear(lit * 1.08, lit, lit * 0.86)
    facade.fill(
        left=left,
        right=right,
        bottom=0.5,
        top=2.55,
        colour=reflection(rng, facade, warm, right - left, 2.05),
    )
    for shelf in (0.55, 1.0, 1.45) if rng.random() < 0.5 else (0.55,):
        facade.fill(left=left, right=right, bottom=shelf - 0.03, top=shelf, colour=warm * 1.5)
        for x in np.arange(left + 0.1, right - 0.25, 0.28):
            if rng.random() < 0.6:
                tone = linear(*(rng.uniform(50, 200) + rng.uniform(-35, 35, 3)))
                wide, tall = float(rng.uniform(0.08, 0.24)), float(rng.uniform(0.12, 0.38))
                facade.fill(
                    left=x, right=x + wide, bottom=shelf, top=shelf + tall, colour=tone, share=0.6
                )
    if rng.random() < 0.4:
        x = float(rng.uniform(left, max(left + 0.01, right - 0.7)))
        facade.fill(
            left=x,
            right=x + 0.6,
            bottom=1.1,
            top=1.95,
            colour=linear(*rng.uniform(90, 220, 3)),
            share=0.8,
        )
        facade.fill(
            left=x + 0.1,
            right=x + 0.5,
            bottom=1.3,
            top=1.75,
            colour=linear(*rng.uniform(40, 200, 3)),
            share=0.6,
        )
    for glare in rng.uniform(left, right, 2):
        facade.fill(
            left=glare,
            right=glare + float(rng.uniform(0.1, 0.5)),
            bottom=0.5,
            top=2.55,
            colour=linear(150, 166, 180),
            share=0.16,
        )
    if rng.random() < 0.35 and right - left > 0.9:
        _dummy(rng, facade, float(rng.uniform(left + 0.3, right - 0.3)))
    facade.fill(left=left, right=right, bottom=0.42, top=0.5, colour=linear(150, 146, 140))


def _dummy(rng: np.random.Generator, facade: Facade, center: float) -> None:
    coat, skin = linear(*rng.uniform(30, 220, 3)), linear(214, 196, 178)
    rows, columns = facade.window(left=center - 0.4, right=center + 0.4, bottom=0.5, top=2.3)
    part = facade.albedo[:, rows, columns]
    y = 2.3 - np.arange(part.shape[1], dtype=np.float32)[:, None] / facade.scale
    x = np.abs(np.arange(part.shape[2], dtype=np.float32)[None] - part.shape[2] / 2) / facade.scale
    trunk = (
        (y > 1.15) & (y < 1.98) & (x < 0.15 + 0.10 * np.clip((y - 1.3) * 1.4, 0, 1) * (y < 1.93))
    )
    head = (x / 0.085) ** 2 + ((y - 2.12) / 0.12) ** 2 < 1
    legs = (y < 1.2) & (x > 0.015) & (x < 0.14)
    for shape, tone in ((trunk, coat), (head, skin), (legs, coat * 0.4)):
        part[:] = np.where(shape, 0.75 * column(tone) + 0.25 * part, part)


def _letters(
    rng: np.random.Generator, facade: Facade, left: float, right: float, ink: Array
) -> None:
    """Signs in no alphabet."""
    size = float(rng.uniform(0.26, 0.40))
    x = left + float(rng.uniform(0, 0.3)) * (right - left)
    while x < right - size:
        for _ in range(3):
            low, thick = 2.78 + float(rng.uniform(0, size)), 0.055
            if rng.random() < 0.5:
                facade.fill(left=x, right=x + size * 0.7, bottom=low, top=low + thick, colour=ink)
            else:
                place = x + float(rng.uniform(0, size * 0.65))
                facade.fill(
                    left=place, right=place + thick, bottom=2.78, top=2.78 + size, colour=ink
                )
        x += size * float(rng.choice([0.95, 0.95, 1.5]))


def _awning(
    rng: np.random.Generator, facade: Facade, left: float, right: float, ink: Array
) -> None:
    other = linear(228, 224, 214) if rng.random() < 0.6 else ink * 0.8
    for i, x in enumerate(np.arange(left, right, 0.3)):
        facade.fill(
            left=x, right=min(x + 0.3, right), bottom=2.15, top=2.75, colour=ink if i % 2 else other
        )
    facade.shade(left=left, right=right, bottom=2.15, top=2.3, share=0.8)
    facade.shade(left=left, right=right, bottom=1.4, top=2.15, share=0.55)
