"""Optimiser: learning-rate schedule, parameter groups, the exponential moving average (EMA) of the weights, and state.

The state is named tensors: nothing is identified by its position in a list.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from fastrcnn_core.config import OptimiserConfig
from fastrcnn_core.errors import CheckpointError
from fastrcnn_core.files import write_tensors
from fastrcnn_core.model import FastRCNN

WARMUP_START = 0.01  # share of the learning rate at which the warm-up begins
WEIGHT = "weight"  # no optimiser has a state of this name


def learning_rate_at(step: int, *, total_steps: int, config: OptimiserConfig) -> float:
    """Schedule the head's learning rate at a step, counted from 1: linear warm-up, then the decay of `schedule`.

    All in fractions of the run, so that a longer run has the same shape.
    Source: Goyal et al., 2017, section 2.2; Girshick, Fast R-CNN, ICCV 2015, section 4.2.
    """
    done = (step - 1) / total_steps
    warmup = min(1.0, done / config.warmup) if config.warmup else 1.0
    decay = (
        _cosine_decay(done, config) if config.schedule == "cosine" else _step_decay(done, config)
    )
    return config.learning_rate * (WARMUP_START + (1 - WARMUP_START) * warmup) * decay


def _step_decay(done: float, config: OptimiserConfig) -> float:
    """Divide by 10 at each fraction of `drop_at`."""
    return 1 / 10 ** sum(done >= fraction for fraction in config.drop_at)


def _cosine_decay(done: float, config: OptimiserConfig) -> float:
    """Decay from 1 after the warm-up to 0 at the end. Source: Loshchilov & Hutter, SGDR, ICLR 2017, equation 5."""
    after_warmup = max(0.0, done - config.warmup) / (1 - config.warmup)
    return (1 + math.cos(math.pi * after_warmup)) / 2


def build_optimiser(model: nn.Module, config: OptimiserConfig) -> torch.optim.Optimizer:
    """Build the optimiser of all trainable weights; biases and other vectors have no weight decay.

    Each group's "factor" is its share of the learning rate: `backbone_rate` for the backbone, 1 for the head.
    Fused: one pass over the weights where PyTorch's default makes several, a quarter of a head's step on a CPU.
    """
    groups = _parameter_groups(model, config)
    if config.optimiser == "adamw":
        return torch.optim.AdamW(
            groups, lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
        )
    return torch.optim.SGD(
        groups,
        lr=config.learning_rate,
        momentum=config.momentum,
        weight_decay=config.weight_decay,
        fused=True,
    )


def _parameter_groups(model: nn.Module, config: OptimiserConfig) -> list[dict[str, Any]]:
    """Group the trainable weights by backbone or head, and by weight decay or none; no group is empty."""
    groups: dict[tuple[bool, bool], dict[str, Any]] = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            in_backbone, decays = name.startswith("backbone."), weight.ndim > 1
            group = groups.setdefault(
                (in_backbone, decays),
                {"params": [], "factor": config.backbone_rate if in_backbone else 1.0},
            )
            group["params"].append(weight)
            if not decays:
                group["weight_decay"] = 0.0
    return list(groups.values())


class ExponentialMovingAverage:
    """EMA of a model's weights: the mean of many noisy steps detects better than the last of them.

    Source: Polyak & Juditsky, SIAM J. Control and Optimization 30(4), 1992; Tarvainen & Valpola, NeurIPS 2017.

    Args:
        model: averaged; its frozen weights and its buffers are shared, not copied.
        decay: weight of the previous average in each update, in [0, 1).
    """

    def __init__(self, model: FastRCNN, decay: float) -> None:
        self.decay = decay
        frozen = [weight for weight in model.parameters() if not weight.requires_grad]
        shared = [*frozen, *model.buffers()]
        self.model: FastRCNN = copy.deepcopy(
            model, {id(tensor): tensor for tensor in shared}
        ).eval()

    @torch.no_grad()
    def update(self, model: FastRCNN, *, step: int) -> None:
        """Update the average with the weights after this step, counted from 1.

        The decay is at most (1 + step) / (10 + step), so that the initial weights are soon forgotten.
        Source: TensorFlow's ExponentialMovingAverage, `num_updates`.
        """
        decay = min(self.decay, (1 + step) / (10 + step))
        for average, weight in zip(self.model.parameters(), model.parameters(), strict=True):
            if weight.requires_grad:
                average.lerp_(weight, 1 - decay)


@dataclass(frozen=True, eq=False)
class TrainerState:
    """Number of steps done, and the optimiser's state: "name of the weight|name of the state" → tensor, on the CPU.

    With an EMA, whose weights are the checkpoint's, "name of the weight|weight" is the trained weight itself.
    """

    step: int
    tensors: Mapping[str, Tensor]


def save_state(path: Path, state: TrainerState) -> None:
    """Write the trainer's state to a file, atomically. Raises OSError, as for a full disk."""
    write_tensors(path, state.tensors, {"step": str(state.step)})


def load_state(path: Path) -> TrainerState:
    """Read the trainer's state from a file of `save_state`.

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


def state_tensors(
    model: nn.Module, optimiser: torch.optim.Optimizer, *, with_weights: bool
) -> dict[str, Tensor]:
    """Name the tensors of a `TrainerState`.

    Args:
        with_weights: include the trained weights, for a run whose checkpoints hold their EMA.
    """
    tensors: dict[str, Tensor] = {}
    for name, weight in _trainable(model).items():
        state = optimiser.state.get(weight, {}) | ({WEIGHT: weight} if with_weights else {})
        for key, value in state.items():
            if isinstance(value, Tensor):
                tensors[f"{name}|{key}"] = value.detach().cpu().contiguous()
    return tensors


@torch.no_grad()
def restore_tensors(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    tensors: Mapping[str, Tensor],
    *,
    with_weights: bool,
) -> None:
    """Restore what `state_tensors` named.

    Raises:
        CheckpointError: a weight is missing or has another shape, or there is state of one that is not trained.
    """
    weights = _trainable(model)
    for name in weights if with_weights else ():
        if f"{name}|{WEIGHT}" not in tensors:
            raise _mismatch(name)
    optimiser.state.clear()
    for label, value in tensors.items():
        name, _, key = label.partition("|")
        weight, is_scalar = weights.get(name), value.ndim == 0 and key != WEIGHT
        if weight is None or (value.shape != weight.shape and not is_scalar):
            raise _mismatch(name)
        if key != WEIGHT:
            optimiser.state[weight][key] = value.to(weight.device, copy=True)
        elif with_weights:
            weight.copy_(value)


def _trainable(model: nn.Module) -> dict[str, nn.Parameter]:
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


def _mismatch(name: str) -> CheckpointError:
    return CheckpointError(
        f"The checkpoint's trainer state does not match the model's trainable weights: {name!r}.",
        hint="Resume with the run's own config.",
    )
