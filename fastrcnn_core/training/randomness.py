"""Everything random in a run comes from its seed, a purpose and numbers, and from nothing that was drawn before."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def generator_of(seed: int, purpose: str, *numbers: int) -> torch.Generator:
    """The random source for one purpose of an epoch, or of a place in a step; purposes do not disturb each other."""
    mixed = random.Random(" ".join(map(str, (seed, purpose, *numbers)))).getrandbits(63)
    return torch.Generator().manual_seed(mixed)


def draw_kept(
    counts: Sequence[int], generators: Sequence[torch.Generator], *, width: int, dropout: float
) -> tuple[Tensor, Tensor] | None:
    """What dropout leaves of two hidden layers: each (R, width), 0 or 1 / (1 - dropout); None if it leaves everything.

    Each picture's rows are drawn from its own generator and on the CPU, so that they are the same on every device and
    whichever process looks at the picture. Source: Srivastava et al., JMLR 2014, section 10.

    Args:
        counts, generators: RoIs and random source of each picture; R RoIs of all.
    """
    if dropout == 0:
        return None
    drawn = [
        _keep_some((2, count, width), 1 - dropout, generator)
        for count, generator in zip(counts, generators, strict=True)
    ]
    first, second = torch.cat(drawn, dim=1).div_(max(1 - dropout, 1e-9))
    return first, second


def _keep_some(shape: tuple[int, ...], probability: float, generator: torch.Generator) -> Tensor:
    """1 with the probability, else 0. NumPy's generator draws five times as fast as PyTorch's."""
    seed = int(torch.randint(2**62, (), generator=generator))
    drawn = np.random.default_rng(seed).random(shape, dtype=np.float32)
    return torch.from_numpy((drawn < probability).astype(np.float32))
