"""Detection in two halves: torchvision's own post-processing as the oracle for both together."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.models.detection.roi_heads import RoIHeads

from fastrcnn_core.boxes import encode, pairwise_iou
from fastrcnn_core.config import DetectionConfig, ImageConfig, ModelConfig, PredictionConfig
from fastrcnn_core.detection import predict, predicting, select
from fastrcnn_core.errors import DataError, DeviceError, ScoreError
from fastrcnn_core.model import FastRCNN, Features, image_tensor
from fastrcnn_core.structures import Image, RoIOutputs, RoIPredictions

CLASSES = ("person", "dog", "car")


def network(classes: tuple[str, ...] = CLASSES, **knobs: object) -> FastRCNN:
    """Build a network whose outputs differ much from RoI to RoI."""
    config = ModelConfig(hidden=16, trainable_stages=0, deltas_init_std=0.5, **knobs)  # type: ignore[arg-type]
    size = ImageConfig(shorter_side=None, longer_side=None)
    generator = torch.Generator().manual_seed(3)
    model = FastRCNN(config, size, classes, generator=generator, pretrained=False)
    with torch.no_grad():
        model.head.class_logits.weight.mul_(100)
    return model.eval()


def picture(height: int = 96, width: int = 128) -> Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image(pixels, "noise")


def proposals(count: int) -> np.ndarray:
    generator = np.random.default_rng(1)
    corner = generator.uniform(0, 70, (count, 2))
    size = generator.uniform(16, 50, (count, 2))
    return np.concatenate([corner, corner + size], axis=1).astype(np.float32)


def predictions(
    boxes: list[list[float]], scores: list[list[float]], classes: tuple[str, ...] = ("person",)
) -> RoIPredictions:
    """Make predictions with one box for all classes of a RoI; `scores` are those of the foreground classes."""
    rois = torch.tensor(boxes).reshape(-1, 4)
    foreground = torch.tensor(scores).reshape(-1, len(classes))
    return RoIPredictions(
        rois=rois,
        boxes=rois[:, None].repeat(1, len(classes), 1),
        scores=torch.cat([1 - foreground.sum(1, keepdim=True), foreground], dim=1),
        classes=classes,
        height=100,
        width=100,
    )


LEFT, LEFT_TOO, RIGHT = (
    [0.0, 0, 40, 40],
    [0.0, 0, 40, 30],
    [50.0, 0, 90, 40],
)  # left ones share 0.75


def test_detections_are_torchvisions() -> None:
    model, image, boxes = network(), picture(), proposals(150)
    config = DetectionConfig(score_threshold=0.2, nms_iou=0.4, limit=30)
    result = select(predict(model, image, boxes), config)
    with torch.inference_mode():
        pixels = image_tensor(image)
        rois = torch.from_numpy(boxes)
        answer = model.outputs([model.features(pixels)], [rois])
        heads = RoIHeads(*[None] * 3, 0.5, 0.5, 64, 0.25, (10.0, 10.0, 5.0, 5.0), 0.2, 0.4, 30)
        with_background = torch.cat([torch.zeros(150, 1, 4), answer.deltas], dim=1).flatten(1)
        expected = heads.postprocess_detections(
            answer.class_logits, with_background, [rois], [(image.height, image.width)]
        )
    assert len(set(result.labels.tolist())) > 1
    torch.testing.assert_close(result.boxes, expected[0][0], rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(result.scores, expected[1][0])
    assert result.labels.tolist() == expected[2][0].tolist()


def test_a_box_at_the_threshold_stays_and_one_below_it_goes() -> None:
    found = select(
        predictions([LEFT, RIGHT], [[0.5], [0.499]]), DetectionConfig(score_threshold=0.5)
    )
    assert found.boxes.tolist() == [LEFT]
    assert found.scores.tolist() == [0.5]


def test_the_best_comes_first_and_knows_its_roi() -> None:
    found = select(predictions([LEFT, RIGHT], [[0.6], [0.9]]), DetectionConfig())
    assert found.boxes.tolist() == [RIGHT, LEFT]
    assert found.roi_index.tolist() == [1, 0]


def test_a_suppressed_box_names_the_detection_that_suppressed_it() -> None:
    found = select(
        predictions([LEFT_TOO, RIGHT, LEFT], [[0.6], [0.7], [0.9]]), DetectionConfig(nms_iou=0.5)
    )
    assert found.boxes.tolist() == [LEFT, RIGHT]
    assert found.suppressed.boxes.tolist() == [LEFT_TOO]
    assert found.suppressed.by.tolist() == [0]
    assert found.suppressed.roi_index.tolist() == [0]
    assert found.suppressed.iou.tolist() == [pytest.approx(0.75)]
    assert found.suppressed.scores.tolist() == [pytest.approx(0.6)]


def test_classes_do_not_suppress_each_other() -> None:
    both = predictions([LEFT, LEFT_TOO], [[0.6, 0.0], [0.0, 0.7]], ("person", "dog"))
    found = select(both, DetectionConfig(nms_iou=0.1))
    assert found.labels.tolist() == [2, 1]
    assert len(found.suppressed.boxes) == 0


def test_one_roi_may_be_two_things_below_a_half() -> None:
    unsure = predictions([LEFT], [[0.4, 0.45]], ("person", "dog"))
    assert select(unsure, DetectionConfig(score_threshold=0.3)).labels.tolist() == [2, 1]


def test_the_limit_keeps_the_best_of_all_classes() -> None:
    many = predictions([LEFT, RIGHT, LEFT_TOO], [[0.6], [0.9], [0.5]])
    found = select(many, DetectionConfig(limit=1, nms_iou=0.5))
    assert found.boxes.tolist() == [RIGHT]
    assert found.suppressed.boxes.tolist() == [LEFT_TOO]
    assert found.suppressed.by.tolist() == [-1]  # the one that suppressed it fell to the limit


def test_nothing_confident_is_no_detection() -> None:
    for none in (predictions([LEFT], [[0.1]]), predictions([], [])):
        found = select(none, DetectionConfig())
        assert found.boxes.shape == (0, 4)
        assert found.suppressed.boxes.shape == (0, 4)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9), st.integers(0, 9)), max_size=40),
    st.sampled_from([0.0, 0.1, 0.3, 0.5]),
    st.sampled_from([0.0, 0.3, 0.7, 1.0]),
    st.sampled_from([1, 3, 1000]),
)
def test_every_confident_box_is_detected_suppressed_or_beyond_the_limit(
    rows: list[tuple[int, int, int]], score_threshold: float, nms_iou: float, limit: int
) -> None:
    config = DetectionConfig(score_threshold=score_threshold, nms_iou=nms_iou, limit=limit)
    boxes = [[float(x), 0, x + 20, 20] for x, _, _ in rows]
    given_ = predictions(boxes, [[a / 20, b / 20] for _, a, b in rows], ("person", "dog"))
    found = select(given_, config)
    confident = int((given_.scores[:, 1:] >= score_threshold).sum())
    assert len(found.boxes) <= limit
    assert len(found.boxes) + len(found.suppressed.boxes) <= confident
    if len(found.boxes) < limit:
        assert len(found.boxes) + len(found.suppressed.boxes) == confident
    assert (found.scores.diff() <= 0).all()
    for row, by in enumerate(found.suppressed.by.tolist()):
        if by >= 0:
            assert found.labels[by] == found.suppressed.labels[row]
            assert found.scores[by] >= found.suppressed.scores[row]


def test_selecting_leaves_the_predictions_as_they_are() -> None:
    some = predictions([LEFT, LEFT_TOO, RIGHT], [[0.6], [0.9], [0.7]])
    before = [tensor.clone() for tensor in (some.rois, some.boxes, some.scores)]
    select(some, DetectionConfig())
    for tensor, was in zip((some.rois, some.boxes, some.scores), before, strict=True):
        assert torch.equal(tensor, was)


def test_predictions_have_a_box_and_a_score_for_every_roi_and_class() -> None:
    answer = predict(network(), picture(), proposals(9))
    assert answer.boxes.shape == (9, 3, 4)
    assert answer.scores.shape == (9, 4)
    torch.testing.assert_close(answer.scores.sum(dim=1), torch.ones(9))
    assert (answer.height, answer.width, answer.classes) == (96, 128, CLASSES)
    assert torch.equal(answer.rois, torch.from_numpy(proposals(9)))


def test_no_proposals_no_predictions() -> None:
    answer = predict(network(), picture(), proposals(0))
    assert answer.boxes.shape == (0, 3, 4)
    assert answer.scores.shape == (0, 4)


def test_a_picture_of_one_pixel_can_be_predicted() -> None:
    box = np.array([[0, 0, 1, 1]], dtype=np.float32)
    assert predict(network(), picture(1, 1), box).scores.isfinite().all()


@pytest.mark.parametrize("max_log_growth", [math.log(1000 / 16), None])
def test_fault_exp_overflow_boxes_stay_inside_the_picture_whatever_the_network_says(
    max_log_growth: float | None,
) -> None:
    model = network(max_log_growth=max_log_growth)
    with torch.no_grad():
        model.head.deltas.bias.fill_(1e4)
    boxes = predict(model, picture(), proposals(20)).boxes
    assert boxes.isfinite().all()
    assert boxes.min() >= 0
    assert boxes[..., 0::2].max() <= 128
    assert boxes[..., 1::2].max() <= 96


def test_many_rois_take_turns_and_nothing_else_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = predict(network(), picture(), proposals(20))
    monkeypatch.setattr(predicting, "HEAD_CHUNK_SIZE", 7)
    in_turns = predict(network(), picture(), proposals(20))
    torch.testing.assert_close(in_turns.scores, at_once.scores)
    torch.testing.assert_close(in_turns.boxes, at_once.boxes, rtol=1e-4, atol=1e-3)


def test_a_model_in_training_predicts_without_dropout_and_goes_on_training() -> None:
    model = network()
    expected = predict(model, picture(), proposals(5))
    model.train()
    assert torch.equal(predict(model, picture(), proposals(5)).scores, expected.scores)
    assert model.training
    assert model.head.dropout.training


def test_a_model_that_fails_goes_on_training_too_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def out_of_memory(pixels: Tensor, *, scale: float) -> None:
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    model = network().train()
    monkeypatch.setattr(model, "features", out_of_memory)
    with pytest.raises(DeviceError, match="shorter_side"):
        predict(model, picture(), proposals(5))
    assert model.training


def test_no_gradient_is_kept() -> None:
    assert not predict(network(), picture(), proposals(2)).scores.requires_grad


def test_a_slider_runs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = predict(network(), picture(), proposals(30))

    def forbidden(*_: object) -> None:
        raise AssertionError("the network ran")

    monkeypatch.setattr(FastRCNN, "features", forbidden)
    monkeypatch.setattr(FastRCNN, "outputs", forbidden)
    loose, strict = DetectionConfig(score_threshold=0.1), DetectionConfig(score_threshold=0.9)
    assert len(select(answer, loose).boxes) > len(select(answer, strict).boxes)


def test_the_input_size_is_the_models_own() -> None:
    # Proposals are in pixels of the original whatever the network sees.
    model = network(("person",))
    model.image_config = replace(model.image_config, shorter_side=192)
    answer = predict(model, picture(), proposals(5))
    assert (answer.height, answer.width) == (96, 128)
    assert answer.boxes[..., 0::2].max() <= 128


# Test-time augmentation


def turned(boxes: Tensor) -> Tensor:
    return torch.stack([128 - boxes[..., 2], boxes[..., 1], 128 - boxes[..., 0], boxes[..., 3]], -1)


def test_a_second_pass_starts_from_the_likeliest_boxes_and_scores_are_the_mean() -> None:
    model, rois = network(), torch.from_numpy(proposals(12))
    once = predict(model, picture(), rois.numpy())
    likeliest = once.boxes[torch.arange(12), once.scores[:, 1:].argmax(1)]
    again = predict(model, picture(), likeliest.numpy())
    twice = predict(model, picture(), rois.numpy(), PredictionConfig(box_passes=2))
    assert torch.equal(twice.rois, rois)  # so that a box's story still begins at its proposal
    torch.testing.assert_close(twice.boxes, again.boxes)
    torch.testing.assert_close(twice.scores, (once.scores + again.scores) / 2)
    assert float((twice.boxes - once.boxes).abs().max()) > 1


@pytest.mark.parametrize("tta_scales", [(1.0, 1.5), (1.5, 1.0)])
def test_rois_that_are_background_at_every_scale_get_no_flipped_and_no_second_pass(
    monkeypatch: pytest.MonkeyPatch, tta_scales: tuple[float, float]
) -> None:
    model = network(("person",))
    calls: list[tuple[float, int]] = []

    def only_large_ones_are_seen(features: list[Features], rois: list[Tensor]) -> RoIOutputs:
        calls.append((features[0].scale_x, len(rois[0])))
        width = (rois[0][:, 2] - rois[0][:, 0]) * features[0].scale_x
        sure = torch.where(width < 29, -9.0, 9.0)
        return RoIOutputs(torch.stack([-sure, sure], 1), torch.zeros(len(sure), 1, 4))

    monkeypatch.setattr(model, "outputs", only_large_ones_are_seen)
    large, small, tiny = [70.0, 4, 110, 60], [4.0, 4, 26, 60], [8.0, 8, 18, 90]
    boxes = torch.tensor([tiny, large, small])
    config = PredictionConfig(box_passes=2, tta_flip=True, tta_scales=tta_scales)
    answer = predict(model, picture(), boxes.numpy(), config)
    # At each scale: all RoIs, then the likely foreground; flipped: the likely foreground of any scale, and again.
    assert [call for call in calls if call[0] == 1.0] == [(1.0, 3), (1.0, 1), (1.0, 2), (1.0, 1)]
    assert [call for call in calls if call[0] == 1.5] == [(1.5, 3), (1.5, 2), (1.5, 2), (1.5, 2)]
    torch.testing.assert_close(answer.boxes[:, 0], boxes)
    torch.testing.assert_close(answer.scores[:, 1], torch.tensor([0.0, 1, 0.5]))


def test_a_head_that_halves_the_way_comes_nearer_with_every_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, target = network(("person",)), torch.tensor([[30.0, 20, 70, 90]])
    std = torch.tensor(model.config.delta_std)

    def half_way(features: object, rois: list[Tensor]) -> RoIOutputs:
        deltas = encode(source=rois[0], target=target.expand_as(rois[0])) / 2 / std
        return RoIOutputs(torch.zeros(len(deltas), 2), deltas[:, None])

    monkeypatch.setattr(model, "outputs", half_way)
    reached = [
        predict(model, picture(), proposals(8), PredictionConfig(box_passes=passes)).boxes[:, 0]
        for passes in (1, 2, 3, 4)
    ]
    ious = torch.stack([pairwise_iou(boxes, target)[:, 0] for boxes in reached])
    assert (ious.diff(dim=0) > 0).all()
    assert float(ious[-1].min()) > 0.8


def test_a_box_without_area_is_not_looked_at_the_roi_is_again() -> None:
    model = network(("person",))
    with torch.no_grad():  # far out of the picture: clipped to nothing
        model.head.deltas.weight.zero_()
        model.head.deltas.bias.copy_(torch.tensor([1e4, 0, 0, 0]))
    once = predict(model, picture(), proposals(5))
    assert (once.boxes[..., 0] == once.boxes[..., 2]).all()
    thrice = predict(model, picture(), proposals(5), PredictionConfig(box_passes=3))
    assert torch.equal(thrice.boxes, once.boxes)
    torch.testing.assert_close(thrice.scores, once.scores)


def test_the_mirror_image_is_the_same_picture_to_a_detector_that_averages_both() -> None:
    model, boxes = network(), proposals(10)
    mirrored = turned(torch.from_numpy(boxes)).numpy()
    both = PredictionConfig(tta_flip=True)
    straight = predict(model, picture(), boxes, both)
    back = predict(model, picture().flipped(), mirrored, both)
    assert torch.equal(straight.rois, torch.from_numpy(boxes))
    torch.testing.assert_close(straight.scores, back.scores)
    torch.testing.assert_close(straight.boxes, turned(back.boxes), atol=1e-3, rtol=1e-4)
    once = predict(model, picture(), boxes)
    assert not torch.allclose(once.scores, straight.scores)


def test_what_is_said_at_several_sizes_is_averaged() -> None:
    model, boxes = network(), proposals(6)
    small, large = (
        predict(model, picture(), boxes, PredictionConfig(tta_scales=(scale,)))
        for scale in (1.0, 1.5)
    )
    both = predict(model, picture(), boxes, PredictionConfig(tta_scales=(1.0, 1.5)))
    torch.testing.assert_close(both.scores, (small.scores + large.scores) / 2)
    torch.testing.assert_close(both.boxes, (small.boxes + large.boxes) / 2)
    assert not torch.allclose(small.scores, large.scores)
    larger = network()
    larger.image_config = ImageConfig(shorter_side=144, longer_side=None)
    torch.testing.assert_close(predict(larger, picture(), boxes).scores, large.scores)


@pytest.mark.parametrize("count", [0, 3])
def test_test_time_augmentation_accepts_few_proposals(count: int) -> None:
    every = PredictionConfig(box_passes=2, tta_flip=True, tta_scales=(0.5, 1.0))
    answer = predict(network(), picture(), proposals(count), every)
    assert answer.boxes.shape == (count, 3, 4)
    torch.testing.assert_close(answer.scores.sum(1), torch.ones(count))


def test_one_look_is_the_default() -> None:
    assert DetectionConfig().prediction == PredictionConfig()
    assert DetectionConfig(box_passes=3, nms_iou=0.1).prediction == PredictionConfig(box_passes=3)
    expected, answer = (
        predict(network(), picture(), proposals(4), *args) for args in ((), (DetectionConfig(),))
    )
    assert torch.equal(expected.scores, answer.scores)


@pytest.mark.parametrize(
    "proposals",
    [
        np.full((3, 4), np.nan),
        [[0, 0, math.inf, 5]],
        np.zeros((3, 5), np.float32),
        [1.0, 2, 3, 4],
        [["a", "b", "c", "d"]],
        [[1, 2, 3, 4], [1, 2]],
    ],
)
def test_proposals_that_are_no_boxes_are_refused_before_torch_sees_them(proposals: Any) -> None:
    with pytest.raises(DataError, match="no boxes"):
        predict(network(), picture(), proposals)


@pytest.mark.parametrize("convert", [np.float64, np.int64, torch.tensor, lambda rows: rows])
def test_boxes_of_any_number_type_are_proposals(convert: Callable[[Any], Any]) -> None:
    rows = [[1, 2, 30, 40], [5, 5, 25, 60]]
    expected = predict(network(), picture(), np.asarray(rows, np.float32))
    assert torch.equal(predict(network(), picture(), convert(rows)).scores, expected.scores)


@pytest.mark.parametrize("method", ["greedy", "linear", "gaussian"])
def test_scores_that_are_no_numbers_are_refused(method: Any) -> None:
    model = network()
    with torch.no_grad():
        next(model.head.parameters()).fill_(math.nan)
    predictions = predict(model, picture(), [[1, 2, 30, 40]])
    with pytest.raises(ScoreError, match="another detector"):
        select(predictions, DetectionConfig(nms=method))
