"""The head: two fully connected layers on each RoI's features, then classification and box regression.

Shape letters: R RoIs, C channels, S cells a side, D hidden units, K classes without the background.
Source: Girshick, Fast R-CNN, ICCV 2015, section 2.1.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fastrcnn_core.config import ModelConfig
from fastrcnn_core.structures import RoIOutputs

DropoutMasks = tuple[Tensor, Tensor]  # of both hidden layers, (R, D) each: 0 or 1 / (1 - p)


class Head(nn.Module):
    """RoI features → class logits and box deltas: (R, C, S, S) → (R, K + 1), (R, K, 4)."""

    def __init__(
        self,
        config: ModelConfig,
        *,
        channels: int,
        class_count: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        first = _linear(channels * config.roi_cells**2, config.hidden)
        second = _linear(config.hidden, config.hidden)
        self.layer1: nn.Module = first  # `compress_head` replaces each by two layers
        self.layer2: nn.Module = second
        self.class_logits = _linear(config.hidden, class_count + 1)
        self.class_count = class_count
        self.deltas = _linear(config.hidden, 4 * (1 if config.class_agnostic else class_count))
        self.dropout = nn.Dropout(config.dropout)
        self._initialise((first, second), generator, deltas_std=config.deltas_init_std)

    def forward(
        self, roi_features: Tensor, dropout_masks: DropoutMasks | None = None
    ) -> RoIOutputs:
        """Classify RoIs and regress their boxes; without `dropout_masks` training mode draws them."""
        hidden = self.hidden(roi_features, dropout_masks)
        # In float32 even under autocast: softmax and the losses need its precision.
        deltas = self.deltas(hidden).float().unflatten(1, (-1, 4))
        return RoIOutputs(
            self.class_logits(hidden).float(),
            deltas.expand(-1, self.class_count, -1),  # class-agnostic regression: one for all
        )

    def hidden(self, roi_features: Tensor, dropout_masks: DropoutMasks | None = None) -> Tensor:
        """Compute the activations of the last hidden layer: (R, C, S, S) → (R, D), ≥ 0."""
        first, second = dropout_masks or (None, None)
        hidden = self._drop(F.relu(self.layer1(roi_features.flatten(1))), first)
        return self._drop(F.relu(self.layer2(hidden)), second)

    def _drop(self, hidden: Tensor, mask: Tensor | None) -> Tensor:
        dropped: Tensor = self.dropout(hidden) if mask is None else hidden * mask.to(hidden)
        return dropped

    @torch.no_grad()
    def _initialise(
        self, wide: tuple[nn.Linear, nn.Linear], generator: torch.Generator, *, deltas_std: float
    ) -> None:
        """Draw the initial weights. Source: Fast R-CNN, section 2.3; the two wide layers: Glorot, as in Detectron."""
        for layer in wide:
            nn.init.kaiming_uniform_(layer.weight, a=1, generator=generator)
        nn.init.normal_(self.class_logits.weight, std=0.01, generator=generator)
        nn.init.normal_(self.deltas.weight, std=deltas_std, generator=generator)
        for layer in (*wide, self.class_logits, self.deltas):
            nn.init.zeros_(layer.bias)


def _linear(inputs: int, outputs: int) -> nn.Linear:
    """Make a layer without initial weights: PyTorch's own would draw from the global generator."""
    return nn.utils.skip_init(nn.Linear, inputs, outputs)
