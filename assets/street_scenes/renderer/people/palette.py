"""Colours of people and of what they wear, as a screen shows them, and choosing among them by lot."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from renderer.light import linear
from renderer.noise import Array

Tone = tuple[int, int, int]

SKINS: tuple[Tone, ...] = (
    (214, 172, 146),
    (202, 156, 126),
    (184, 138, 106),
    (156, 108, 78),
    (118, 78, 56),
    (86, 57, 43),
)
HAIRS: tuple[Tone, ...] = (
    (28, 22, 20),
    (40, 28, 22),
    (66, 44, 30),
    (96, 66, 40),
    (158, 122, 76),
    (140, 138, 136),
)
# fmt: off
TOPS: tuple[Tone, ...] = (
    (28, 30, 34), (228, 228, 226), (240, 238, 232), (52, 58, 74), (120, 124, 130), (150, 36, 40),
    (196, 44, 46), (46, 84, 140), (96, 150, 200), (70, 104, 72), (196, 176, 140), (214, 150, 160),
    (226, 190, 74), (92, 62, 96), (120, 82, 60), (64, 132, 138), (232, 214, 206), (206, 112, 52),
)
TROUSERS: tuple[Tone, ...] = (
    (42, 52, 78), (62, 82, 118), (104, 128, 162), (30, 30, 34), (38, 36, 38),
    (186, 170, 140), (204, 196, 178), (108, 104, 98), (84, 72, 60), (92, 98, 80),
)
SHOES: tuple[Tone, ...] = (
    (28, 26, 26), (60, 44, 34), (214, 212, 208), (120, 120, 124), (150, 60, 50), (58, 70, 96),
)
BAGS: tuple[Tone, ...] = (
    (30, 30, 34), (70, 50, 36), (150, 40, 44), (44, 66, 110), (86, 100, 70), (190, 160, 120), (222, 216, 206),
)
SOLES: tuple[Tone, ...] = ((205, 203, 198), (34, 30, 28))
# fmt: on


def pick(rng: np.random.Generator, weights: Mapping[str, float]) -> str:
    """Return one of the words, each as often as its weight says."""
    shares = np.array(list(weights.values()))
    return list(weights)[int(rng.choice(len(shares), p=shares / shares.sum()))]


def shade(rng: np.random.Generator, tones: tuple[Tone, ...]) -> Array:
    """Return one of the tones, a little different each time."""
    return varied(rng, tones[int(rng.integers(0, len(tones)))], 0.15)


def varied(rng: np.random.Generator, tone: Tone, spread: float) -> Array:
    """Return (3,) linear RGB near the tone: `spread` is the standard deviation of the logarithm of its brightness."""
    brightness = float(np.exp(rng.normal(0, spread)))
    return linear(*tone) * rng.uniform(0.94, 1.06, 3).astype(np.float32) * brightness
