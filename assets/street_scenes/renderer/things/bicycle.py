"""Bicycles seen from the side. Metres from the rear end, upwards."""

from __future__ import annotations

import numpy as np

from renderer.light import Light, grey, linear
from renderer.sprite import Sprite, Stand
from renderer.things.car import PAINTS
from renderer.things.drawing import Drawing, flat

_REAR, _FRONT, _PEDALS, _SADDLE, _BARS = (
    (0.38, 0.35),
    (1.46, 0.35),
    (0.82, 0.30),
    (0.68, 0.92),
    (1.28, 0.98),
)
_FRAME = (
    (_REAR, _PEDALS),
    (_PEDALS, (1.30, 0.80)),
    ((0.70, 0.82), (1.29, 0.84)),
    (_PEDALS, _SADDLE),
    (_REAR, (0.71, 0.80)),
    (_FRONT, (1.28, 0.86)),
)
_FITTINGS = (
    ((0.56, 0.95), (0.80, 0.96)),
    (_BARS, (1.22, 1.02)),
    ((1.28, 0.86), _BARS),
    (_PEDALS, (0.90, 0.16)),
)


def bicycle(rng: np.random.Generator, light: Light, stand: Stand) -> Sprite:
    """Return a parked bicycle."""
    drawing = Drawing(length=1.85, tall=1.2, scale=stand.scale)
    black = flat(light, grey(27), stand.sunlit)
    for wheel in (_REAR, _FRONT):
        ring = drawing.disc(wheel, 0.34) - drawing.disc(wheel, 0.305)
        drawing.lay(np.clip(ring, 0, 1), black)
    frame = flat(light, linear(*PAINTS[int(rng.integers(0, len(PAINTS)))]), stand.sunlit)
    for start, end in _FRAME:
        drawing.lay(drawing.stroke(start, end, 0.03), frame)
    for start, end in _FITTINGS:
        drawing.lay(drawing.stroke(start, end, 0.06), black)
    return drawing.sprite(stand, light, mirrored=bool(rng.random() < 0.5))
