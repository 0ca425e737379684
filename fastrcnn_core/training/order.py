"""Which pictures come in a step, by name."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from fastrcnn_core.training.randomness import generator_of


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
