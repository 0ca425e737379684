"""Compression of the head by truncated SVD: each wide layer becomes two narrow ones without a nonlinearity between.

Shape letters: I inputs of a layer, O outputs, T singular values that are kept, the layer's rank.
Source: Girshick, Fast R-CNN, ICCV 2015, section 3.1.
"""

from __future__ import annotations

import copy

import torch
from torch import nn

from fastrcnn_core.errors import ConfigError
from fastrcnn_core.model.network import FastRCNN

Ranks = tuple[int, int]


def compress_head(model: FastRCNN, ranks: Ranks) -> FastRCNN:
    """Compress the head by truncated SVD, in a copy of the model: T (I + O) weights a layer instead of I O.

    Args:
        model: stays as it is.
        ranks: of the first and of the second wide layer; higher is more accurate and slower.

    Raises:
        ConfigError: a layer has no such rank, or is compressed already.
    """
    layers = _wide_layers(model, ranks)
    shared = {id(layer): layer for layer in layers}  # not copied: they are replaced
    compressed: FastRCNN = copy.deepcopy(model, shared)
    compressed.head.layer1, compressed.head.layer2 = (
        _truncated(*pair) for pair in zip(layers, ranks, strict=True)
    )
    return compressed


def set_ranks(model: FastRCNN, ranks: Ranks) -> None:
    """Replace the head's wide layers by uninitialised ones of these ranks, for a checkpoint's weights.

    Raises:
        ConfigError: as `compress_head`.
    """
    layers = _wide_layers(model, ranks)
    model.head.layer1, model.head.layer2 = (
        nn.Sequential(*_narrow(*pair)) for pair in zip(layers, ranks, strict=True)
    )


def ranks_of(model: FastRCNN) -> Ranks | None:
    """Return the ranks of a compressed head; None if it is not compressed."""
    layers = (model.head.layer1, model.head.layer2)
    if any(isinstance(layer, nn.Linear) for layer in layers):
        return None
    first, second = (len(layer.get_parameter("0.weight")) for layer in layers)
    return first, second


@torch.no_grad()
def _truncated(layer: nn.Linear, rank: int) -> nn.Sequential:
    """Factor W ≈ U S Vᵀ: first the T rows of S Vᵀ without bias, then the T columns of U with the layer's own."""
    u, s, vt = torch.linalg.svd(layer.weight, full_matrices=False)
    first, second = _narrow(layer, rank)
    first.weight.copy_(s[:rank, None] * vt[:rank])
    second.weight.copy_(u[:, :rank])
    second.bias.copy_(layer.bias)
    return nn.Sequential(first, second)


def _narrow(layer: nn.Linear, rank: int) -> tuple[nn.Linear, nn.Linear]:
    """Make the two uninitialised layers that replace a wide one."""
    device = layer.weight.device
    return (
        nn.utils.skip_init(nn.Linear, layer.in_features, rank, bias=False, device=device),
        nn.utils.skip_init(nn.Linear, rank, layer.out_features, device=device),
    )


def _wide_layers(model: FastRCNN, ranks: Ranks) -> list[nn.Linear]:
    """Return the head's two wide layers. Raises ConfigError unless they can have these ranks."""
    layers = []
    for name, layer, rank in zip(
        ("first", "second"), (model.head.layer1, model.head.layer2), ranks, strict=True
    ):
        if not isinstance(layer, nn.Linear):
            raise ConfigError(
                "This detector's head is compressed already.", hint="Compress the original one."
            )
        highest = min(layer.weight.shape)
        if not 1 <= rank <= highest:
            raise ConfigError(
                f"The head's {name} wide layer has {highest} singular values, not {rank}.",
                hint=f"Keep 1 to {highest} of them.",
            )
        layers.append(layer)
    return layers
