"""Random draws of a training step: seeded generators, data augmentation and dropout masks.

Every draw is a function of the seed, a purpose and numbers, never of what was drawn before. Only pixels are augmented
here; `training_rois` in rois.py flips the boxes and proposals of a flipped image.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as transform

from fastrcnn_core.config import TrainingConfig
from fastrcnn_core.model import image_tensor
from fastrcnn_core.structures import Image


def seeded_generator(seed: int, purpose: str, *numbers: int) -> torch.Generator:
    """Seed a random generator for one purpose of an epoch or of an image in a step, independent of all others."""
    mixed = random.Random(" ".join(map(str, (seed, purpose, *numbers)))).getrandbits(63)
    return torch.Generator().manual_seed(mixed)


@dataclass(frozen=True)
class Augmentation:
    """Data augmentation of one image in one step.

    Args:
        flipped: horizontally.
        scale: factor on the size at which the network sees the image.
        brightness, contrast, saturation: factors; 1 leaves the image unchanged.
    """

    flipped: bool = False
    scale: float = 1.0
    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0

    def apply(self, image: Image) -> Tensor:
        """Augment the image's pixels, all but the scale: (3, H, W) uint8 on the CPU."""
        pixels = image_tensor(image, flipped=self.flipped)
        if self.brightness != 1:
            pixels = transform.adjust_brightness(pixels, self.brightness)
        if self.contrast != 1:
            pixels = transform.adjust_contrast(pixels, self.contrast)
        if self.saturation != 1:
            pixels = transform.adjust_saturation(pixels, self.saturation)
        return pixels


def sample_augmentations(
    flipped: tuple[bool, ...], config: TrainingConfig, *, step: int, first: int = 0
) -> tuple[Augmentation, ...]:
    """Sample scale and colour jitter for a step's images from position `first` of the batch on.

    A function of the seed, the step's number and the position. Scales are uniform on a log scale, so that twice as
    large is as likely as half as large; colour factors are uniform. Jitter changes no other random draw.
    """
    draws = [
        torch.rand(4, generator=seeded_generator(config.seed, "view", step, first + place))
        for place in range(len(flipped))
    ]
    return tuple(
        Augmentation(
            flip,
            math.exp(scale * math.log1p(config.jitter)),
            *(1 + value * config.colour_jitter for value in colours),
        )
        for flip, draw in zip(flipped, draws, strict=True)
        for scale, *colours in [draw.mul(2).sub(1).tolist()]  # in [-1, 1)
    )


def dropout_mask(
    counts: Sequence[int], generators: Sequence[torch.Generator], *, width: int, dropout: float
) -> tuple[Tensor, Tensor] | None:
    """Sample dropout masks of two hidden layers: each (R, width), 0 or 1 / (1 - dropout); None without dropout.

    Each image's rows are drawn from its own generator and on the CPU, so that they are the same on every device and in
    whichever process the image is trained on. Source: Srivastava et al., JMLR 2014, section 10.

    Args:
        counts, generators: number of RoIs and random generator of each image; R RoIs in all.
    """
    if dropout == 0:
        return None
    masks = [
        _bernoulli((2, count, width), 1 - dropout, generator)
        for count, generator in zip(counts, generators, strict=True)
    ]
    first, second = torch.cat(masks, dim=1).div_(max(1 - dropout, 1e-9))
    return first, second


def _bernoulli(shape: tuple[int, ...], probability: float, generator: torch.Generator) -> Tensor:
    """Draw ones with the probability, else zeros. NumPy's generator is five times as fast as PyTorch's."""
    seed = int(torch.randint(2**62, (), generator=generator))
    drawn = np.random.default_rng(seed).random(shape, dtype=np.float32)
    return torch.from_numpy((drawn < probability).astype(np.float32))
