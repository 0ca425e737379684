"""How large the steps are, and the rule that makes them."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from fastrcnn_core.config import OptimiserConfig

FIRST_STEP = 0.01  # warm-up begins at this share of the learning rate


def learning_rate_at(step: int, *, total_steps: int, config: OptimiserConfig) -> float:
    """The learning rate of the head at a step, counted from 1.

    It climbs in a line during the warm-up and falls as `schedule` says, in fractions of the run, so that a longer run
    has the same shape. Source: Goyal et al., 2017, section 2.2; Girshick, Fast R-CNN, ICCV 2015, section 4.2.
    """
    done = (step - 1) / total_steps
    climbed = min(1.0, done / config.warmup) if config.warmup else 1.0
    left = _cosine(done, config) if config.schedule == "cosine" else _steps(done, config)
    return config.learning_rate * (FIRST_STEP + (1 - FIRST_STEP) * climbed) * left


def _steps(done: float, config: OptimiserConfig) -> float:
    """Divided by 10 at each fraction of `drop_at`."""
    return 1 / 10 ** sum(done >= fraction for fraction in config.drop_at)


def _cosine(done: float, config: OptimiserConfig) -> float:
    """From 1 after the warm-up to 0 at the end. Source: Loshchilov & Hutter, SGDR, ICLR 2017, equation 5."""
    after = max(0.0, done - config.warmup) / (1 - config.warmup)
    return (1 + math.cos(math.pi * after)) / 2


def build_optimiser(model: nn.Module, config: OptimiserConfig) -> torch.optim.Optimizer:
    """The optimiser of everything that trains; biases and other vectors are not pulled towards 0.

    Each group's "factor" is its share of the learning rate: `backbone_rate` for the backbone, 1 for the head.
    Fused: one pass over the weights where PyTorch's usual one makes several, a quarter of a head's step on a CPU.
    """
    groups = _groups(model, config)
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


def _groups(model: nn.Module, config: OptimiserConfig) -> list[dict[str, Any]]:
    """The weights that train, by where they are and whether they decay; no group is empty."""
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
