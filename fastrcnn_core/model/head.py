"""The head: what two fully connected layers say of each RoI's features.

Shape letters: R RoIs, C channels, S cells a side, K classes without the background.
Source: Girshick, Fast R-CNN, ICCV 2015, section 2.1.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fastrcnn_core.config import ModelConfig
from fastrcnn_core.structures import RoIOutputs


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
        self.layer1: nn.Module = first  # `compress_head` puts two layers in the place of each
        self.layer2: nn.Module = second
        self.class_logits = _linear(config.hidden, class_count + 1)
        self.class_count = class_count
        self.deltas = _linear(config.hidden, 4 * (1 if config.class_agnostic else class_count))
        self.dropout = nn.Dropout(config.dropout)
        self._initialise((first, second), generator, deltas_std=config.deltas_init_std)

    def forward(
        self, roi_features: Tensor, kept: tuple[Tensor, Tensor] | None = None
    ) -> RoIOutputs:
        """What the layers say; `kept`: dropout's factors of both hidden layers, (R, hidden) each, if drawn already."""
        first, second = kept or (None, None)
        hidden = self._dropped(F.relu(self.layer1(roi_features.flatten(1))), first)
        hidden = self._dropped(F.relu(self.layer2(hidden)), second)
        # In float32 whatever the layers computed in: the losses and softmax want its precision.
        deltas = self.deltas(hidden).float().unflatten(1, (-1, 4))
        return RoIOutputs(
            self.class_logits(hidden).float(),
            deltas.expand(-1, self.class_count, -1),  # one for all where it is class-agnostic
        )

    def _dropped(self, hidden: Tensor, kept: Tensor | None) -> Tensor:
        dropped: Tensor = self.dropout(hidden) if kept is None else hidden * kept.to(hidden)
        return dropped

    @torch.no_grad()
    def _initialise(
        self, wide: tuple[nn.Linear, nn.Linear], generator: torch.Generator, *, deltas_std: float
    ) -> None:
        """Random first weights. Source: Fast R-CNN, section 2.3; the two wide layers: Glorot, as in Detectron."""
        for layer in wide:
            nn.init.kaiming_uniform_(layer.weight, a=1, generator=generator)
        nn.init.normal_(self.class_logits.weight, std=0.01, generator=generator)
        nn.init.normal_(self.deltas.weight, std=deltas_std, generator=generator)
        for layer in (*wide, self.class_logits, self.deltas):
            nn.init.zeros_(layer.bias)


def _linear(inputs: int, outputs: int) -> nn.Linear:
    """A layer whose weights are still to be drawn: PyTorch's own would draw from the global generator."""
    return nn.utils.skip_init(nn.Linear, inputs, outputs)
