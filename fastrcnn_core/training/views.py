"""How a step sees each of its pictures: mirrored, larger or smaller, in other light.

A view changes pixels alone. Boxes stay in pixels of the original, but for the mirror image's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as transform

from fastrcnn_core.config import TrainingConfig
from fastrcnn_core.model import image_tensor
from fastrcnn_core.structures import Image
from fastrcnn_core.training.randomness import generator_of


@dataclass(frozen=True)
class View:
    """One look at a picture.

    Args:
        mirrored: left and right exchanged.
        zoom: times the size at which the network sees pictures.
        brightness, contrast, saturation: factors; 1 leaves the picture as it is.
    """

    mirrored: bool = False
    zoom: float = 1.0
    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0

    def of(self, image: Image) -> Tensor:
        """The picture's pixels as they are seen, before resizing: (3, H, W) uint8 on the CPU."""
        pixels = image_tensor(image, flipped=self.mirrored)
        if self.brightness != 1:
            pixels = transform.adjust_brightness(pixels, self.brightness)
        if self.contrast != 1:
            pixels = transform.adjust_contrast(pixels, self.contrast)
        if self.saturation != 1:
            pixels = transform.adjust_saturation(pixels, self.saturation)
        return pixels


def draw_views(
    flipped: tuple[bool, ...], config: TrainingConfig, *, step: int, first: int = 0
) -> tuple[View, ...]:
    """How the step sees its pictures from place `first` on; a function of the seed, the step's number and the place.

    Zooms are drawn evenly on a log scale, so that twice as large is as likely as half as large; the colours' factors
    evenly. What the jitters draw disturbs nothing else that is random, whether they are on or off.
    """
    draws = [
        torch.rand(4, generator=generator_of(config.seed, "view", step, first + place))
        for place in range(len(flipped))
    ]
    return tuple(
        View(
            mirrored,
            math.exp(zoom * math.log1p(config.jitter)),
            *(1 + value * config.colour_jitter for value in colours),
        )
        for mirrored, draw in zip(flipped, draws, strict=True)
        for zoom, *colours in [draw.mul(2).sub(1).tolist()]  # in [-1, 1)
    )
