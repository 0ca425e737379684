"""The forward half on a pretended CUDA device: nothing on the way is made on the CPU, and the numbers are the same."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.symbolic_shapes import ShapeEnv

from fastrcnn_core.config import (
    Config,
    DetectionConfig,
    ImageConfig,
    LossConfig,
    ModelConfig,
    PredictionConfig,
    SamplingConfig,
)
from fastrcnn_core.detection import predict, select
from fastrcnn_core.losses import losses
from fastrcnn_core.model import FastRCNN, compress_head, image_tensor
from fastrcnn_core.nms import greedy_nms
from fastrcnn_core.roi_sampling import sample_rois
from fastrcnn_core.structures import Detections, Image, RoIPredictions, SampledRoIs
from fastrcnn_core.training.optimiser import ExponentialMovingAverage
from fastrcnn_core.training.rois import ohem_rois
from tests.support.pretended_cuda import PretendedCuda, PretendedTensor

BOXES = [[10.0, 5, 30, 45], [11, 6, 33, 44], [0, 0, 20, 20], [12, 20, 48, 39], [8, 5, 30, 40]]
NOTEBOOK_LOSS = LossConfig(box_mean="foreground_coordinates")


def network(backbone: str = "efficientnet_lite0", **knobs: Any) -> FastRCNN:
    return FastRCNN(
        ModelConfig(backbone=backbone, hidden=8, trainable_stages=2, deltas_init_std=0.1, **knobs),  # type: ignore[arg-type]
        ImageConfig(shorter_side=64),
        ("person", "dog"),
        generator=torch.Generator().manual_seed(0),
        pretrained=False,
    ).eval()


def image() -> Image:
    pixels = np.random.default_rng(0).integers(0, 256, (50, 60, 3), dtype=np.uint8)
    return Image(pixels, "noise")


def sampled(device: str) -> SampledRoIs:
    return sample_rois(
        proposals=torch.tensor(BOXES, device=device),
        gt_boxes=torch.tensor([[10.0, 5, 30, 45]], device=device),
        gt_labels=torch.tensor([2], device=device),
        config=SamplingConfig(rois_per_image=4, foreground_share=0.5),
        delta_std=(0.1, 0.1, 0.2, 0.2),
        generator=torch.Generator().manual_seed(0),
    )


def training_forward(model: FastRCNN, device: str, config: LossConfig) -> Tensor:
    """Compute a training step up to its loss."""
    rois = sampled(device)
    features = model.features(image_tensor(image()).to(device))
    outputs = model.outputs([features], [rois.boxes])
    return losses(outputs, labels=rois.labels, targets=rois.targets, config=config).total


def values(result: Tensor) -> Tensor:
    assert isinstance(result, PretendedTensor)
    return result.values


@pytest.mark.parametrize("backbone", ["efficientnet_lite0", "resnet50"])
@pytest.mark.parametrize("config", [LossConfig(), NOTEBOOK_LOSS], ids=["paper", "notebook"])
def test_fault_two_devices_training_computes_on_cuda_what_it_computes_on_the_cpu(
    backbone: str, config: LossConfig
) -> None:
    expected = training_forward(network(backbone), "cpu", config)
    with PretendedCuda():
        on_cuda = training_forward(network(backbone).to("cuda"), "cuda", config)
    torch.testing.assert_close(values(on_cuda), expected)


def test_fault_two_devices_the_same_seed_draws_the_same_rois_on_every_device() -> None:
    expected = sampled("cpu")
    with PretendedCuda():
        drawn = sampled("cuda")
    for name in ("boxes", "labels", "targets", "iou", "gt_index", "candidate_index"):
        torch.testing.assert_close(values(getattr(drawn, name)), getattr(expected, name))


def test_fault_two_devices_detection_runs_on_cuda_and_its_predictions_are_on_the_cpu() -> None:
    proposals = np.array(BOXES, dtype=np.float32)
    expected = predict(network(), image(), proposals)
    with PretendedCuda():
        answer = predict(network().to("cuda"), image(), proposals)
    for name in ("rois", "boxes", "scores"):
        assert type(getattr(answer, name)) is Tensor
        torch.testing.assert_close(getattr(answer, name), getattr(expected, name))


def test_fault_two_devices_test_time_augmentation_runs_on_cuda() -> None:
    proposals = np.array(BOXES, dtype=np.float32)
    every = PredictionConfig(box_passes=2, tta_flip=True, tta_scales=(1.0, 1.5))
    expected = predict(network(), image(), proposals, every)
    with PretendedCuda():
        answer = predict(network().to("cuda"), image(), proposals, every)
    torch.testing.assert_close(answer.scores, expected.scores)
    torch.testing.assert_close(answer.boxes, expected.boxes)


@pytest.mark.parametrize("knobs", [{"roi_layer": "pool"}, {"class_agnostic": True}], ids=str)
def test_fault_two_devices_other_layers_run_on_cuda(knobs: dict[str, Any]) -> None:
    proposals = np.array(BOXES, dtype=np.float32)
    expected = predict(network(**knobs), image(), proposals)
    with PretendedCuda():
        answer = predict(network(**knobs).to("cuda"), image(), proposals)
    torch.testing.assert_close(answer.scores, expected.scores)
    torch.testing.assert_close(answer.boxes, expected.boxes)


def test_fault_two_devices_hard_examples_are_found_on_cuda_and_kept_on_the_cpu() -> None:
    config = Config(
        sampling=SamplingConfig(rois_per_image=2, hard_examples=True),
        model=ModelConfig(hidden=8, trainable_stages=2, deltas_init_std=0.1),
    )

    def hardest(device: str) -> SampledRoIs:
        model = network().to(device)
        with torch.inference_mode():  # pretended tensors cannot change over to it later
            pixels = image_tensor(image()).to(device)
            features = model.features(pixels)
        return ohem_rois(model, features, sampled("cpu"), config)

    expected = hardest("cpu")
    with PretendedCuda():
        found = hardest("cuda")
    assert type(found.boxes) is Tensor
    assert found.candidate_index.tolist() == expected.candidate_index.tolist()


def test_fault_two_devices_a_head_is_compressed_where_it_is() -> None:
    expected = compress_head(network(), (4, 4)).head.layer2.get_parameter("1.weight")
    with PretendedCuda():
        compressed = compress_head(network().to("cuda"), (4, 4))
        assert {weight.device.type for weight in compressed.parameters()} == {"cuda"}
        found = values(compressed.head.layer2.get_parameter("1.weight"))
    torch.testing.assert_close(found.abs(), expected.abs())  # a singular vector may be turned


@pytest.mark.parametrize("nms", ["linear", "gaussian"])
def test_fault_two_devices_soft_nms_returns_on_its_inputs_device(nms: Any) -> None:
    scores = torch.tensor([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6], [0.45, 0.55]])
    config = DetectionConfig(score_threshold=0.3, nms=nms)

    def on_device(device: str) -> Detections:
        rois = torch.tensor(BOXES, device=device)
        output = RoIPredictions(rois, rois[:, None], scores.to(device), ("person",), 50, 60)
        return select(output, config)

    expected = on_device("cpu")
    with PretendedCuda():
        found = on_device("cuda")
    assert found.decayed is not None
    assert expected.decayed is not None
    torch.testing.assert_close(values(found.scores), expected.scores)
    torch.testing.assert_close(values(found.decayed.by), expected.decayed.by)


def test_fault_two_devices_the_average_of_the_weights_stays_where_they_are() -> None:
    def averaged(device: str) -> Tensor:
        model = network().to(device)
        average = ExponentialMovingAverage(model, 0.9)
        with torch.no_grad():
            model.head.layer2.weight += 1  # type: ignore[assignment, operator]
        average.update(model, step=1)
        return average.model.head.layer2.weight  # type: ignore[return-value]

    expected = averaged("cpu")
    with PretendedCuda():
        torch.testing.assert_close(values(averaged("cuda")), expected)


def test_fault_two_devices_select_and_nms_return_on_their_inputs_device() -> None:
    generator = torch.Generator().manual_seed(0)
    boxes, scores = torch.tensor(BOXES), torch.rand(5, 3, generator=generator).softmax(dim=1)
    config = DetectionConfig(score_threshold=0.2)

    def on_device(device: str) -> RoIPredictions:
        rois = boxes.to(device)
        each_class = rois[:, None].repeat(1, 2, 1)
        return RoIPredictions(rois, each_class, scores.to(device), ("person", "dog"), 50, 60)

    expected = select(on_device("cpu"), config)
    assert len(expected.suppressed.boxes) > 0
    with PretendedCuda():
        found = select(on_device("cuda"), config)
        keep = greedy_nms(boxes.to("cuda"), scores[:, 0].to("cuda"), iou_threshold=0.5).keep
    for name in ("boxes", "scores", "labels", "roi_index"):
        torch.testing.assert_close(values(getattr(found, name)), getattr(expected, name))
        suppressed = values(getattr(found.suppressed, name))
        torch.testing.assert_close(suppressed, getattr(expected.suppressed, name))
    assert keep.device.type == "cuda"


@pytest.mark.parametrize(
    "slip",
    [
        lambda features: features * torch.ones(7, 7),
        lambda features: features + torch.zeros(features.shape),
        lambda features: torch.cat([features, torch.zeros(1, *features.shape[1:])]),
        lambda features: features @ torch.ones(7, 7),
    ],
    ids=["product", "sum", "cat", "matrix"],
)
@pytest.mark.parametrize("pretend", [PretendedCuda, FakeTensorMode])
def test_a_cpu_tensor_that_slips_in_is_found(
    pretend: Callable[[], Any], slip: Callable[[Tensor], Tensor]
) -> None:
    with pretend(), pytest.raises(RuntimeError, match="device"):
        slip(torch.zeros(2, 3, 7, 7, device="cuda"))


def test_pretended_cuda_allows_what_cuda_allows() -> None:
    with PretendedCuda():
        tensor = torch.arange(6.0, device="cuda")
        assert values(tensor + torch.tensor(1.0)).tolist() == [1, 2, 3, 4, 5, 6]  # a single number
        assert values(tensor[torch.tensor([2, 0])]).tolist() == [2, 0]  # indices of the CPU
        assert tensor.cpu().tolist() == [0, 1, 2, 3, 4, 5]
        assert values(tensor.new_zeros(2)).tolist() == [0, 0]
        assert values(torch.zeros_like(tensor)[:1]).tolist() == [0]
        with pytest.raises(RuntimeError, match="same device"):
            torch.arange(6.0)[tensor.long()]
        with pytest.raises(RuntimeError):
            tensor.numpy()


def faked(model: FastRCNN) -> FastRCNN:
    """Replace the model's weights by fake ones of the same shapes on the fake device."""
    for module in model.modules():
        for name, weight in module._parameters.items():
            if weight is not None:
                module._parameters[name] = nn.Parameter(torch.empty(weight.shape, device="cuda"))
        for name, buffer in module._buffers.items():
            if buffer is not None:
                module._buffers[name] = torch.empty(buffer.shape, device="cuda")
    return model


def test_fault_two_devices_pytorchs_own_pretended_device_agrees() -> None:
    model = network()
    with FakeTensorMode(shape_env=ShapeEnv()):
        model = faked(model)
        rois = sampled("cuda")
        assert {tensor.device.type for tensor in vars(rois).values()} == {"cuda"}
        features = model.features(torch.zeros(3, 50, 60, dtype=torch.uint8, device="cuda"))
        outputs = model.outputs([features], [torch.zeros(4, 4, device="cuda")])
        paid = losses(
            outputs,
            labels=torch.zeros(4, dtype=torch.int64, device="cuda"),
            targets=torch.zeros(4, 4, device="cuda"),
            config=NOTEBOOK_LOSS,
        )
        assert paid.total.device.type == "cuda"
        answer = predict(model, image(), np.array(BOXES, dtype=np.float32))
        assert answer.boxes.device.type == "cpu"
