"""Which pictures are trained on, which are kept out for choosing, and which come in a step: all by name."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import torch

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


def names_of_step(names: Sequence[str], *, step: int, images: int, seed: int) -> tuple[str, ...]:
    """The pictures of a step, counted from 1: every epoch shuffles all names anew, a step may span two epochs.

    A function of its arguments alone, so that a resumed run meets the pictures in the order of an unbroken one.
    """
    first = (step - 1) * images
    return tuple(_name_at(sorted(names), place, seed) for place in range(first, first + images))


def _name_at(names: Sequence[str], place: int, seed: int) -> str:
    epoch, position = divmod(place, len(names))
    order = torch.randperm(len(names), generator=generator_of(seed, "epoch", epoch))
    return names[int(order[position])]


def generator_of(seed: int, purpose: str, number: int) -> torch.Generator:
    """The random source for one purpose of one step or epoch; different purposes do not disturb each other."""
    mixed = random.Random(f"{seed} {purpose} {number}").getrandbits(63)
    return torch.Generator().manual_seed(mixed)
