"""Data augmentation: flips, scale and colour jitter, as functions of seed, step and position."""

import dataclasses

import numpy as np
import pytest
import torch

from fastrcnn_core.config import (
    TrainingConfig,
)
from fastrcnn_core.errors import ConfigError
from fastrcnn_core.features import FeatureStore
from fastrcnn_core.structures import Image
from fastrcnn_core.training import (
    Trainer,
)
from fastrcnn_core.training.augmentation import Augmentation, sample_augmentations
from tests.support.training import PAIR, SMALL, changed, example, new_model, new_trainer


def test_augmentations_are_a_function_of_seed_and_step() -> None:
    config = TrainingConfig(jitter=0.5, colour_jitter=0.2)
    flipped = (False, True)
    assert sample_augmentations(flipped, config, step=3) == sample_augmentations(
        flipped, config, step=3
    )
    different = {sample_augmentations(flipped, config, step=step) for step in range(1, 20)}
    assert len(different) == 19
    assert (
        sample_augmentations(flipped, dataclasses.replace(config, seed=1), step=3) not in different
    )
    assert sample_augmentations(flipped, TrainingConfig(), step=3) == (
        Augmentation(False),
        Augmentation(True),
    )


def test_scales_are_spread_evenly_on_a_log_scale_and_colours_around_one() -> None:
    config = TrainingConfig(jitter=1.0, colour_jitter=0.4)
    augmentations = [
        sampled
        for step in range(200)
        for sampled in sample_augmentations((False,) * 8, config, step=step)
    ]
    scales = np.log2([sampled.scale for sampled in augmentations])
    assert -1 <= scales.min() < -0.98
    assert 0.98 < scales.max() <= 1
    assert np.quantile(scales, [0.25, 0.5, 0.75]) == pytest.approx([-0.5, 0, 0.5], abs=0.07)
    for name in ("brightness", "contrast", "saturation"):
        factors = [getattr(sampled, name) for sampled in augmentations]
        assert 0.6 <= min(factors) < 0.61
        assert 1.39 < max(factors) <= 1.4


def test_jitter_makes_the_picture_larger_and_leaves_its_rois_in_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = changed(SMALL, model__trainable_stages=1, training__jitter=0.5)
    trainer, sizes = new_trainer(config), []
    frozen = type(trainer.model.backbone).frozen_part

    def watch(backbone: object, pixels: torch.Tensor) -> torch.Tensor:
        sizes.append(tuple(pixels.shape[-2:]))
        return frozen(trainer.model.backbone, pixels)

    monkeypatch.setattr(type(trainer.model.backbone), "frozen_part", watch)
    report = trainer.step(PAIR)
    plain = new_trainer(changed(config, training__jitter=0.0)).step(PAIR)
    augmentations = sample_augmentations(report.flipped, config.training, step=1)
    assert sizes[:2] == [
        (round(64 * sampled.scale), round(80 * sampled.scale)) for sampled in augmentations
    ]
    assert sizes[2:] == [(64, 80)] * 2
    assert report.flipped == plain.flipped
    for jittered, unchanged in zip(report.rois, plain.rois, strict=True):
        assert torch.equal(jittered.boxes, unchanged.boxes)
    assert report.loss != plain.loss


def test_colours_change_and_grey_keeps_its_saturation() -> None:
    image = example("a")[0].image
    straight = Augmentation().apply(image)
    assert torch.equal(Augmentation(flipped=True).apply(image), straight.flip(2))
    darker = Augmentation(brightness=0.5).apply(image)
    torch.testing.assert_close(darker.float(), straight.float() / 2, atol=1, rtol=0)
    flat = Augmentation(contrast=0.1).apply(image)
    assert flat.float().std() < 0.2 * straight.float().std()
    grey = Augmentation(saturation=0.0).apply(image)
    assert torch.equal(grey[0], grey[1])
    assert grey.dtype == torch.uint8
    again = Augmentation(saturation=0.3).apply(Image(grey.permute(1, 2, 0).numpy()))
    torch.testing.assert_close(again.int(), grey.int(), atol=1, rtol=0)  # cut to whole numbers


@pytest.mark.parametrize("knob", ["training__jitter", "training__colour_jitter"])
def test_jittered_images_cannot_have_cached_features(knob: str) -> None:
    with pytest.raises(ConfigError, match="trainable_stages is 0"):
        changed(SMALL, **{knob: 0.1})
    config = changed(changed(SMALL, model__trainable_stages=1), **{knob: 0.1})
    model = new_model(config)
    with pytest.raises(ConfigError, match="without a feature store"):
        Trainer(model, config, total_steps=1, features=FeatureStore(model))


def test_flips_are_sampled_with_their_probability() -> None:
    flips: list[bool] = []
    trainer = new_trainer(changed(SMALL, training__flip=0.25), total_steps=60)
    for _ in range(60):
        flips += trainer.step(
            [(example("a", people=0)[0], np.zeros((0, 4), np.float32))] * 2
        ).flipped
    assert 12 <= sum(flips) <= 50
    assert TrainingConfig().flip == 0.5


def test_boxes_and_proposals_are_flipped_with_the_image() -> None:
    straight = new_trainer(changed(SMALL, training__flip=0.0)).step(PAIR[:1])
    flipped = new_trainer(changed(SMALL, training__flip=1.0)).step(PAIR[:1])
    assert (straight.flipped, flipped.flipped) == ((False,), (True,))
    before, after = straight.rois[0], flipped.rois[0]
    assert after.candidate_index.tolist() == before.candidate_index.tolist()
    assert after.boxes[:, 0].tolist() == pytest.approx((80 - before.boxes[:, 2]).tolist(), abs=1e-4)
    assert after.iou.tolist() == pytest.approx(before.iou.tolist(), abs=1e-5)


def test_a_flipped_step_sees_the_flipped_pixels() -> None:
    """Turning picture and boxes before the step, and not in it, gives the same loss."""
    annotated, proposals = PAIR[0]
    inside = new_trainer(changed(SMALL, training__flip=1.0)).step([(annotated, proposals)])
    turned = proposals.copy()
    turned[:, [0, 2]] = 80 - proposals[:, [2, 0]]
    before = new_trainer(changed(SMALL, training__flip=0.0)).step([(annotated.flipped(), turned)])
    assert inside.loss == pytest.approx(before.loss, abs=1e-6)
