"""Data-parallel training in several processes, each on its shard of a step's batch; a single process is the usual case.

The gradients are summed by one explicit all-reduce a step instead of `DistributedDataParallel`: each process's loss is
divided by the counts of the whole batch, so that gradients are to be summed and not averaged; the network is used in
parts and not by one `forward`; and the sum takes the loss along, so that all processes find a NaN at the same moment.
What is given up is that communication begins before the backward pass has ended.
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

from fastrcnn_core.errors import ConfigError, TrainingError, UserError

T = TypeVar("T")
# Chosen here: a validation between two steps may take long; the death of a process is noticed at once.
TIMEOUT = timedelta(hours=1)


@dataclass(frozen=True)
class ProcessGroup:
    """Rank of this process among those that train together; every collective is called by all, in the same order.

    Args:
        rank: of this process, from 0; rank 0 writes the run. size: number of processes (the world size).
        local_rank, local_size: the same among the processes of this machine.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1

    @property
    def is_first(self) -> bool:
        """Rank 0, which writes metrics, status and checkpoints."""
        return self.rank == 0

    def shard_start(self, count: int) -> int:
        """Position of this process's shard in a batch of `count` images."""
        return count * self.rank // self.size

    def shard(self, items: Sequence[T]) -> Sequence[T]:
        """Shard a batch: this process's contiguous part, so that the parts in order of rank are the batch in order."""
        end = len(items) * (self.rank + 1) // self.size
        return items[self.shard_start(len(items)) : end]

    def local_shard(self, items: Sequence[T]) -> Sequence[T]:
        """Shard work that each machine needs done once; machines may have disks of their own."""
        return items[self.local_rank :: self.local_size]

    def broadcast(self, compute: Callable[[], T]) -> T:
        """Broadcast the first process's value to every process; only the first computes it.

        Raises:
            UserError: the first process's, in all of them.
        """
        if self.size == 1:
            return compute()
        values: list[T | UserError | None] = [_value_or_error(compute) if self.is_first else None]
        with _peer_errors():
            dist.broadcast_object_list(values, src=0)
        if isinstance(values[0], UserError):
            raise values[0]
        return values[0]  # type: ignore[return-value]

    def max(self, number: int) -> int:
        """Reduce the numbers of all processes to their maximum."""
        return max(self.all_gather(number))

    def all_gather(self, value: T) -> list[T]:
        """Gather the values of all processes, by rank, in every process."""
        if self.size == 1:
            return [value]
        values: list[T] = [value] * self.size
        with _peer_errors():
            dist.all_gather_object(values, value)
        return values

    def all_reduce_gradients(self, loss: Tensor, weights: Sequence[Tensor]) -> Tensor:
        """All-reduce the weights' gradients to their sums, in place; returns the sum of the losses, ()."""
        if self.size == 1:
            return loss.detach()
        for weight in weights:
            weight.grad = torch.zeros_like(weight) if weight.grad is None else weight.grad
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        flat = torch.cat([loss.detach().reshape(1), *(grad.reshape(-1) for grad in gradients)])
        with _peer_errors():
            dist.all_reduce(flat)
        parts = flat[1:].split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))
        return flat[0]

    @torch.no_grad()
    def broadcast_weights(self, module: nn.Module) -> None:
        """Broadcast the first process's weights and buffers to every process."""
        if self.size > 1:
            with _peer_errors():
                for tensor in module.state_dict().values():
                    dist.broadcast(tensor, src=0)


SINGLE_PROCESS = ProcessGroup()


@contextmanager
def init_distributed() -> Iterator[ProcessGroup]:
    """Initialise the process group that `torchrun` started, or yield the single process.

    gloo transfers tensors on the CPU, nccl those on CUDA devices.
    """
    if not dist.is_torchelastic_launched() or os.environ["WORLD_SIZE"] == "1":
        yield SINGLE_PROCESS
        return
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    with _peer_errors():
        dist.init_process_group(backend, timeout=TIMEOUT)
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
    yield ProcessGroup(*(int(os.environ[name]) for name in names))
    dist.destroy_process_group()


def expect_enough_images(processes: ProcessGroup, images_per_step: int) -> None:
    """Check that every process has an image in each batch.

    Raises:
        ConfigError: there are more processes than images in a batch.
    """
    if images_per_step < processes.size:
        raise ConfigError(
            f"{processes.size} processes cannot share the {images_per_step} images of a step.",
            hint=f"Start at most {images_per_step} processes, or set images_per_step to {processes.size} or more.",
        )


def _value_or_error(compute: Callable[[], T]) -> T | UserError:
    try:
        return compute()
    except UserError as error:
        return error


@contextmanager
def _peer_errors() -> Iterator[None]:
    """Turn the failure of a collective into a TrainingError: another process has ended."""
    try:
        yield
    except (RuntimeError, dist.DistError) as error:
        raise TrainingError(
            "Another of the processes that train together has ended or cannot be reached, so this one ends too.",
            hint="See that process's output.",
        ) from error
