"""The network: what it makes of a picture, where its boxes land, and how it begins."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import roi_align
from torchvision.transforms.v2 import functional as transforms

from fastrcnn_core.config import ImageConfig, ModelConfig
from fastrcnn_core.errors import ConfigError
from fastrcnn_core.model import (
    FastRCNN,
    Features,
    compress_head,
    input_size,
    ranks_of,
    resize,
)

AS_IT_IS = ImageConfig(shorter_side=None, longer_side=None)
SMALL = ModelConfig(hidden=16, trainable_stages=0)


def network(
    config: ModelConfig = SMALL,
    image_config: ImageConfig = AS_IT_IS,
    classes: tuple[str, ...] = ("person",),
    seed: int = 0,
) -> FastRCNN:
    generator = torch.Generator().manual_seed(seed)
    return FastRCNN(config, image_config, classes, generator=generator, pretrained=False).eval()


def noise(height: int, width: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (3, height, width), generator=generator, dtype=torch.uint8)


@pytest.mark.parametrize(
    ("height", "width", "config", "expected"),
    [
        (300, 400, ImageConfig(), (600, 800)),
        (1200, 900, ImageConfig(), (800, 600)),
        (300, 900, ImageConfig(), (333, 1000)),  # the longer side's limit comes first
        (536, 560, AS_IT_IS, (536, 560)),
        (2000, 500, ImageConfig(shorter_side=None, longer_side=1000), (1000, 250)),
        (400, 500, ImageConfig(shorter_side=None, longer_side=1000), (400, 500)),
        (1, 1, ImageConfig(), (600, 600)),
        (1, 5000, ImageConfig(), (1, 1000)),  # never 0
    ],
)
def test_the_input_size_obeys_both_sides(
    height: int, width: int, config: ImageConfig, expected: tuple[int, int]
) -> None:
    assert input_size(height, width, config) == expected


def test_a_scale_enlarges_both_sides_and_their_bounds() -> None:
    assert input_size(300, 900, ImageConfig(), scale=1.5) == (500, 1500)
    assert input_size(536, 560, AS_IT_IS, scale=0.5) == (268, 280)
    assert input_size(1, 1, AS_IT_IS, scale=0.25) == (1, 1)


@pytest.mark.parametrize("size", [(40, 50), (200, 130), (91, 73)])
def test_resizing_is_torchvisions_without_aliasing(size: tuple[int, int]) -> None:
    expected = transforms.resize(noise(91, 73).float() / 255, list(size), antialias=True)
    torch.testing.assert_close(resize(noise(91, 73), size), expected)


def test_outputs_are_those_of_a_pipeline_put_together_from_torchvision_by_hand() -> None:
    model = network(ModelConfig(hidden=16), ImageConfig(shorter_side=128), ("person", "dog"))
    rois = torch.tensor([[3.0, 4, 50, 60], [10, 0, 80, 64], [0.5, 0.25, 20, 20.75]])
    pixels = noise(64, 80)
    with torch.inference_mode():
        resized = transforms.resize(pixels.float() / 255, [128, 160], antialias=True)
        feature_map = model.backbone(resized[None])
        boxes = [rois * 2]
        crops = roi_align(feature_map, boxes, (7, 7), 1 / 16, sampling_ratio=2, aligned=True)
        hidden = F.relu(model.head.layer1(crops.flatten(1)))
        hidden = F.relu(model.head.layer2(hidden))
        outputs = model.outputs([model.features(pixels)], [rois])
        torch.testing.assert_close(outputs.class_logits, model.head.class_logits(hidden))
        torch.testing.assert_close(outputs.deltas, model.head.deltas(hidden).view(3, 2, 4))


class Ramps(nn.Module):
    """A backbone that one can check by hand: each cell is the mean of its 16 × 16 pixels."""

    stride, channels, first_cell = 16, 3, 8.0

    def frozen_part(self, pixels: Tensor) -> Tensor:
        return F.avg_pool2d(pixels, 16)

    def trained_part(self, features: Tensor) -> Tensor:
        return features


def ramp_model(image_config: ImageConfig) -> FastRCNN:
    model = network(image_config=image_config)
    model.backbone = Ramps()  # type: ignore[assignment]
    return model


def ramps(height: int, width: int) -> Tensor:
    """Red says which pixel column it is, green which row."""
    columns = torch.arange(width).expand(height, width)
    rows = torch.arange(height)[:, None].expand(height, width)
    return torch.stack([columns, rows, torch.zeros_like(rows)]).to(torch.uint8)


@pytest.mark.parametrize("config", [AS_IT_IS, ImageConfig(shorter_side=96), ImageConfig(shorter_side=384)])  # fmt: skip
def test_the_head_looks_where_the_box_is_to_a_fraction_of_a_pixel(config: ImageConfig) -> None:
    # Pixel column c covers [c, c + 1), so the mean of the columns under a box is its center - 0.5.
    model = ramp_model(config)
    rois = torch.tensor([[40.0, 50, 90, 140], [41, 51, 91, 141], [60.5, 70.25, 100, 120]])
    pooled = model.roi_features(model.features(ramps(192, 192)), rois).mean(dim=(2, 3)) * 255
    center = (rois[:, :2] + rois[:, 2:]) / 2
    torch.testing.assert_close(pooled[:, :2], center - 0.5, atol=0.05, rtol=0)


def test_each_cell_looks_at_its_own_seventh_of_the_box() -> None:
    model = ramp_model(AS_IT_IS)
    pooled = model.roi_features(
        model.features(ramps(192, 192)), torch.tensor([[40.0, 40, 110, 110]])
    )
    sevenths = 40 + 70 * (torch.arange(7) + 0.5) / 7 - 0.5
    torch.testing.assert_close(pooled[0, 0] * 255, sevenths.expand(7, 7), atol=0.05, rtol=0)
    torch.testing.assert_close(
        pooled[0, 1] * 255, sevenths[:, None].expand(7, 7), atol=0.05, rtol=0
    )


def test_a_bright_square_is_seen_by_the_box_around_it_and_not_by_its_neighbour() -> None:
    pixels = torch.zeros(3, 128, 128, dtype=torch.uint8)
    pixels[:, 48:80, 48:80] = 255
    model = ramp_model(AS_IT_IS)
    around, beside = torch.tensor([[48.0, 48, 80, 80]]), torch.tensor([[96.0, 48, 128, 80]])
    features = model.features(pixels)
    pooled = model.roi_features(features, around)
    assert pooled.mean() > 0.75
    torch.testing.assert_close(pooled, pooled.flip(2, 3))  # nothing is off by a pixel
    assert model.roi_features(features, beside).max() == 0


def test_boxes_move_with_the_image() -> None:
    # The same box of the same picture, seen at two sizes, shows the same thing.
    roi = torch.tensor([[40.0, 50, 90, 140]])
    pooled = []
    for config in (ImageConfig(shorter_side=96), ImageConfig(shorter_side=384)):
        model = ramp_model(config)
        pooled.append(model.roi_features(model.features(ramps(192, 192)), roi).mean(dim=(0, 2, 3)))
    torch.testing.assert_close(pooled[0], pooled[1], atol=0.001, rtol=0)


def test_pictures_of_different_sizes_share_a_step_and_rows_keep_their_order() -> None:
    model = network(ModelConfig(hidden=16))
    pictures = [noise(48, 64), noise(100, 40, seed=1)]
    rois = [torch.tensor([[0.0, 0, 30, 30], [5, 5, 40, 40]]), torch.tensor([[1.0, 2, 30, 90]])]
    with torch.inference_mode():
        features = [model.features(pixels) for pixels in pictures]
        together = model.outputs(features, rois)
        alone = [model.outputs([first], [some]) for first, some in zip(features, rois, strict=True)]
    expected = torch.cat([outputs.class_logits for outputs in alone])
    torch.testing.assert_close(together.class_logits, expected)
    assert together.deltas.shape == (3, 1, 4)


def test_no_rois_give_no_outputs() -> None:
    model = network()
    outputs = model.outputs([model.features(noise(32, 32))], [torch.zeros(0, 4)])
    assert outputs.class_logits.shape == (0, 2)
    assert outputs.deltas.shape == (0, 1, 4)


def test_features_stored_in_16_bits_give_the_same_outputs_almost() -> None:
    model = network(ModelConfig(hidden=16))
    rois = torch.tensor([[3.0, 4, 50, 60]])
    with torch.inference_mode():
        features = model.features(noise(64, 64))
        stored = Features(features.map.half(), features.scale_x, features.scale_y)
        outputs, expected = model.outputs([stored], [rois]), model.outputs([features], [rois])
    assert outputs.class_logits.dtype == torch.float32
    torch.testing.assert_close(outputs.deltas, expected.deltas, atol=1e-3, rtol=0)


def test_the_classes_decide_how_wide_the_answer_is() -> None:
    model = network(classes=("car", "dog", "person"))
    outputs = model.outputs([model.features(noise(32, 32))], [torch.tensor([[0.0, 0, 20, 20]])])
    assert outputs.class_logits.shape == (1, 4)
    assert outputs.deltas.shape == (1, 3, 4)


def test_first_weights_have_the_spread_that_is_asked_for_and_biases_are_0() -> None:
    head = network(ModelConfig(hidden=1024, trainable_stages=0), classes=("a",) * 20).head
    assert head.class_logits.weight.std().item() == pytest.approx(0.01, rel=0.05)
    assert head.deltas.weight.std().item() == pytest.approx(0.001, rel=0.05)
    assert head.class_logits.bias.abs().max() == 0
    wild = network(ModelConfig(hidden=1024, deltas_init_std=0.01), classes=("a",) * 20).head
    assert wild.deltas.weight.std().item() == pytest.approx(0.01, rel=0.05)


def test_the_same_seed_gives_the_same_network_and_no_other_chance_is_used() -> None:
    state = torch.get_rng_state()
    first, same, second = network(seed=1), network(seed=1), network(seed=2)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first.head.layer1.weight, same.head.layer1.weight)  # type: ignore[arg-type]
    assert not torch.equal(first.head.layer1.weight, second.head.layer1.weight)  # type: ignore[arg-type]


def test_dropout_works_in_training_only() -> None:
    model = network(ModelConfig(hidden=64))
    crops = torch.rand(4, 112, 7, 7, generator=torch.Generator().manual_seed(0))
    with torch.random.fork_rng(), torch.inference_mode():
        torch.manual_seed(0)
        assert torch.equal(model.head(crops).class_logits, model.head(crops).class_logits)
        model.train()
        assert not torch.equal(model.head(crops).class_logits, model.head(crops).class_logits)


@pytest.mark.parametrize(("trainable", "learning"), [(0, set()), (2, {4, 5})])
def test_gradients_reach_the_head_and_the_stages_that_train(
    trainable: int, learning: set[int]
) -> None:
    model = network(ModelConfig(hidden=16, trainable_stages=trainable))
    features = model.features(noise(32, 32))
    assert features.map.requires_grad == bool(trainable)
    model.outputs([features], [torch.tensor([[0.0, 0, 20, 20]])]).class_logits.sum().backward()
    assert model.head.layer1.weight.grad is not None
    touched = {
        index
        for index, stage in enumerate(model.backbone.stages)
        if any(parameter.grad is not None for parameter in stage.parameters())
    }
    assert touched == learning


def test_a_network_with_more_trainable_stages_than_stages_is_refused() -> None:
    with pytest.raises(ConfigError, match="trainable_stages is 5"):
        network(ModelConfig(backbone="resnet50", trainable_stages=5))


def test_the_key_is_made_of_the_weights_and_of_what_is_done_with_them() -> None:
    model = network()
    key = model.weights_key
    assert len(key) == 32
    assert network().weights_key == key
    assert model.train().weights_key == key
    assert network(seed=1).weights_key != key
    assert network(image_config=ImageConfig()).weights_key != key
    assert network(classes=("dog",)).weights_key != key


def test_a_training_step_gives_another_key() -> None:
    model = network()
    key = model.weights_key
    with torch.no_grad():
        model.head.class_logits.bias[0] += 1
    assert model.weights_key != key
    with torch.no_grad():
        model.head.class_logits.bias[0] -= 1
    assert model.weights_key == key


def test_loading_weights_gives_their_key() -> None:
    model, second = network(), network(seed=1)
    assert model.weights_key != second.weights_key
    model.load_state_dict(second.state_dict())
    assert model.weights_key == second.weights_key


def test_a_model_is_where_its_weights_are() -> None:
    assert network().device == torch.device("cpu")
    assert network().to("meta").device == torch.device("meta")


# RoIPool, shared box corrections, a compressed head


def test_roi_pool_takes_the_highest_value_of_whole_cells() -> None:
    model = network(ModelConfig(hidden=8, trainable_stages=0, roi_layer="pool", roi_cells=2))
    count = torch.arange(36.0).reshape(1, 6, 6).repeat(model.backbone.channels, 1, 1)
    shift = model.backbone.first_cell - 8  # where half a stride is, and where the first cell is
    # Rounded as Caffe does it: first and last pixel, 16 and 87, are 1 and 5.44 cells, so columns 1 to 5; rows 0 to 4.
    rois = torch.tensor([[16.0, 0, 88, 72]]) + shift
    pooled = model.roi_features(Features(count, 1.0, 1.0), rois)
    # Halves of 2.5 cells share the middle one: rows 0 to 2 and 2 to 4, columns 1 to 3 and 3 to 5.
    assert pooled[0, 0].tolist() == [[2 * 6 + 3, 2 * 6 + 5], [4 * 6 + 3, 4 * 6 + 5]]


def test_roi_pool_rounds_boxes_to_cells_and_roi_align_does_not() -> None:
    features = network().features(noise(96, 96))
    rois = torch.tensor([[17.0, 17, 65, 65]])
    for layer, rounds in (("pool", True), ("align", False)):
        model = network(ModelConfig(hidden=8, trainable_stages=0, roi_layer=layer))  # type: ignore[arg-type]
        before, after = (model.roi_features(features, rois + shift) for shift in (0.0, 1.0))
        assert torch.equal(before, after) == rounds


def test_gradients_reach_the_features_through_roi_pool() -> None:
    model = network(ModelConfig(hidden=8, trainable_stages=1, roi_layer="pool"))
    outputs = model.outputs([model.features(noise(64, 64))], [torch.tensor([[4.0, 4, 60, 60]])])
    outputs.class_logits.sum().backward()
    assert any(
        weight.grad is not None and weight.grad.any() for weight in model.backbone.parameters()
    )


def test_a_class_agnostic_head_corrects_a_box_in_the_same_way_for_all_classes() -> None:
    config = ModelConfig(hidden=8, trainable_stages=0, class_agnostic=True)
    model = network(config, classes=("person", "dog", "car"))
    outputs = model.outputs([model.features(noise(64, 64))], [torch.tensor([[4.0, 4, 40, 60]])])
    assert model.head.deltas.out_features == 4
    assert outputs.deltas.shape == (1, 3, 4)
    assert (outputs.deltas == outputs.deltas[:, :1]).all()
    assert outputs.class_logits.shape == (1, 4)


def test_with_one_class_it_makes_no_difference_whether_the_correction_is_shared() -> None:
    shared, own = (
        network(ModelConfig(hidden=8, trainable_stages=0, class_agnostic=agnostic)).state_dict()
        for agnostic in (True, False)
    )
    assert all(torch.equal(shared[name], own[name]) for name in own)


def test_a_compressed_head_of_full_rank_says_the_same() -> None:
    model, roi_features = network(), torch.rand(5, network().backbone.channels, 7, 7)
    with torch.no_grad():
        for layer in (model.head.layer1, model.head.layer2):
            layer.get_parameter("bias").copy_(torch.linspace(-1, 1, 16))
    compressed = compress_head(model, (16, 16))
    torch.testing.assert_close(
        compressed.head(roi_features).class_logits,
        model.head(roi_features).class_logits,
        atol=1e-5,
        rtol=1e-4,
    )
    assert ranks_of(compressed) == (16, 16)
    assert ranks_of(model) is None
    assert compressed.weights_key != model.weights_key


def test_the_truncated_layers_are_the_nearest_of_their_rank() -> None:
    """By Eckart and Young, what is lost is the singular values that were left out."""
    model = network()
    compressed = compress_head(model, (16, 5))
    first, second = compressed.head.layer2.children()
    product = second.weight @ first.weight  # type: ignore[operator]
    lost = (model.head.layer2.weight - product).norm()  # type: ignore[operator]
    left_out = torch.linalg.svdvals(model.head.layer2.weight)[5:]
    assert float(lost.detach()) == pytest.approx(float(left_out.detach().norm()), rel=1e-4)
    assert first.bias is None
    assert second.bias is not model.head.layer2.bias


def test_compressing_leaves_the_model_as_it_was_and_shares_nothing_with_it() -> None:
    model = network()
    key = model.weights_key
    compressed = compress_head(model, (4, 4))
    with torch.no_grad():
        for weight in compressed.parameters():
            weight.zero_()
    assert model.weights_key == key


def test_fewer_numbers_are_left() -> None:
    def numbers(model: FastRCNN) -> int:
        return sum(weight.numel() for weight in model.head.layer1.parameters())

    assert numbers(network()) == 112 * 49 * 16 + 16
    assert numbers(compress_head(network(), (4, 4))) == 4 * (112 * 49 + 16) + 16


@pytest.mark.parametrize("ranks", [(17, 4), (0, 4), (4, 17)])
def test_a_rank_that_a_layer_does_not_have_is_refused(ranks: tuple[int, int]) -> None:
    with pytest.raises(ConfigError, match="16 singular values"):
        compress_head(network(), ranks)


def test_a_compressed_head_is_not_compressed_again() -> None:
    with pytest.raises(ConfigError, match="compressed already"):
        compress_head(compress_head(network(), (4, 4)), (2, 2))
