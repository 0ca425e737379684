"""Cars and vans seen from the side, drawn flat and lit as if they were round. Metres from the rear end, upwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from renderer import noise
from renderer.light import Light, column, grey, linear
from renderer.noise import Array
from renderer.sprite import Sprite, Stand
from renderer.things.drawing import Drawing, Point, Tone, flat

PAINTS = (
    *((140, 34, 36), (40, 54, 90), (200, 202, 202), (222, 222, 218), (34, 36, 38)),
    *((116, 122, 124), (46, 82, 66), (178, 160, 118), (190, 160, 60)),
)


@dataclass(frozen=True)
class _Model:
    """A kind of car: how often it is met, its outline, its panes, its wheels' centers, its doors' seams."""

    often: float
    outline: list[Point]
    panes: list[list[Point]]
    wheels: tuple[float, float]
    seams: tuple[float, float]

    @property
    def length(self) -> float:
        return max(x for x, _ in self.outline)

    @property
    def height(self) -> float:
        return max(y for _, y in self.outline)


# fmt: off
_SALOON = _Model(
    0.45,
    [(0.02, 0.42), (0.04, 0.80), (0.25, 0.93), (0.95, 0.98), (1.45, 1.40), (1.9, 1.46), (2.5, 1.42), (3.15, 1.0),
     (3.95, 0.88), (4.30, 0.72), (4.36, 0.45), (4.3, 0.28), (0.1, 0.28)],
    [[(1.12, 1.0), (1.52, 1.34), (1.90, 1.38), (1.90, 1.0)], [(1.98, 1.0), (1.98, 1.38), (2.42, 1.34), (2.92, 1.02)]],
    (0.86, 3.48), (1.94, 2.9),
)
_HATCHBACK = _Model(
    0.40,
    [(0.02, 0.42), (0.05, 0.85), (0.25, 1.05), (0.55, 1.44), (1.0, 1.52), (2.2, 1.50), (2.75, 1.10), (3.5, 0.95),
     (3.8, 0.75), (3.86, 0.45), (3.8, 0.28), (0.1, 0.28)],
    [[(0.52, 1.04), (0.74, 1.38), (1.32, 1.43), (1.32, 1.02)],
     [(1.40, 1.02), (1.40, 1.43), (2.14, 1.42), (2.55, 1.08)]],
    (0.72, 3.10), (1.36, 2.5),
)
_VAN = _Model(
    0.15,
    [(0.02, 0.42), (0.03, 1.9), (0.15, 2.05), (3.4, 2.08), (3.75, 1.98), (4.35, 1.25), (4.8, 1.12), (4.95, 0.7),
     (4.95, 0.42), (4.85, 0.30), (0.1, 0.30)],
    [[(3.0, 1.25), (3.0, 1.85), (3.62, 1.84), (4.10, 1.28)]],
    (0.95, 3.95), (2.9, 3.9),
)
# fmt: on
_MODELS = (_SALOON, _HATCHBACK, _VAN)


def car(rng: np.random.Generator, light: Light, stand: Stand) -> Sprite:
    """Return a parked car."""
    model = _MODELS[int(rng.choice(3, p=[kind.often for kind in _MODELS]))]
    drawing = Drawing(length=model.length + 0.1, tall=model.height + 0.1, scale=stand.scale)
    colour = linear(*PAINTS[int(rng.integers(0, len(PAINTS)))])
    body = drawing.outline(model.outline)
    drawing.lay(
        body, _bodywork(colour, drawing.height_of_rows(), model.height, light, stand.sunlit)
    )
    _panes(rng, drawing, model, light, stand.sunlit)
    _details(drawing, model, light, stand.sunlit)
    _wheels(drawing, model, body, light, stand.sunlit)
    return drawing.sprite(stand, light, mirrored=bool(rng.random() < 0.5))


def _bodywork(colour: Array, height: Array, top: float, light: Light, sunlit: float) -> Tone:
    """Paint that faces the sky at the shoulder and on the roof, and the street below its crease."""
    roof = 0.55 * (height - 0.98) / max(top - 0.98, 0.1) + 0.25
    up = np.where(height > 0.98, roof, 0.8 * np.exp(-(((height - 0.98) / 0.06) ** 2)))
    up = (
        up
        - 0.55 * np.clip((0.72 - height) / 0.4, 0, 1)
        + 0.25 * np.exp(-(((height - 0.72) / 0.035) ** 2))
    )
    normal = np.stack([0 * up, up, np.sqrt(np.clip(1 - up * up, 0, 1))])
    mirrored_sky = column(light.haze) * (0.10 * np.clip(up, 0, 1) + 0.02)
    return lambda: column(colour) * light.on(normal, sunlit) + mirrored_sky


def _panes(
    rng: np.random.Generator, drawing: Drawing, model: _Model, light: Light, sunlit: float
) -> None:
    """Dark panes with the sky in them, in black frames."""
    clouds = noise.patch(rng, -1.9, height=drawing.size[0], width=drawing.size[1], zoom=(0.5, 0.5))

    def glass() -> Array:
        share = np.clip((drawing.height_of_rows() - 0.95) / (model.height - 0.95), 0, 1)
        return column(grey(33)) * 0.6 + column(light.haze) * (
            0.26 * np.clip(0.6 * share + 0.2 * clouds, 0, 1)
        )

    for pane in model.panes:
        drawing.lay(drawing.outline(pane, grow=0.03), flat(light, grey(26), sunlit))
        drawing.lay(drawing.outline(pane), glass)


def _details(drawing: Drawing, model: _Model, light: Light, sunlit: float) -> None:
    """Sill, door seams, tail light and headlight."""
    end = model.length
    sill = [(0.05, 0.28), (end - 0.05, 0.28), (end - 0.05, 0.40), (0.05, 0.40)]
    tail = [(0.03, 0.66), (0.16, 0.66), (0.16, 0.82), (0.05, 0.82)]
    front = [(end - 0.32, 0.62), (end - 0.08, 0.58), (end - 0.14, 0.70), (end - 0.36, 0.76)]
    for outline, colour in (
        (sill, grey(31)),
        (tail, linear(170, 30, 26)),
        (front, linear(226, 226, 216)),
    ):
        drawing.lay(drawing.outline(outline), flat(light, colour, sunlit))
    for x in model.seams:
        drawing.lay(0.6 * drawing.stroke((x, 0.42), (x, 0.98), 0.02), flat(light, grey(20), sunlit))


def _wheels(drawing: Drawing, model: _Model, body: Array, light: Light, sunlit: float) -> None:
    """Return arches in the body, tyres, rims and hubs."""
    for x in model.wheels:
        drawing.lay(drawing.disc((x, 0.32), 0.38) * body, flat(light, grey(12), sunlit))
        for radius, tone in ((0.32, 28), (0.20, 166), (0.07, 60)):
            drawing.lay(drawing.disc((x, 0.32), radius), flat(light, grey(tone), sunlit))
