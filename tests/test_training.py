"""One training step, the order of pictures, the schedule, and going on as if nothing had happened."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from fastrcnn_core import devices
from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.config import (
    Config,
    ImageConfig,
    LossConfig,
    ModelConfig,
    OptimiserConfig,
    SamplingConfig,
    TrainingConfig,
    preset,
)
from fastrcnn_core.errors import CheckpointError, ConfigError, RunError
from fastrcnn_core.features import FeatureStore
from fastrcnn_core.losses import losses
from fastrcnn_core.model import FastRCNN
from fastrcnn_core.structures import AnnotatedImage, FloatArray, Image, RoIOutputs, StepReport
from fastrcnn_core.training import (
    Trainer,
    batch_names,
    learning_rate_at,
    steps_of_run,
    validation_split,
)
from fastrcnn_core.training.augmentation import Augmentation, sample_augmentations
from fastrcnn_core.training.data_loader import DataLoader
from fastrcnn_core.training.optimiser import TrainerState, load_state, save_state
from fastrcnn_core.training.rois import training_rois

SMALL = Config(
    image=ImageConfig(shorter_side=64, longer_side=128),
    sampling=SamplingConfig(images_per_step=2, rois_per_image=8),
    model=ModelConfig(trainable_stages=0, hidden=16),
    optimiser=OptimiserConfig(learning_rate=0.01, warmup=0.0),
)
Picture = tuple[AnnotatedImage, FloatArray]


def picture(name: str, *, people: int = 2, seed: int = 0, tags: tuple[str, ...] = ()) -> Picture:
    """A noisy picture of 64 × 80, people side by side, proposals on and around them."""
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 255, (64, 80, 3)).astype(np.uint8)
    boxes = np.asarray([[20 * i, 4, 20 * i + 16, 60] for i in range(people)], np.float32)
    boxes = boxes.reshape(-1, 4)
    near = np.repeat(boxes, 4, axis=0) + generator.uniform(-3, 3, (4 * people, 4))
    far = np.asarray([[60 - i, 10, 79, 40 + i] for i in range(12)])
    annotated = AnnotatedImage(
        Image(pixels, name),
        boxes,
        np.ones(people, np.int64),
        ("person",),
        tags or ("",) * people,
    )
    return annotated, np.concatenate([near, far]).astype(np.float32)


def new_model(config: Config = SMALL) -> FastRCNN:
    generator = torch.Generator().manual_seed(0)
    return FastRCNN(config.model, config.image, ("person",), generator=generator, pretrained=False)


def new_trainer(config: Config = SMALL, total_steps: int = 10) -> Trainer:
    return Trainer(new_model(config), config, total_steps=total_steps)


PAIR = [picture("a", seed=1), picture("b", seed=2)]


def changed(config: Config, **parts: object) -> Config:
    """The config with other values inside: `training__flip=1.0`."""
    for path, value in parts.items():
        group, _, name = path.partition("__")
        part = dataclasses.replace(getattr(config, group), **{name: value})
        config = dataclasses.replace(config, **{group: part})
    return config


def numbers(reports: Sequence[StepReport]) -> list[tuple[object, ...]]:
    return [
        (it.step, it.images, it.flipped, it.loss, it.gradient_norm, it.learning_rate)
        for it in reports
    ]


# A step


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
    said = report.scores.argmax(1)
    assert report.accuracy == pytest.approx(float((said == labels).float().mean()))
    assert report.foreground_accuracy is not None
    assert report.foreground_called_background == pytest.approx(1 - report.foreground_accuracy)


def test_the_first_loss_is_that_of_a_guess() -> None:
    assert new_trainer().step(PAIR).classification_loss == pytest.approx(math.log(2), abs=0.1)


def test_mirrored_pictures_bring_their_boxes_and_proposals_along() -> None:
    straight = new_trainer(changed(SMALL, training__flip=0.0)).step(PAIR[:1])
    mirrored = new_trainer(changed(SMALL, training__flip=1.0)).step(PAIR[:1])
    assert (straight.flipped, mirrored.flipped) == ((False,), (True,))
    there, here = straight.rois[0], mirrored.rois[0]
    assert here.candidate_index.tolist() == there.candidate_index.tolist()
    assert here.boxes[:, 0].tolist() == pytest.approx((80 - there.boxes[:, 2]).tolist(), abs=1e-4)
    assert here.iou.tolist() == pytest.approx(there.iou.tolist(), abs=1e-5)


def test_a_mirrored_step_sees_the_mirrored_pixels() -> None:
    """Turning picture and boxes before the step, and not in it, gives the same loss."""
    annotated, proposals = PAIR[0]
    inside = new_trainer(changed(SMALL, training__flip=1.0)).step([(annotated, proposals)])
    turned = proposals.copy()
    turned[:, [0, 2]] = 80 - proposals[:, [2, 0]]
    before = new_trainer(changed(SMALL, training__flip=0.0)).step([(annotated.flipped(), turned)])
    assert inside.loss == pytest.approx(before.loss, abs=1e-6)


@pytest.mark.parametrize("people", [0, 1])
def test_pictures_without_people_or_without_proposals_are_steps_too(people: int) -> None:
    annotated, _ = picture("empty", people=people)
    report = new_trainer().step([(annotated, np.zeros((0, 4), np.float32)), PAIR[0]])
    assert math.isfinite(report.loss)
    nothing = new_trainer().step([(picture("empty", people=0)[0], np.zeros((0, 4), np.float32))])
    assert (nothing.foreground, nothing.background, nothing.loss) == (0, 0, 0)
    assert nothing.foreground_accuracy is None


def test_crowds_and_slivers_are_not_trained_on() -> None:
    config = changed(SMALL, sampling__foreground_share=1.0, sampling__add_ground_truth=False)
    both, crowd = picture("a")[0], picture("a", tags=("", "crowd"))[0]
    assert new_trainer(config).step([(both, both.boxes)]).foreground == 2
    assert new_trainer(config).step([(crowd, both.boxes)]).foreground == 1
    wide = changed(config, training__min_box_side=17)
    assert new_trainer(wide).step([(both, both.boxes)]).foreground == 0


def test_a_loss_that_is_no_number_names_its_pictures_and_leaves_the_weights() -> None:
    trainer = new_trainer(changed(SMALL, training__flip=1.0))
    with torch.no_grad():
        trainer.model.head.deltas.bias.fill_(float("nan"))
    before = trainer.model.head.layer1.weight.clone()
    with pytest.raises(
        RunError, match=r"NaN or infinite loss at step 1 .* a \(flipped\), b \(flipped\)"
    ):
        trainer.step(PAIR)
    assert torch.equal(trainer.model.head.layer1.weight, before)
    assert trainer.steps_done == 0


def test_long_gradients_are_cut_to_length() -> None:
    """Plain SGD with rate 1 moves the weights by exactly the clipped gradient."""
    config = changed(
        SMALL,
        optimiser__clip_gradient=0.01,
        optimiser__learning_rate=1.0,
        optimiser__momentum=0.0,
        optimiser__weight_decay=0.0,
    )
    trainer = new_trainer(config)
    before = [value.clone() for value in trainer.model.head.parameters()]
    report = trainer.step(PAIR)
    moved = [a - b for a, b in zip(trainer.model.head.parameters(), before, strict=True)]
    assert report.gradient_norm > 0.01
    assert float(torch.cat([it.detach().flatten() for it in moved]).norm()) == pytest.approx(
        0.01, rel=1e-3
    )


def test_biases_are_not_pulled_towards_zero() -> None:
    config = changed(SMALL, optimiser__weight_decay=0.5, loss__box_weight=0.0)
    trainer = new_trainer(config)
    with torch.no_grad():
        trainer.model.head.deltas.bias.fill_(1.0)
        trainer.model.head.deltas.weight.fill_(1.0)
    trainer.step(PAIR)  # no box loss: only decay could move these
    assert trainer.model.head.deltas.bias.tolist() == [1.0] * 4
    assert float(trainer.model.head.deltas.weight.max()) < 1.0


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


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_the_rule_is_pytorchs_own(optimiser: str) -> None:
    """Two steps of ours against two of PyTorch's on the gradients that ours found."""
    config = changed(SMALL, optimiser__optimiser=optimiser, optimiser__clip_gradient=None)
    trainer = new_trainer(config)
    weight = trainer.model.head.layer2.weight
    own = weight.detach().clone().requires_grad_()
    kind = {
        "sgd": lambda: torch.optim.SGD([own], lr=0.01, momentum=0.9, weight_decay=5e-4),
        "adamw": lambda: torch.optim.AdamW([own], lr=0.01, weight_decay=5e-4),
    }[optimiser]()
    for _ in range(2):
        trainer.step(PAIR)
        assert weight.grad is not None
        own.grad = weight.grad.clone()
        kind.step()
    assert torch.allclose(own, weight, atol=1e-6)


def test_a_step_leaves_the_random_source_of_others_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    new_trainer().step(PAIR)
    assert torch.equal(torch.rand(3), expected)


def test_the_same_seed_takes_the_same_steps_and_another_seed_others() -> None:
    def losses(seed: int, *, outside: int) -> list[float]:
        trainer = new_trainer(changed(SMALL, training__seed=seed))
        torch.manual_seed(outside)  # whatever anybody did to PyTorch's source before
        return [trainer.step(PAIR).loss for _ in range(3)]

    assert losses(1, outside=5) == losses(1, outside=6)
    assert losses(1, outside=5) != losses(2, outside=5)


# Hard examples

HARD = changed(SMALL, sampling__hard_examples=True, sampling__rois_per_image=6, model__dropout=0.0)


@pytest.mark.parametrize(("mixed", "expected"), [(True, torch.bfloat16), (False, torch.float32)])
def test_a_step_computes_in_the_precision_that_the_config_says(
    monkeypatch: pytest.MonkeyPatch, mixed: bool, expected: torch.dtype
) -> None:
    monkeypatch.setattr(devices, "_cpu_computes_bfloat16", lambda: True)
    trainer = new_trainer(changed(SMALL, training__mixed_precision=mixed))
    said: list[torch.dtype] = []
    trainer.model.head.layer1.register_forward_hook(lambda *it: said.append(it[2].dtype))
    report = trainer.step(PAIR)
    assert said == [expected]
    assert report.losses is not None
    assert {it.dtype for it in trainer.model.parameters()} == {torch.float32}


def test_the_hardest_rois_are_those_of_the_highest_loss_each_in_a_place_of_its_own() -> None:
    """By hand: all losses, sorted; one after the other taken unless it lies on one that was taken."""
    config = changed(
        HARD,
        training__flip=0.0,
        training__mixed_precision=False,  # as the order of all losses is computed below
        optimiser__learning_rate=1e-7,
    )
    trainer, every = new_trainer(config), new_trainer(changed(config, sampling__rois_per_image=99))
    for it in (trainer, every):  # so that losses differ from RoI to RoI
        with torch.no_grad():
            it.model.head.class_logits.weight.mul_(200)
            it.model.head.deltas.weight.mul_(200)
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


def test_hard_examples_come_foreground_first_and_mirrored_with_the_picture() -> None:
    report = new_trainer(changed(HARD, training__flip=1.0)).step(PAIR)
    for rois, (annotated, proposals) in zip(report.rois, PAIR, strict=True):
        labels = rois.labels.tolist()
        assert labels == sorted(labels, reverse=True)
        candidates = np.concatenate([proposals, annotated.boxes])[rois.candidate_index.numpy()]
        assert rois.boxes[:, 0].tolist() == pytest.approx(
            (80 - candidates[:, 2]).tolist(), abs=1e-4
        )


def test_hard_examples_cope_with_nothing_to_choose_from() -> None:
    none = (picture("empty", people=0)[0], np.zeros((0, 4), np.float32))
    report = new_trainer(HARD).step([none])
    assert (report.foreground, report.background, report.loss) == (0, 0, 0)


def test_looking_for_hard_examples_leaves_no_gradient_and_no_other_mode_behind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trainer = new_trainer(changed(HARD, model__trainable_stages=1, model__dropout=0.5))
    modes = []
    forward = trainer.model.head.forward

    def watch(roi_features: torch.Tensor, *kept: object) -> RoIOutputs:
        modes.append((trainer.model.training, torch.is_grad_enabled(), len(roi_features)))
        return forward(roi_features, *kept)

    monkeypatch.setattr(trainer.model.head, "forward", watch)
    trainer.step(PAIR)
    assert [mode[:2] for mode in modes] == [(False, False), (False, False), (True, True)]
    assert modes[0][2] > modes[2][2]


# Going on


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
@pytest.mark.parametrize("stages", [0, 1])
def test_a_resumed_trainer_takes_the_steps_of_an_unbroken_one(
    tmp_path: Path, optimiser: str, stages: int
) -> None:
    config = changed(SMALL, optimiser__optimiser=optimiser, model__trainable_stages=stages)
    unbroken = new_trainer(config, total_steps=6)
    expected = numbers([unbroken.step(PAIR) for _ in range(6)])

    first = new_trainer(config, total_steps=6)
    begun = numbers([first.step(PAIR) for _ in range(3)])
    save_state(tmp_path / "trainer.safetensors", first.state())
    second = new_trainer(config, total_steps=6)
    second.model.load_state_dict(first.model.state_dict())
    second.restore(load_state(tmp_path / "trainer.safetensors"))
    assert begun + numbers([second.step(PAIR) for _ in range(3)]) == expected


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_with_an_average_a_resumed_trainer_takes_the_steps_of_an_unbroken_one(
    tmp_path: Path, optimiser: str
) -> None:
    config = changed(
        SMALL,
        model__trainable_stages=1,
        optimiser__optimiser=optimiser,
        training__average=0.9,
        training__jitter=0.3,
        training__colour_jitter=0.3,
    )
    unbroken = new_trainer(config, total_steps=6)
    expected = numbers([unbroken.step(PAIR) for _ in range(6)])

    first = new_trainer(config, total_steps=6)
    begun = numbers([first.step(PAIR) for _ in range(3)])
    save_state(tmp_path / "trainer.safetensors", first.state())
    second = new_trainer(config, total_steps=6)
    second.model.load_state_dict(first.detector.state_dict())  # all that a checkpoint holds
    second.restore(load_state(tmp_path / "trainer.safetensors"))
    assert begun + numbers([second.step(PAIR) for _ in range(3)]) == expected
    for trainers in ((second.model, unbroken.model), (second.detector, unbroken.detector)):
        ours, theirs = (it.state_dict() for it in trainers)
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_run_without_an_average_cannot_go_on_with_one() -> None:
    trainer = new_trainer()
    trainer.step(PAIR)
    averaging = new_trainer(changed(SMALL, training__average=0.9))
    with pytest.raises(CheckpointError, match="does not match the model's trainable weights"):
        averaging.restore(trainer.state())


def test_a_state_of_another_model_is_refused() -> None:
    trainer = new_trainer()
    trainer.step(PAIR)
    state = trainer.state()
    other = new_trainer(changed(SMALL, model__hidden=8))
    with pytest.raises(CheckpointError, match="does not match the model's trainable weights"):
        other.restore(state)
    with pytest.raises(CheckpointError):
        other.restore(TrainerState(1, {"nothing|momentum_buffer": torch.zeros(2)}))


@pytest.mark.parametrize("content", [None, b"", b"\x10\x00\x00\x00\x00\x00\x00\x00{"])
def test_a_damaged_state_is_told_in_words(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "trainer.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match="missing or damaged"):
        load_state(path)


# The average of the weights


def test_the_average_follows_the_weights_by_hand() -> None:
    """Decay 0.25 at most: 2/11 at the first step, 3/12 and no more from the second on."""
    trainer = new_trainer(
        changed(
            SMALL,
            training__average=0.25,
            optimiser__optimiser="adamw",  # whose first steps are as long as the rate
            optimiser__learning_rate=0.1,
        )
    )
    weight = trainer.model.head.layer2.weight
    expected = weight.detach().clone()
    for decay in (2 / 11, 0.25, 0.25):
        trainer.step(PAIR)
        expected = decay * expected + (1 - decay) * weight.detach()
    torch.testing.assert_close(trainer.detector.head.layer2.weight, expected)
    assert trainer.detector is not trainer.model


def test_the_average_changes_no_step_and_shares_what_never_trains() -> None:
    with_average, without = (
        new_trainer(changed(SMALL, model__trainable_stages=1, training__average=average))
        for average in (0.99, None)
    )
    assert numbers([with_average.step(PAIR)]) == numbers([without.step(PAIR)])
    assert without.detector is without.model
    ours, its = (
        dict(model.named_parameters()) for model in (with_average.model, with_average.detector)
    )
    shared = {name for name in ours if ours[name] is its[name]}
    assert shared == {name for name, weight in ours.items() if not weight.requires_grad}
    assert not with_average.detector.training


# How a picture is seen


def test_views_are_a_function_of_seed_and_step() -> None:
    config = TrainingConfig(jitter=0.5, colour_jitter=0.2)
    flipped = (False, True)
    assert sample_augmentations(flipped, config, step=3) == sample_augmentations(
        flipped, config, step=3
    )
    others = {sample_augmentations(flipped, config, step=step) for step in range(1, 20)}
    assert len(others) == 19
    assert sample_augmentations(flipped, dataclasses.replace(config, seed=1), step=3) not in others
    assert sample_augmentations(flipped, TrainingConfig(), step=3) == (
        Augmentation(False),
        Augmentation(True),
    )


def test_zooms_are_spread_evenly_on_a_log_scale_and_colours_around_one() -> None:
    config = TrainingConfig(jitter=1.0, colour_jitter=0.4)
    views = [
        it for step in range(200) for it in sample_augmentations((False,) * 8, config, step=step)
    ]
    zooms = np.log2([it.scale for it in views])
    assert -1 <= zooms.min() < -0.98
    assert 0.98 < zooms.max() <= 1
    assert np.quantile(zooms, [0.25, 0.5, 0.75]) == pytest.approx([-0.5, 0, 0.5], abs=0.07)
    for name in ("brightness", "contrast", "saturation"):
        factors = [getattr(it, name) for it in views]
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
    views = sample_augmentations(report.flipped, config.training, step=1)
    assert sizes[:2] == [(round(64 * it.scale), round(80 * it.scale)) for it in views]
    assert sizes[2:] == [(64, 80)] * 2
    assert report.flipped == plain.flipped
    for ours, theirs in zip(report.rois, plain.rois, strict=True):
        assert torch.equal(ours.boxes, theirs.boxes)
    assert report.loss != plain.loss


def test_colours_change_and_grey_keeps_its_saturation() -> None:
    image = picture("a")[0].image
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
def test_pictures_that_change_cannot_have_kept_features(knob: str) -> None:
    with pytest.raises(ConfigError, match="trainable_stages is 0"):
        changed(SMALL, **{knob: 0.1})
    config = changed(changed(SMALL, model__trainable_stages=1), **{knob: 0.1})
    model = new_model(config)
    with pytest.raises(ConfigError, match="without a feature store"):
        Trainer(model, config, total_steps=1, features=FeatureStore(model))


# The order of pictures


def test_every_epoch_shows_every_picture_once_in_an_order_of_its_own() -> None:
    names = [f"p{i}" for i in range(10)]
    steps = [batch_names(names, step=step, images=2, seed=3) for step in range(1, 11)]
    first, second = sum(steps[:5], ()), sum(steps[5:], ())
    assert sorted(first) == sorted(second) == names
    assert first != second
    assert first != tuple(names)


def test_a_step_can_span_two_epochs_and_ask_for_more_than_there_is() -> None:
    assert len(batch_names(["a", "b", "c"], step=2, images=2, seed=0)) == 2
    assert batch_names(["a"], step=1, images=3, seed=0) == ("a", "a", "a")


def test_the_order_depends_on_names_and_seed_alone() -> None:
    one = batch_names(["a", "b", "c", "d"], step=1, images=4, seed=0)
    assert batch_names(["d", "c", "b", "a"], step=1, images=4, seed=0) == one
    others = {batch_names(["a", "b", "c", "d"], step=1, images=4, seed=s) for s in range(9)}
    assert len(others) > 1


def test_epochs_are_counted_in_pictures() -> None:
    assert steps_of_run(136, preset("minute")) == 136 * preset("minute").training.epochs / 2
    assert steps_of_run(136, preset("notebook")) == 136 * 50
    assert steps_of_run(3, changed(SMALL, training__epochs=0.01)) == 1


def test_the_validation_part_is_a_share_by_name() -> None:
    names = [f"p{i:03}" for i in range(136)]
    train, validation = validation_split(names, 0.2)
    assert (len(train), len(validation)) == (109, 27)
    assert sorted([*train, *validation]) == names
    assert validation_split(names[::-1], 0.2) == (train, validation)
    assert validation_split(names, 0.0) == (tuple(names), ())


# The schedule


def test_the_rate_climbs_from_a_hundredth_and_drops_by_ten() -> None:
    config = OptimiserConfig(learning_rate=1.0, warmup=0.1, drop_at=(0.5, 0.75))

    def rate(step: int) -> float:
        return learning_rate_at(step, total_steps=100, config=config)

    assert rate(1) == pytest.approx(0.01)
    assert rate(6) == pytest.approx(0.01 + 0.99 / 2)
    assert [rate(step) for step in (11, 50, 51, 75, 76, 100)] == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01, 0.01]
    )


def test_a_longer_run_has_the_same_shape() -> None:
    config = OptimiserConfig(warmup=0.2, drop_at=(0.6,))
    short = [learning_rate_at(step, total_steps=10, config=config) for step in range(1, 11)]
    long = [learning_rate_at(step, total_steps=100, config=config) for step in range(1, 101, 10)]
    assert short == pytest.approx(long)


def test_the_notebook_divides_by_ten_every_four_epochs_and_ends_at_nothing() -> None:
    config = preset("notebook").optimiser
    rates = [
        learning_rate_at(epoch * 136 + 1, total_steps=50 * 136, config=config)
        for epoch in range(50)
    ]
    assert rates[:5] == pytest.approx([0.003] * 4 + [0.0003])
    assert rates[-1] == pytest.approx(3e-15)
    paper = preset("paper").optimiser
    assert learning_rate_at(999, total_steps=999, config=paper) >= paper.learning_rate / 100


def test_a_cosine_falls_from_the_warm_up_to_nothing() -> None:
    config = OptimiserConfig(learning_rate=1.0, warmup=0.2, schedule="cosine")

    def rate(step: int) -> float:
        return learning_rate_at(step, total_steps=100, config=config)

    assert rate(1) == pytest.approx(0.01)
    assert rate(11) == pytest.approx(0.01 + 0.99 / 2)
    assert [rate(step) for step in (21, 61, 101)] == pytest.approx([1, 0.5, 0])
    assert rate(41) == pytest.approx((1 + math.sqrt(0.5)) / 2)  # a quarter of the way


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_the_backbone_learns_at_its_own_rate(optimiser: str) -> None:
    """Plain rules: at a tenth of the rate the first step moves a weight a tenth as far; the head moves as before."""
    config = changed(
        SMALL,
        model__trainable_stages=1,
        optimiser__optimiser=optimiser,
        optimiser__learning_rate=0.01,
        optimiser__clip_gradient=None,
    )

    def moves(rate: float) -> dict[str, torch.Tensor]:
        trainer = new_trainer(changed(config, optimiser__backbone_rate=rate))
        before = {name: it.clone() for name, it in trainer.model.named_parameters()}
        trainer.step(PAIR)
        return {name: it - before[name] for name, it in trainer.model.named_parameters()}

    full, tenth, none = moves(1.0), moves(0.1), moves(0.0)
    stages = [name for name in full if name.startswith("backbone.stages.5") and full[name].any()]
    assert stages
    for name in stages:
        torch.testing.assert_close(tenth[name], full[name] / 10, atol=1e-6, rtol=1e-2)
        assert not none[name].any()
    assert torch.equal(tenth["head.layer2.weight"], full["head.layer2.weight"])


# What a step takes


def test_pictures_are_read_once_as_long_as_memory_lasts() -> None:
    reads: list[str] = []

    class FakeDataset:
        def load(self, name: str) -> AnnotatedImage:
            reads.append(name)
            return picture(name, seed=len(name))[0]

    class FakeStore:
        def get(self, image: Image, config: object) -> FloatArray:
            return np.zeros((1, 4), np.float32)

    two = 2 * 64 * 80 * 3
    loader = DataLoader(FakeDataset(), FakeStore(), SMALL.proposals, memory_bytes=two)  # type: ignore[arg-type]
    for name in ("a", "b", "a", "c", "a", "b"):
        assert loader.get(name)[0].name == name
        assert loader.get(name)[0].instances is None
    assert reads == ["a", "b", "c", "b"]


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


def test_mirroring_is_drawn_with_its_probability() -> None:
    flips = []
    trainer = new_trainer(changed(SMALL, training__flip=0.25), total_steps=60)
    for _ in range(60):
        flips += trainer.step(
            [(picture("a", people=0)[0], np.zeros((0, 4), np.float32))] * 2
        ).flipped
    assert 12 <= sum(flips) <= 50
    assert TrainingConfig().flip == 0.5
