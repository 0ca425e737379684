"""Several processes that train one model together, each on its share of a step's pictures; one alone is a team too.

The gradients are added by one explicit all-reduce a step instead of `DistributedDataParallel`: each process's loss is
divided by the counts of the whole step, so that gradients are to be summed and not averaged; the network is used in
parts and not by one `forward`; and the sum takes the loss along, so that all find at the same moment that it is no
number any more. What is given up is that sending begins before the backward pass has ended.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from fastrcnn_core.errors import ConfigError, RunError, UserError

T = TypeVar("T")
PATIENCE = timedelta(
    hours=1
)  # chosen here: a validation between two steps may take long; death is noticed at once


@dataclass(frozen=True)
class Team:
    """Which of how many processes this one is, and what they do together: every method is called by all, in one order.

    Args:
        rank: of this process, from 0; the first writes the run. size: how many there are.
        local_rank, local_size: the same among those of this machine.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this one writes metrics, status and checkpoints."""
        return self.rank == 0

    def first_place(self, count: int) -> int:
        """Which of a step's `count` pictures is this process's first."""
        return count * self.rank // self.size

    def share(self, items: Sequence[T]) -> Sequence[T]:
        """This process's part of a step's pictures: neighbours, so that the parts in order are the whole in order."""
        end = len(items) * (self.rank + 1) // self.size
        return items[self.first_place(len(items)) : end]

    def local_share(self, items: Sequence[T]) -> Sequence[T]:
        """This process's part of what each machine needs once; other machines may have disks of their own."""
        return items[self.local_rank :: self.local_size]

    def tell(self, speak: Callable[[], T]) -> T:
        """What the first process says, in all of them.

        Raises:
            UserError: the first one's, in all of them.
        """
        if self.size == 1:
            return speak()
        said: list[T | UserError | None] = [_said(speak) if self.is_first else None]
        with _together():
            dist.broadcast_object_list(said, src=0)
        if isinstance(said[0], UserError):
            raise said[0]
        return said[0]  # type: ignore[return-value]

    def most(self, number: int) -> int:
        """The largest of everybody's numbers."""
        return max(self.gather_everywhere(number))

    def gather_everywhere(self, value: T) -> list[T]:
        """Everybody's values, by rank."""
        if self.size == 1:
            return [value]
        values: list[T] = [value] * self.size
        with _together():
            dist.all_gather_object(values, value)
        return values

    def gather(self, value: T) -> list[T]:
        """Everybody's values, by rank, in the first process; the others get their own back."""
        if self.size == 1:
            return [value]
        values: list[T] | None = [value] * self.size if self.is_first else None
        with _together():
            dist.gather_object(value, values, dst=0)
        return [value] if values is None else values

    def add_up(self, loss: Tensor, weights: Sequence[Tensor]) -> Tensor:
        """Replace the weights' gradients by the sum of everybody's; returns the sum of the losses, ()."""
        if self.size == 1:
            return loss.detach()
        for weight in weights:
            weight.grad = torch.zeros_like(weight) if weight.grad is None else weight.grad
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        flat = torch.cat([loss.detach().reshape(1), *(it.reshape(-1) for it in gradients)])
        with _together():
            dist.all_reduce(flat)
        parts = flat[1:].split([it.numel() for it in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))
        return flat[0]

    @torch.no_grad()
    def align(self, module: nn.Module) -> None:
        """Give all the weights and buffers of the first one's."""
        if self.size > 1:
            with _together():
                for tensor in module.state_dict().values():
                    dist.broadcast(tensor, src=0)


ALONE = Team()


@contextmanager
def joined() -> Iterator[Team]:
    """The team that `torchrun` has started, or this process alone.

    gloo carries what is on the CPU, nccl what is on CUDA devices.
    """
    if not dist.is_torchelastic_launched() or os.environ["WORLD_SIZE"] == "1":
        yield ALONE
        return
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    with _together():
        dist.init_process_group(backend, timeout=PATIENCE)
    places = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    yield Team(*(int(os.environ[name]) for name in places))
    dist.destroy_process_group()


def expect_enough_pictures(team: Team, images_per_step: int) -> None:
    """Every process has something to do in every step.

    Raises:
        ConfigError: some would have nothing.
    """
    if images_per_step < team.size:
        raise ConfigError(
            f"{team.size} processes cannot share the {images_per_step} pictures of a step.",
            hint=f"Start at most {images_per_step} processes, or set images_per_step to {team.size} or more.",
        )


def _said(speak: Callable[[], T]) -> T | UserError:
    try:
        return speak()
    except UserError as error:
        return error


@contextmanager
def _together() -> Iterator[None]:
    """A collective that fails has lost one of the team: say so."""
    try:
        yield
    except (RuntimeError, dist.DistError) as error:
        raise RunError(
            "Another of the processes that train together has ended or cannot be reached, so this one ends too.",
            hint="Look at what that one said, and go on with --resume; the last checkpoint is intact.",
        ) from error
