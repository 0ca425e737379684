"""Frozen BatchNorm: a constant scale and shift of each channel, folded into the convolution before it.

With one or two images in a step, batch statistics are noise and their running means drift away from the
weights that were trained with them. Here nothing can move them, and no pass over the features is spent on them.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class NormalisedConv2d(nn.Module):
    """A convolution and the frozen BatchNorm behind it, as one convolution with scaled weights and a bias.

    The convolution's weight trains as before. Scale and shift are buffers: no training step, average or
    weight decay reaches them, in training mode neither.

    Args:
        conv: without a bias of its own. Its input's sides are multiples of its stride.
        norm: with the statistics and the affine part to freeze.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, conv: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        assert conv.bias is None
        assert norm.running_mean is not None
        assert norm.running_var is not None
        self.weight = conv.weight
        self.stride, self.groups, self.padding = conv.stride, conv.groups, _padding(conv)
        scale = norm.weight.detach() / (norm.running_var + norm.eps).sqrt()
        self.register_buffer("scale", scale[:, None, None, None])
        self.register_buffer("shift", norm.bias.detach() - norm.running_mean * scale)

    def forward(self, features: Tensor) -> Tensor:
        before, after = self.padding
        if before != after:
            features, before = F.pad(features, (before, after, before, after)), 0
        weight = self.weight * self.scale
        if not self._wants_float32(features):
            return F.conv2d(features, weight, self.shift, self.stride, before, groups=self.groups)
        with torch.autocast("cpu", enabled=False):
            return F.conv2d(
                features.float(), weight, self.shift, self.stride, before, groups=self.groups
            )

    def _wants_float32(self, features: Tensor) -> bool:
        """Detect a depthwise convolution that trains on a CPU: its gradient takes four times as long in bfloat16."""
        on_cpu = features.device.type == "cpu" and torch.is_autocast_enabled("cpu")
        return on_cpu and self.groups > 1 and torch.is_grad_enabled()


def freeze_norms(module: nn.Module) -> None:
    """Replace each convolution with a BatchNorm right behind it by a `NormalisedConv2d`, recursively."""
    children = list(module.named_children())
    for (conv_name, conv), (norm_name, norm) in pairwise(children):
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            setattr(module, conv_name, NormalisedConv2d(conv, norm))
            # timm's BatchNorm carries the activation that follows it.
            setattr(module, norm_name, getattr(norm, "act", nn.Identity()))
    for child in module.children():
        freeze_norms(child)


def _padding(conv: nn.Conv2d) -> tuple[int, int]:
    """Compute the padding at both ends of a side. TensorFlow's SAME, timm's `Conv2dSame`, puts the odd one after."""
    if type(conv) is nn.Conv2d:
        assert isinstance(conv.padding, tuple)
        return conv.padding[0], conv.padding[0]
    total = conv.kernel_size[0] - conv.stride[0]
    return total // 2, total - total // 2
