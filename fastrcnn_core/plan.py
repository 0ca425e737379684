"""Plan of a training run: validation split, number of steps, steps between checkpoints.

Without PyTorch, so that a page can show it at once.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from fastrcnn_core.config import Config

VALIDATION_SEED = 43


def validation_split(names: Sequence[str], share: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Split names into training and validation, by seed 43; the same whatever the order of the names."""
    shuffled = sorted(names)
    random.Random(VALIDATION_SEED).shuffle(shuffled)
    count = round(share * len(shuffled))
    return tuple(sorted(shuffled[count:])), tuple(sorted(shuffled[:count]))


def steps_of_run(images: int, config: Config) -> int:
    """Count the steps that show each image `epochs` times; at least 1."""
    return max(1, math.ceil(config.training.epochs * images / config.sampling.images_per_step))


def steps_between_checkpoints(images: int, config: Config) -> int:
    """Count the steps of `checkpoint_every` epochs of so many images; at least 1."""
    steps = config.training.checkpoint_every * images / config.sampling.images_per_step
    return max(1, round(steps))
