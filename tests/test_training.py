"""One training step: losses, reports, random draws, precision and hard examples."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from fastrcnn_core import devices
from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.config import (
    LossConfig,
)
from fastrcnn_core.errors import RunError
from fastrcnn_core.features import FeatureStore
from fastrcnn_core.losses import losses
from fastrcnn_core.structures import RoIOutputs
from fastrcnn_core.training import (
    Trainer,
)
from fastrcnn_core.training.augmentation import Augmentation
from fastrcnn_core.training.rois import training_rois
from tests.support.training import PAIR, SMALL, changed, example, new_model, new_trainer

HARD = changed(SMALL, sampling__hard_examples=True, sampling__rois_per_image=6, model__dropout=0.0)


def test_a_step_learns() -> None:
    config = changed(
        SMALL,
        training__flip=0.0,
        model__dropout=0.0,
        optimiser__optimiser="adamw",
        optimiser__learning_rate=0.003,
    )
    model = new_model(config)
    trainer = Trainer(model, config, total_steps=40, features=FeatureStore(model))
    losses = [trainer.step(PAIR).loss for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.5 * losses[0]


def test_a_step_reports_what_it_looked_at() -> None:
    report = new_trainer().step(PAIR)
    assert report.images == ("a", "b")
    assert (report.step, report.foreground, report.background) == (1, 4, 12)
    assert [len(rois.boxes) for rois in report.rois] == [8, 8]
    assert report.scores is not None
    assert report.scores.shape == (16, 2)
    assert report.losses is not None
    assert report.loss == pytest.approx(report.classification_loss + report.box_loss)
    assert float(report.losses.classification_per_roi.mean()) == pytest.approx(
        report.classification_loss, rel=1e-5
    )
    assert report.epoch == pytest.approx(SMALL.training.epochs / 10)


def test_the_shares_of_a_step_are_those_of_its_scores() -> None:
    report = new_trainer().step(PAIR)
    labels = torch.cat([rois.labels for rois in report.rois])
    assert report.scores is not None
    predicted = report.scores.argmax(1)
    assert report.accuracy == pytest.approx(float((predicted == labels).float().mean()))
    assert report.foreground_accuracy is not None
    assert report.foreground_called_background == pytest.approx(1 - report.foreground_accuracy)


def test_the_first_loss_is_that_of_a_guess() -> None:
    assert new_trainer().step(PAIR).classification_loss == pytest.approx(math.log(2), abs=0.1)


@pytest.mark.parametrize("people", [0, 1])
def test_pictures_without_people_or_without_proposals_are_steps_too(people: int) -> None:
    annotated, _ = example("empty", people=people)
    report = new_trainer().step([(annotated, np.zeros((0, 4), np.float32)), PAIR[0]])
    assert math.isfinite(report.loss)
    empty = new_trainer().step([(example("empty", people=0)[0], np.zeros((0, 4), np.float32))])
    assert (empty.foreground, empty.background, empty.loss) == (0, 0, 0)
    assert empty.foreground_accuracy is None


def test_crowds_and_slivers_are_not_trained_on() -> None:
    config = changed(SMALL, sampling__foreground_share=1.0, sampling__add_ground_truth=False)
    both, crowd = example("a")[0], example("a", tags=("", "crowd"))[0]
    assert new_trainer(config).step([(both, both.boxes)]).foreground == 2
    assert new_trainer(config).step([(crowd, both.boxes)]).foreground == 1
    wide = changed(config, training__min_box_side=17)
    assert new_trainer(wide).step([(both, both.boxes)]).foreground == 0


def test_a_nan_loss_names_its_images_and_leaves_the_weights() -> None:
    trainer = new_trainer(changed(SMALL, training__flip=1.0))
    with torch.no_grad():
        trainer.model.head.deltas.bias.fill_(float("nan"))
    before = trainer.model.head.layer1.weight.clone()  # type: ignore[operator]
    with pytest.raises(
        RunError, match=r"NaN or infinite loss at step 1 .* a \(flipped\), b \(flipped\)"
    ):
        trainer.step(PAIR)
    assert torch.equal(trainer.model.head.layer1.weight, before)  # type: ignore[arg-type]
    assert trainer.steps_done == 0


def test_only_the_last_stages_of_the_backbone_move() -> None:
    config = changed(SMALL, model__trainable_stages=1)
    trainer = new_trainer(config)
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.step(PAIR)
    moved = {
        name.split(".")[2]
        for name, value in trainer.model.state_dict().items()
        if name.startswith("backbone.stages") and not torch.equal(value, before[name])
    }
    assert moved == {"5"}


def test_a_step_leaves_the_random_source_of_others_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    new_trainer().step(PAIR)
    assert torch.equal(torch.rand(3), expected)


def test_the_same_seed_takes_the_same_steps_and_another_seed_others() -> None:
    def losses(seed: int, *, outside: int) -> list[float]:
        trainer = new_trainer(changed(SMALL, training__seed=seed))
        torch.manual_seed(outside)  # whatever other code drew from PyTorch's generator before
        return [trainer.step(PAIR).loss for _ in range(3)]

    assert losses(1, outside=5) == losses(1, outside=6)
    assert losses(1, outside=5) != losses(2, outside=5)


@pytest.mark.parametrize(("mixed", "expected"), [(True, torch.bfloat16), (False, torch.float32)])
def test_a_step_computes_in_the_precision_that_the_config_says(
    monkeypatch: pytest.MonkeyPatch, mixed: bool, expected: torch.dtype
) -> None:
    monkeypatch.setattr(devices, "_cpu_computes_bfloat16", lambda: True)
    trainer = new_trainer(changed(SMALL, training__mixed_precision=mixed))
    dtypes: list[torch.dtype] = []
    trainer.model.head.layer1.register_forward_hook(lambda *call: dtypes.append(call[2].dtype))
    report = trainer.step(PAIR)
    assert dtypes == [expected]
    assert report.losses is not None
    assert {weight.dtype for weight in trainer.model.parameters()} == {torch.float32}


def test_hard_examples_are_the_highest_losses_after_nms() -> None:
    """By hand: all losses, sorted; one after the other taken unless it lies on one that was taken."""
    config = changed(
        HARD,
        training__flip=0.0,
        training__mixed_precision=False,  # as the order of all losses is computed below
        optimiser__learning_rate=1e-7,
    )
    trainer, every = new_trainer(config), new_trainer(changed(config, sampling__rois_per_image=99))
    for each in (trainer, every):  # so that losses differ from RoI to RoI
        with torch.no_grad():
            each.model.head.class_logits.weight.mul_(200)
            each.model.head.deltas.weight.mul_(200)
    drawn = training_rois(PAIR[0], False, config, torch.Generator())
    outputs = every.model.eval().outputs(
        [every.model.features(Augmentation().apply(PAIR[0][0].image))], [drawn.boxes]
    )
    paid = losses(outputs, labels=drawn.labels, targets=drawn.targets, config=config.loss)
    loss = paid.classification_per_roi + paid.box_per_roi
    taken: list[int] = []
    for row in loss.argsort(descending=True).tolist():
        iou = pairwise_iou(drawn.boxes[row : row + 1], drawn.boxes[taken])
        if len(taken) < 6 and not (iou > 0.7).any():
            taken.append(row)
    report = trainer.step(PAIR[:1])
    assert report.rois[0].candidate_index.tolist() == drawn.candidate_index[sorted(taken)].tolist()
    assert len(drawn.boxes) > 20
    assert report.losses is not None
    assert report.losses.classification_per_roi.tolist() == pytest.approx(
        paid.classification_per_roi[sorted(taken)].tolist(), rel=1e-3
    )


def test_hard_examples_come_foreground_first_and_flipped_with_the_image() -> None:
    report = new_trainer(changed(HARD, training__flip=1.0)).step(PAIR)
    for rois, (annotated, proposals) in zip(report.rois, PAIR, strict=True):
        labels = rois.labels.tolist()
        assert labels == sorted(labels, reverse=True)
        candidates = np.concatenate([proposals, annotated.boxes])[rois.candidate_index.numpy()]
        assert rois.boxes[:, 0].tolist() == pytest.approx(
            (80 - candidates[:, 2]).tolist(), abs=1e-4
        )


def test_hard_examples_cope_with_nothing_to_choose_from() -> None:
    none = (example("empty", people=0)[0], np.zeros((0, 4), np.float32))
    report = new_trainer(HARD).step([none])
    assert (report.foreground, report.background, report.loss) == (0, 0, 0)


def test_looking_for_hard_examples_leaves_no_gradient_and_no_other_mode_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trainer = new_trainer(changed(HARD, model__trainable_stages=1, model__dropout=0.5))
    modes = []
    forward = trainer.model.head.forward

    def watch(roi_features: torch.Tensor, *mask: object) -> RoIOutputs:
        modes.append((trainer.model.training, torch.is_grad_enabled(), len(roi_features)))
        return forward(roi_features, *mask)  # type: ignore[arg-type]

    monkeypatch.setattr(trainer.model.head, "forward", watch)
    trainer.step(PAIR)
    assert [mode[:2] for mode in modes] == [(False, False), (False, False), (True, True)]
    assert modes[0][2] > modes[2][2]


def test_a_store_of_features_gives_the_losses_of_none() -> None:
    """But for the rounding to float16."""
    without = new_trainer(total_steps=3)
    model = new_model()
    within = Trainer(model, SMALL, total_steps=3, features=FeatureStore(model))
    for _ in range(3):
        assert within.step(PAIR).loss == pytest.approx(without.step(PAIR).loss, rel=2e-2)


def test_the_box_loss_can_be_left_out() -> None:
    config = dataclasses.replace(SMALL, loss=LossConfig(box_weight=0.0))
    assert new_trainer(config).step(PAIR).box_loss == 0
