"""The backbone: an ImageNet network up to stride 16, whose last stages may train.

Shape letters: N images, H, W input, C channels, h = ceil(H / 16), w = ceil(W / 16).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fastrcnn_core.backbones.architectures import ARCHITECTURES, STRIDE, Architecture, StateDict
from fastrcnn_core.backbones.frozen_norm import freeze_norms
from fastrcnn_core.errors import ConfigError, WeightsError


class Backbone(nn.Module):
    """Images in [0, 1] → feature maps: (N, 3, H, W) → (N, C, h, w).

    Attributes:
        stride: input pixels from one cell's center to the next one's.
        channels: C.
        first_cell: x, and y, of the first cell in input pixels, to which RoIAlign aligns its boxes.
        stages: the parts in order.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, stages: Iterable[nn.Module], architecture: Architecture) -> None:
        super().__init__()
        self.stride, self.channels = STRIDE, architecture.channels
        self.first_cell = architecture.first_cell
        self.stages = nn.ModuleList(stages)
        self.register_buffer("mean", torch.tensor(architecture.mean)[:, None, None])
        self.register_buffer("std", torch.tensor(architecture.std)[:, None, None])

    @property
    def frozen_stages(self) -> int:
        """Number of frozen stages, the first ones: their features of an image never change."""
        trains = [
            any(weight.requires_grad for weight in stage.parameters()) for stage in self.stages
        ]
        return trains.index(True) if True in trains else len(trains)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.trained_part(self.frozen_part(pixels))

    @torch.no_grad()
    def frozen_part(self, pixels: Tensor) -> Tensor:
        """Run the frozen stages on images in [0, 1], without gradients, so that the features can be cached."""
        height, width = pixels.shape[-2:]
        features = (pixels - self.mean) / self.std
        # To whole cells, with the mean colour, so that every strided layer meets an even side: TensorFlow's SAME
        # pads odd and even sides differently, and cells would shift with the size of the image.
        features = F.pad(features, (0, -width % STRIDE, 0, -height % STRIDE))
        features = _channels_last(features)
        for stage in self.stages[: self.frozen_stages]:
            features = stage(features)
        return features

    def trained_part(self, features: Tensor) -> Tensor:
        """Run the trainable stages on `frozen_part`'s features: (N, C, h, w)."""
        features = _channels_last(features)
        for stage in self.stages[self.frozen_stages :]:
            features = stage(features)
        return features


def _channels_last(features: Tensor) -> Tensor:
    """Convert to channels last, except on MPS. Measured on CPUs: a third faster; on CUDA the tensor cores' order."""
    if features.device.type == "mps":
        return features
    return features.contiguous(memory_format=torch.channels_last)


def build_backbone(name: str, *, trainable_stages: int, pretrained: bool = True) -> Backbone:
    """Build the named backbone with its ImageNet weights, or with random ones for a checkpoint to replace.

    Args:
        name: efficientnet_lite0 (6 stages, weights from a pip package), resnet50 (4) or vgg16 (5; torchvision's
            weights, downloaded once into TORCH_HOME).
        trainable_stages: how many of the last stages train; 0 freezes everything.
        pretrained: load the ImageNet weights.

    Raises:
        ConfigError: there is no such backbone, or it has fewer stages.
        WeightsError: the weights are not on this machine and cannot be downloaded, or do not fit.
    """
    architecture = ARCHITECTURES.get(name)
    if architecture is None:
        raise ConfigError(
            f"There is no backbone {name!r}.", hint=f"Take one of {', '.join(ARCHITECTURES)}."
        )
    with torch.device("meta"):  # nothing is allocated before the weights are loaded
        network = architecture.build()
        stages = architecture.stages(network)
    if not 0 <= trainable_stages <= len(stages):
        raise ConfigError(
            f"trainable_stages is {trainable_stages}, but {name} has {len(stages)} stages.",
            hint=f"Take 0 to {len(stages)}.",
        )
    if pretrained:
        _fill(network, architecture.weights())
    else:
        _randomise(stages)
    backbone = Backbone(stages, architecture)
    freeze_norms(backbone)
    for stage in backbone.stages[: len(stages) - trainable_stages]:
        stage.requires_grad_(False)
    return backbone


def _fill(network: nn.Module, weights: StateDict) -> None:
    """Load weights into an empty network, in float32; every name and shape is checked."""
    plain = {
        name: (tensor.float() if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in weights.items()
    }
    # Contiguous, as a checkpoint's are: some published files have TensorFlow's memory layout, for which other
    # kernels sum in another order, and a resumed run's losses would differ from the uninterrupted run's by 1e-7.
    try:
        network.load_state_dict(plain, assign=True)
    except RuntimeError as error:
        raise WeightsError(
            f"The ImageNet weights do not fit the network ({str(error).splitlines()[-1].strip()}).",
            hint="Install the versions that requirements.txt names.",
        ) from error


def _randomise(stages: Iterable[nn.Module]) -> None:
    """Initialise with He's method, the same at every call. Source: He et al., ICCV 2015, section 2.2."""
    generator = torch.Generator().manual_seed(0)
    for stage in stages:
        stage.to_empty(device="cpu")
        for module in stage.modules():
            if isinstance(module, nn.Conv2d):
                fan_in = module.weight[0].numel()
                nn.init.normal_(module.weight, std=math.sqrt(2 / fan_in), generator=generator)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.BatchNorm2d):
                module.reset_parameters()
