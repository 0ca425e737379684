"""A backbone: an ImageNet network up to stride 16, whose last stages may train.

Shape letters: N pictures, H, W input, C channels, h = ceil(H / 16), w = ceil(W / 16).
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
    """Pictures in [0, 1] → features: (N, 3, H, W) → (N, C, h, w).

    Attributes:
        stride: input pixels from one cell's center to the next one's.
        channels: C.
        first_cell: x, and y, of the first cell's center in input pixels: where the cells are is a matter of how
            the strided layers pad, and RoIAlign must look for them there.
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
        """How many of the first stages never train: what they make of a picture never changes."""
        trains = [any(it.requires_grad for it in stage.parameters()) for stage in self.stages]
        return trains.index(True) if True in trains else len(trains)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.trained_part(self.frozen_part(pixels))

    @torch.no_grad()
    def frozen_part(self, pixels: Tensor) -> Tensor:
        """What the frozen stages make of pictures in [0, 1], without gradient: worth remembering."""
        height, width = pixels.shape[-2:]
        features = (pixels - self.mean) / self.std
        # To whole cells, with the mean colour, so that every strided layer meets an even side: TensorFlow's SAME
        # pads odd and even sides differently, and cells would shift with the size of the picture.
        features = F.pad(features, (0, -width % STRIDE, 0, -height % STRIDE))
        features = _in_fast_order(features)
        for stage in self.stages[: self.frozen_stages]:
            features = stage(features)
        return features

    def trained_part(self, features: Tensor) -> Tensor:
        """What the stages that train make of `frozen_part`'s result: (N, C, h, w)."""
        features = _in_fast_order(features)
        for stage in self.stages[self.frozen_stages :]:
            features = stage(features)
        return features


def _in_fast_order(features: Tensor) -> Tensor:
    """Channels last, but for MPS. Measured on CPUs: a third faster; on CUDA it is the tensor cores' own order."""
    if features.device.type == "mps":
        return features
    return features.contiguous(memory_format=torch.channels_last)


def build_backbone(name: str, *, trainable_stages: int, pretrained: bool = True) -> Backbone:
    """The named backbone with its ImageNet weights, or with random ones for a checkpoint to replace.

    Args:
        name: efficientnet_lite0 (6 stages, weights from a pip package), resnet50 (4) or vgg16 (5; torchvision's
            weights, downloaded once into TORCH_HOME).
        trainable_stages: how many of the last stages train; 0 freezes everything.
        pretrained: whether to read the ImageNet weights.

    Raises:
        ConfigError: there is no such backbone, or it has fewer stages.
        WeightsError: the weights are not here and cannot be fetched, or do not fit.
    """
    architecture = ARCHITECTURES.get(name)
    if architecture is None:
        raise ConfigError(
            f"There is no backbone {name!r}.", hint=f"Take one of {', '.join(ARCHITECTURES)}."
        )
    with torch.device("meta"):  # nothing is computed or stored before the weights are there
        network = architecture.build()
        stages = architecture.stages(network)
    _check_stage_count(name, trainable_stages, len(stages))
    if pretrained:
        _fill(network, architecture.weights())
    else:
        _randomise(stages)
    return _freeze(Backbone(stages, architecture), trainable_stages)


def _check_stage_count(name: str, trainable_stages: int, count: int) -> None:
    if not 0 <= trainable_stages <= count:
        raise ConfigError(
            f"trainable_stages is {trainable_stages}, but {name} has {count} stages.",
            hint=f"Take 0 to {count}.",
        )


def _fill(network: nn.Module, weights: StateDict) -> None:
    """Give an empty network its weights, in float32; every name and shape is checked."""
    plain = {
        name: (tensor.float() if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in weights.items()
    }
    # Contiguous, as a checkpoint's are: some published files keep TensorFlow's order in memory, for which
    # other kernels add in another order, and a resumed run's losses would leave the unbroken run's by 1e-7.
    try:
        network.load_state_dict(plain, assign=True)
    except RuntimeError as error:
        raise WeightsError(
            f"The ImageNet weights do not fit the network ({str(error).splitlines()[-1].strip()}).",
            hint="Install the versions that requirements.txt names.",
        ) from error


def _randomise(stages: Iterable[nn.Module]) -> None:
    """He's initialisation, the same at every call. Source: He et al., ICCV 2015, section 2.2."""
    generator = torch.Generator().manual_seed(0)
    for stage in stages:
        stage.to_empty(device="cpu")
        for module in stage.modules():
            if isinstance(module, nn.Conv2d):
                inputs = module.weight[
                    0
                ].numel()  # that one output sees; few, where channels are apart
                nn.init.normal_(module.weight, std=math.sqrt(2 / inputs), generator=generator)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.BatchNorm2d):
                module.reset_parameters()


def _freeze(backbone: Backbone, trainable_stages: int) -> Backbone:
    """BatchNorm never changes, and of the stages only the last few do."""
    freeze_norms(backbone)
    for stage in backbone.stages[: len(backbone.stages) - trainable_stages]:
        stage.requires_grad_(False)
    return backbone
