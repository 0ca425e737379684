"""What a run will do, before it begins: which pictures are kept out for choosing, and how many steps there are.

Without PyTorch, so that a page can say it at once.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from fastrcnn_core.config import Config

VALIDATION_SEED = 43


def validation_split(names: Sequence[str], share: float) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names to train on and those kept out for choosing; the same whatever the order of the names."""
    shuffled = sorted(names)
    random.Random(VALIDATION_SEED).shuffle(shuffled)
    count = round(share * len(shuffled))
    return tuple(sorted(shuffled[count:])), tuple(sorted(shuffled[:count]))


def steps_of_run(pictures: int, config: Config) -> int:
    """How many steps show each picture as often as `epochs` says; at least 1."""
    return max(1, math.ceil(config.training.epochs * pictures / config.sampling.images_per_step))
