"""A faster head by truncated SVD: each wide layer becomes two narrow ones without nonlinearity between them.

Shape letters: I inputs of a layer, O outputs, T singular values that are kept.
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
    """A new model whose head computes nearly the same with fewer numbers: T (I + O) a layer instead of I O.

    Args:
        model: stays as it is.
        ranks: how many singular values of the first and of the second wide layer stay; higher is nearer and slower.

    Raises:
        ConfigError: a layer has no such rank, or is compressed already.
    """
    head = model.head
    layers = [_wide(head.layer1), _wide(head.layer2)]
    _check(layers, ranks)
    not_needed = {id(layer): layer for layer in layers}
    compressed: FastRCNN = copy.deepcopy(model, not_needed)
    compressed.head.layer1, compressed.head.layer2 = (
        _truncated(*pair) for pair in zip(layers, ranks, strict=True)
    )
    return compressed


def make_room_for(model: FastRCNN, ranks: Ranks) -> None:
    """Give the head the layers of a compressed one, for a checkpoint to fill. Raises ConfigError as `compress_head`."""
    layers = [_wide(model.head.layer1), _wide(model.head.layer2)]
    _check(layers, ranks)
    model.head.layer1, model.head.layer2 = (
        nn.Sequential(*_narrow(*pair)) for pair in zip(layers, ranks, strict=True)
    )


def ranks_of(model: FastRCNN) -> Ranks | None:
    """How many singular values its head's wide layers have left; None if it was not compressed."""
    layers = (model.head.layer1, model.head.layer2)
    if any(isinstance(layer, nn.Linear) for layer in layers):
        return None
    first, second = (len(layer.get_parameter("0.weight")) for layer in layers)
    return first, second


@torch.no_grad()
def _truncated(layer: nn.Linear, rank: int) -> nn.Sequential:
    """W ≈ U S Vᵀ: first the T rows of S Vᵀ without bias, then the T columns of U with the layer's own."""
    u, s, vt = torch.linalg.svd(layer.weight, full_matrices=False)
    first, second = _narrow(layer, rank)
    first.weight.copy_(s[:rank, None] * vt[:rank])
    second.weight.copy_(u[:, :rank])
    second.bias.copy_(layer.bias)
    return nn.Sequential(first, second)


def _narrow(layer: nn.Linear, rank: int) -> tuple[nn.Linear, nn.Linear]:
    """Two layers in a wide one's place, still to be filled."""
    device = layer.weight.device
    return (
        nn.utils.skip_init(nn.Linear, layer.in_features, rank, bias=False, device=device),
        nn.utils.skip_init(nn.Linear, rank, layer.out_features, device=device),
    )


def _wide(layer: nn.Module) -> nn.Linear:
    if not isinstance(layer, nn.Linear):
        raise ConfigError(
            "This detector's head is compressed already.", hint="Compress the one it came from."
        )
    return layer


def _check(layers: list[nn.Linear], ranks: Ranks) -> None:
    for name, layer, rank in zip(("first", "second"), layers, ranks, strict=True):
        most = min(layer.weight.shape)
        if not 1 <= rank <= most:
            raise ConfigError(
                f"The head's {name} wide layer has {most} singular values, not {rank}.",
                hint=f"Keep 1 to {most} of them.",
            )
