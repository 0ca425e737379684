"""What a trainer remembers between steps, as named tensors: nothing is identified by its place in a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from fastrcnn_core.errors import CheckpointError
from fastrcnn_core.files import write_tensors

WEIGHT = "weight"  # no optimiser calls a memory so


@dataclass(frozen=True, eq=False)
class TrainerState:
    """Steps done, and the optimiser's memory: "name of the weight|name of the memory" → tensor, on the CPU.

    Where the average of the weights is what detects, "name of the weight|weight" is the weight itself.
    """

    step: int
    tensors: Mapping[str, Tensor]


def save_state(path: Path, state: TrainerState) -> None:
    """Write the state; the file appears whole or not at all. Raises OSError, as for a full disk."""
    write_tensors(path, state.tensors, {"step": str(state.step)})


def load_state(path: Path) -> TrainerState:
    """Read what `save_state` wrote.

    Raises:
        CheckpointError: the file is missing or damaged.
    """
    try:
        with safe_open(path, framework="pt") as file:
            step = int(file.metadata()["step"])
            return TrainerState(step, {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path.name} in {path.parent} is missing or damaged.",
            hint="The run can be looked at, but not resumed; train again.",
        ) from error


def optimiser_tensors(optimiser: torch.optim.Optimizer, model: nn.Module) -> dict[str, Tensor]:
    """What the optimiser remembers of each weight, by the weight's name."""
    return {
        f"{name}|{key}": value.detach().cpu().contiguous()
        for name, weight in model.named_parameters()
        for key, value in optimiser.state.get(weight, {}).items()
        if isinstance(value, Tensor)
    }


def weight_tensors(model: nn.Module) -> dict[str, Tensor]:
    """The weights that train, for a run whose checkpoints hold their average."""
    return {
        f"{name}|{WEIGHT}": weight.detach().cpu().contiguous()
        for name, weight in model.named_parameters()
        if weight.requires_grad
    }


@torch.no_grad()
def restore_weights(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put the weights that train back to what `weight_tensors` remembered.

    Raises:
        CheckpointError: there is no memory of one of them, or of another shape.
    """
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            kept = tensors.get(f"{name}|{WEIGHT}")
            if kept is None or kept.shape != weight.shape:
                raise _foreign(name)
            weight.copy_(kept)


def restore_optimiser(
    optimiser: torch.optim.Optimizer, model: nn.Module, tensors: Mapping[str, Tensor]
) -> None:
    """Give the optimiser back what it remembered.

    Raises:
        CheckpointError: there is memory of a weight that this model does not train.
    """
    weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    optimiser.state.clear()
    for place, value in tensors.items():
        name, _, key = place.partition("|")
        weight = weights.get(name)
        if weight is None or (value.ndim and value.shape != weight.shape):
            raise _foreign(name)
        if key != WEIGHT:
            optimiser.state[weight][key] = value.to(weight.device, copy=True)


def _foreign(name: str) -> CheckpointError:
    return CheckpointError(
        f"The checkpoint does not remember the weight {name!r}, or remembers it though this model does not train like "
        "that.",
        hint="Resume with the run's own config.",
    )
