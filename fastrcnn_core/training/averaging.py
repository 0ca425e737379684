"""A moving average of the weights: the mean of many noisy steps detects better than the last of them.

Source: Polyak & Juditsky, SIAM J. Control and Optimization 30(4), 1992; Tarvainen & Valpola, NeurIPS 2017.
"""

from __future__ import annotations

import copy

import torch

from fastrcnn_core.model import FastRCNN


class WeightAverage:
    """A model whose weights follow another's, `decay` behind.

    Args:
        model: whose weights are followed; what never trains is shared with it, not copied.
        decay: what stays of the average at each step, in [0, 1).
    """

    def __init__(self, model: FastRCNN, decay: float) -> None:
        self.decay = decay
        constant = [it for it in model.parameters() if not it.requires_grad] + list(model.buffers())
        self.model: FastRCNN = copy.deepcopy(model, {id(it): it for it in constant}).eval()

    @torch.no_grad()
    def follow(self, model: FastRCNN, *, step: int) -> None:
        """Move towards the weights after this step, counted from 1.

        The first steps count for more, so that where the weights began is soon forgotten: the decay is at most
        (1 + step) / (10 + step). Source: TensorFlow's ExponentialMovingAverage, `num_updates`.
        """
        decay = min(self.decay, (1 + step) / (10 + step))
        for mine, new in zip(self.model.parameters(), model.parameters(), strict=True):
            if new.requires_grad:
                mine.lerp_(new, 1 - decay)
