"""How large the steps are, and the rule that makes them."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from fastrcnn_core.config import OptimiserConfig

FIRST_STEP = 0.01  # warm-up begins at this share of the learning rate


def learning_rate_at(step: int, *, total_steps: int, config: OptimiserConfig) -> float:
    """The learning rate of a step, counted from 1.

    It climbs in a line during the warm-up and is divided by 10 at each fraction of `drop_at`, so that a longer run
    has the same shape. Source: Goyal et al., 2017, section 2.2; Girshick, Fast R-CNN, ICCV 2015, section 4.2.
    """
    done = (step - 1) / total_steps
    climbed = min(1.0, done / config.warmup) if config.warmup else 1.0
    drops = sum(done >= fraction for fraction in config.drop_at)
    return config.learning_rate * (FIRST_STEP + (1 - FIRST_STEP) * climbed) / 10**drops


def build_optimiser(model: nn.Module, config: OptimiserConfig) -> torch.optim.Optimizer:
    """The optimiser of everything that trains; biases and other vectors are not pulled towards 0.

    Fused: one pass over the weights where PyTorch's usual one makes several, a quarter of a head's step on a CPU.
    """
    trained = [value for value in model.parameters() if value.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [value for value in trained if value.ndim > 1]},
        {"params": [value for value in trained if value.ndim <= 1], "weight_decay": 0.0},
    ]
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
