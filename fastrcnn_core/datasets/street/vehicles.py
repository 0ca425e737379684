"""Cars, vans and bicycles seen from the side, drawn flat and lit as if they were round.

Outlines are in metres from the rear wheel's side of the ground: (to the right, up).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image as Picture
from PIL import ImageDraw

from fastrcnn_core.datasets.street import noise
from fastrcnn_core.datasets.street.light import Light, column, linear
from fastrcnn_core.datasets.street.noise import Array
from fastrcnn_core.datasets.street.portrait import Sprite

_FINE = 3
_PAINTS = (
    (150, 26, 30),
    (34, 52, 96),
    (206, 208, 208),
    (232, 232, 228),
    (34, 36, 38),
    (116, 122, 124),
    (40, 84, 66),
    (190, 170, 120),
    (206, 176, 40),
)

_SALOON = [
    (0.02, 0.42),
    (0.04, 0.80),
    (0.25, 0.93),
    (0.95, 0.98),
    (1.45, 1.40),
    (1.9, 1.46),
    (2.5, 1.42),
    (3.15, 1.0),
    (3.95, 0.88),
    (4.30, 0.72),
    (4.36, 0.45),
    (4.3, 0.28),
    (0.1, 0.28),
]
_HATCH = [
    (0.02, 0.42),
    (0.05, 0.85),
    (0.25, 1.05),
    (0.55, 1.44),
    (1.0, 1.52),
    (2.2, 1.50),
    (2.75, 1.10),
    (3.5, 0.95),
    (3.8, 0.75),
    (3.86, 0.45),
    (3.8, 0.28),
    (0.1, 0.28),
]
_VAN = [
    (0.02, 0.42),
    (0.03, 1.9),
    (0.15, 2.05),
    (3.4, 2.08),
    (3.75, 1.98),
    (4.35, 1.25),
    (4.8, 1.12),
    (4.95, 0.7),
    (4.95, 0.42),
    (4.85, 0.30),
    (0.1, 0.30),
]
_GLASS = {
    "saloon": [
        [(1.12, 1.0), (1.52, 1.34), (1.90, 1.38), (1.90, 1.0)],
        [(1.98, 1.0), (1.98, 1.38), (2.42, 1.34), (2.92, 1.02)],
    ],
    "hatch": [
        [(0.52, 1.04), (0.74, 1.38), (1.32, 1.43), (1.32, 1.02)],
        [(1.40, 1.02), (1.40, 1.43), (2.14, 1.42), (2.55, 1.08)],
    ],
    "van": [[(3.0, 1.25), (3.0, 1.85), (3.62, 1.84), (4.10, 1.28)]],
}
_BODIES = {"saloon": _SALOON, "hatch": _HATCH, "van": _VAN}
_WHEELS = {"saloon": (0.86, 3.48), "hatch": (0.72, 3.10), "van": (0.95, 3.95)}


@dataclass(frozen=True)
class Place:
    """Where a flat thing stands in the picture: its center's column, its foot's row, pixels per metre, its depth."""

    column: float
    row: float
    scale: float
    depth: float


def car(
    rng: np.random.Generator, light: Light, place: Place, sunlit: float
) -> tuple[Sprite, float]:
    """A parked car and its length in metres."""
    kind = ("saloon", "hatch", "van")[rng.choice(3, p=(0.45, 0.4, 0.15))]
    outline = _BODIES[kind]
    length, tall = max(x for x, _ in outline), max(y for _, y in outline)
    board = _Board(length + 0.1, tall + 0.1, place.scale, bool(rng.random() < 0.5))
    body = linear(*_PAINTS[rng.integers(0, len(_PAINTS))])
    shape = board.mask(outline)
    colour = _bodywork(body, board.height_of_rows(), tall, light, sunlit, rng) * np.ones_like(shape)
    colour = _over(
        colour,
        board.mask([(0.05, 0.28), (length - 0.05, 0.28), (length - 0.05, 0.40), (0.05, 0.40)]),
        _flat(light, sunlit, (30, 30, 32)),
    )
    for pane in _GLASS[kind]:
        colour = _over(colour, board.mask(pane, 0.03), _flat(light, sunlit, (24, 26, 28)))
        colour = _over(colour, board.mask(pane), _glass(rng, light, board, tall))
    for x in (
        _GLASS[kind][0][-1][0] + 0.04,
        _GLASS[kind][-1][0][0] - 0.9 if kind == "saloon" else 0.6,
    ):
        seam = [(x, 0.42), (x + 0.02, 0.42), (x + 0.02, 1.0), (x, 1.0)]
        colour = colour * (1 - 0.5 * board.mask(seam))
    colour = _over(
        colour,
        board.mask([(0.03, 0.66), (0.16, 0.66), (0.16, 0.82), (0.05, 0.82)]),
        _flat(light, sunlit, (170, 30, 26)),
    )
    colour = _over(
        colour,
        board.mask(
            [
                (length - 0.32, 0.62),
                (length - 0.08, 0.58),
                (length - 0.14, 0.70),
                (length - 0.36, 0.76),
            ]
        ),
        _flat(light, sunlit, (226, 226, 216)),
    )
    alpha = shape
    for x in _WHEELS[kind]:
        for radius, tone in (
            (0.38, (12, 12, 13)),
            (0.32, (28, 28, 30)),
            (0.20, (166, 168, 170)),
            (0.07, (60, 60, 62)),
        ):
            disc = board.disc(x, 0.32, radius)
            colour = _over(
                colour, disc * (alpha if radius > 0.33 else 1), _flat(light, sunlit, tone)
            )
            alpha = np.maximum(alpha, disc) if radius < 0.33 else alpha
    return board.sprite(place, colour, alpha, light), length


def bicycle(
    rng: np.random.Generator, light: Light, place: Place, sunlit: float
) -> tuple[Sprite, float]:
    """A parked bicycle and its length in metres."""
    board = _Board(1.85, 1.2, place.scale, bool(rng.random() < 0.5))
    frame = linear(*_PAINTS[rng.integers(0, len(_PAINTS))])
    rear, front, pedals, saddle, bars = (
        (0.38, 0.35),
        (1.46, 0.35),
        (0.82, 0.30),
        (0.68, 0.92),
        (1.28, 0.98),
    )
    colour = np.zeros((3, *board.size), np.float32)
    alpha = np.zeros(board.size, np.float32)
    tubes = [
        (rear, pedals),
        (pedals, (1.30, 0.80)),
        ((0.70, 0.82), (1.29, 0.84)),
        (pedals, saddle),
        (rear, (0.71, 0.80)),
        (front, (1.28, 0.86)),
    ]
    for wheel in (rear, front):
        ring = np.clip(board.disc(*wheel, 0.34) - board.disc(*wheel, 0.305), 0, 1)
        colour, alpha = (
            _over(colour, ring, _flat(light, sunlit, (26, 26, 28))),
            np.maximum(alpha, ring),
        )
    for start, end in tubes:
        tube = board.stroke(start, end, 0.03)
        colour, alpha = (
            _over(
                colour,
                tube,
                column(light.sky_colour * 0.8 + light.sun_colour * 0.5 * sunlit) * column(frame),
            ),
            np.maximum(alpha, tube),
        )
    for start, end in (
        ((0.56, 0.95), (0.80, 0.96)),
        (bars, (1.22, 1.02)),
        ((1.28, 0.86), bars),
        (pedals, (0.90, 0.16)),
    ):
        part = board.stroke(start, end, 0.06)
        colour, alpha = (
            _over(colour, part, _flat(light, sunlit, (30, 28, 28))),
            np.maximum(alpha, part),
        )
    return board.sprite(place, colour, alpha, light), 1.85


class _Board:
    """A drawing board of `length` x `tall` metres."""

    def __init__(self, length: float, tall: float, scale: float, mirrored: bool) -> None:
        self.size = max(4, round(tall * scale)), max(4, round(length * scale))
        self.fine, self.length, self.mirrored = scale * _FINE, length, mirrored

    def mask(self, outline: list[tuple[float, float]], grow: float = 0.0) -> Array:
        """(h, w) coverage of a polygon."""
        points = [self._point(*point) for point in outline]

        def draw(pen: ImageDraw.ImageDraw) -> None:
            pen.polygon(points, fill=255)
            if grow:
                pen.line([*points, points[0]], fill=255, width=max(1, round(2 * grow * self.fine)))

        return self._drawn(draw)

    def disc(self, x: float, y: float, radius: float) -> Array:
        """(h, w) coverage of a disc."""
        (left, low), reach = self._point(x, y), radius * self.fine
        return self._drawn(
            lambda pen: pen.ellipse(
                (left - reach, low - reach, left + reach, low + reach), fill=255
            )
        )

    def stroke(self, start: tuple[float, float], end: tuple[float, float], width: float) -> Array:
        """(h, w) coverage of a line."""
        ends = [self._point(*start), self._point(*end)]
        return self._drawn(
            lambda pen: pen.line(ends, fill=255, width=max(1, round(width * self.fine)))
        )

    def height_of_rows(self) -> Array:
        """(h, 1) metres above the ground."""
        rows = np.arange(self.size[0], dtype=np.float32)[:, None] + 0.5
        return (self.size[0] - rows) * np.float32(_FINE / self.fine)

    def sprite(self, place: Place, colour: Array, alpha: Array, light: Light) -> Sprite:
        """The drawing at its place; drawn facing right, laid down mirrored if so chosen."""
        hazy = light.through_air(colour, place.depth) * alpha
        if self.mirrored:
            hazy, alpha = hazy[:, :, ::-1], alpha[:, ::-1]
        return Sprite(
            round(place.row) - self.size[0], round(place.column - self.size[1] / 2), hazy, alpha
        )

    def _point(self, x: float, y: float) -> tuple[float, float]:
        return x * self.fine, self.size[0] * _FINE - y * self.fine

    def _drawn(self, draw: object) -> Array:
        canvas = Picture.new("L", (self.size[1] * _FINE, self.size[0] * _FINE))
        draw(ImageDraw.Draw(canvas))  # type: ignore[operator]
        return np.asarray(canvas.reduce(_FINE), np.float32) / 255


def _bodywork(
    body: Array, height: Array, tall: float, light: Light, sunlit: float, rng: np.random.Generator
) -> Array:
    """(3, h, 1) lit paint: it faces the sky at the shoulder, the street below the crease."""
    waist = 0.72
    up = np.where(
        height > 0.98,
        0.55 * (height - 0.98) / max(tall - 0.98, 0.1) + 0.25,
        0.8 * np.exp(-(((height - 0.98) / 0.06) ** 2)),
    )
    up = (
        up
        - 0.55 * np.clip((waist - height) / 0.4, 0, 1)
        + 0.25 * np.exp(-(((height - waist) / 0.035) ** 2))
    )
    normal = np.stack([0 * up, up, np.sqrt(np.clip(1 - up * up, 0, 1))]).astype(np.float32)
    glow = light.on(normal, sunlit)
    mirror = column(light.haze) * (0.10 * np.clip(up, 0, 1) + 0.02)
    return column(body) * glow + mirror


def _glass(rng: np.random.Generator, light: Light, board: _Board, tall: float) -> Array:
    """(3, h, w) dark panes with the sky and the street in them."""
    clouds = noise.patch(rng, -1.9, height=board.size[0], width=board.size[1], zoom=(0.5, 0.5))
    sky = np.clip((board.height_of_rows() - 0.95) / (tall - 0.95), 0, 1) * 0.6 + 0.2 * clouds
    return column(linear(30, 34, 36)) * 0.6 + column(light.haze) * (0.26 * np.clip(sky, 0, 1))


def _flat(light: Light, sunlit: float, tone: tuple[int, int, int]) -> Array:
    facing = max(light.sun[2], 0.0) * sunlit
    return column(
        linear(*tone) * (light.sky_colour * 0.7 + light.sun_colour * (0.25 * sunlit + 0.6 * facing))
    )


def _over(colour: Array, alpha: Array, other: Array) -> Array:
    return colour * (1 - alpha) + other * alpha
