"""Everything random in a run comes from its seed, a purpose and a number, and from nothing that was drawn before."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def generator_of(seed: int, purpose: str, number: int) -> torch.Generator:
    """The random source for one purpose of one step or epoch; different purposes do not disturb each other."""
    mixed = random.Random(f"{seed} {purpose} {number}").getrandbits(63)
    return torch.Generator().manual_seed(mixed)


@contextmanager
def seeded(generator: torch.Generator, device: torch.device) -> Iterator[None]:
    """Dropout draws from PyTorch's own source: seeded from ours inside, left as it was outside."""
    seed = int(torch.randint(2**62, (), generator=generator))
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield
