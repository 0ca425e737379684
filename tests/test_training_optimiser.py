"""Optimiser, learning-rate schedule, EMA of the weights, and resuming from the trainer's state."""

import math
from pathlib import Path

import pytest
import torch

from fastrcnn_core.config import (
    OptimiserConfig,
    preset,
)
from fastrcnn_core.errors import CheckpointError
from fastrcnn_core.training import (
    learning_rate_at,
)
from fastrcnn_core.training.optimiser import TrainerState, load_state, save_state
from tests.support.training import PAIR, SMALL, changed, new_trainer, numbers


def test_gradients_are_clipped_by_their_norm() -> None:
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
    assert float(torch.cat([move.detach().flatten() for move in moved]).norm()) == pytest.approx(
        0.01, rel=1e-3
    )


def test_biases_have_no_weight_decay() -> None:
    config = changed(SMALL, optimiser__weight_decay=0.5, loss__box_weight=0.0)
    trainer = new_trainer(config)
    with torch.no_grad():
        trainer.model.head.deltas.bias.fill_(1.0)
        trainer.model.head.deltas.weight.fill_(1.0)
    trainer.step(PAIR)  # no box loss: only decay could move these
    assert trainer.model.head.deltas.bias.tolist() == [1.0] * 4
    assert float(trainer.model.head.deltas.weight.max()) < 1.0


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_the_optimiser_is_pytorchs_own(optimiser: str) -> None:
    """Compare two steps with two of PyTorch's on the same gradients."""
    config = changed(SMALL, optimiser__optimiser=optimiser, optimiser__clip_gradient=None)
    trainer = new_trainer(config)
    weight = trainer.model.head.layer2.weight
    own = weight.detach().clone().requires_grad_()  # type: ignore[operator]
    kind = {  # type: ignore[no-untyped-call]
        "sgd": lambda: torch.optim.SGD([own], lr=0.01, momentum=0.9, weight_decay=5e-4),
        "adamw": lambda: torch.optim.AdamW([own], lr=0.01, weight_decay=5e-4),
    }[optimiser]()
    for _ in range(2):
        trainer.step(PAIR)
        assert weight.grad is not None
        own.grad = weight.grad.clone()  # type: ignore[operator]
        kind.step()
    assert torch.allclose(own, weight, atol=1e-6)  # type: ignore[arg-type]


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
@pytest.mark.parametrize("stages", [0, 1])
def test_a_resumed_trainer_takes_the_steps_of_an_uninterrupted_one(
    tmp_path: Path, optimiser: str, stages: int
) -> None:
    config = changed(SMALL, optimiser__optimiser=optimiser, model__trainable_stages=stages)
    uninterrupted = new_trainer(config, total_steps=6)
    expected = numbers([uninterrupted.step(PAIR) for _ in range(6)])

    first = new_trainer(config, total_steps=6)
    begun = numbers([first.step(PAIR) for _ in range(3)])
    save_state(tmp_path / "trainer.safetensors", first.state())
    second = new_trainer(config, total_steps=6)
    second.model.load_state_dict(first.model.state_dict())
    second.restore(load_state(tmp_path / "trainer.safetensors"))
    assert begun + numbers([second.step(PAIR) for _ in range(3)]) == expected


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_with_an_ema_a_resumed_trainer_takes_the_steps_of_an_uninterrupted_one(
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
    uninterrupted = new_trainer(config, total_steps=6)
    expected = numbers([uninterrupted.step(PAIR) for _ in range(6)])

    first = new_trainer(config, total_steps=6)
    begun = numbers([first.step(PAIR) for _ in range(3)])
    save_state(tmp_path / "trainer.safetensors", first.state())
    second = new_trainer(config, total_steps=6)
    second.model.load_state_dict(first.detector.state_dict())  # all that a checkpoint holds
    second.restore(load_state(tmp_path / "trainer.safetensors"))
    assert begun + numbers([second.step(PAIR) for _ in range(3)]) == expected
    for trainers in (
        (second.model, uninterrupted.model),
        (second.detector, uninterrupted.detector),
    ):
        resumed, expected_state = (model.state_dict() for model in trainers)
        assert resumed.keys() == expected_state.keys()
        assert all(torch.equal(resumed[name], value) for name, value in expected_state.items())


def test_a_run_without_an_ema_cannot_resume_with_one() -> None:
    trainer = new_trainer()
    trainer.step(PAIR)
    averaging = new_trainer(changed(SMALL, training__average=0.9))
    with pytest.raises(CheckpointError, match="does not match the model's trainable weights"):
        averaging.restore(trainer.state())


def test_a_state_of_another_model_is_refused() -> None:
    trainer = new_trainer()
    trainer.step(PAIR)
    state = trainer.state()
    narrower = new_trainer(changed(SMALL, model__hidden=8))
    with pytest.raises(CheckpointError, match="does not match the model's trainable weights"):
        narrower.restore(state)
    with pytest.raises(CheckpointError):
        narrower.restore(TrainerState(1, {"nothing|momentum_buffer": torch.zeros(2)}))


@pytest.mark.parametrize("content", [None, b"", b"\x10\x00\x00\x00\x00\x00\x00\x00{"])
def test_a_damaged_state_is_a_checkpoint_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "trainer.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match="missing or damaged"):
        load_state(path)


def test_the_ema_of_the_weights_by_hand() -> None:
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
    expected = weight.detach().clone()  # type: ignore[operator]
    for decay in (2 / 11, 0.25, 0.25):
        trainer.step(PAIR)
        expected = decay * expected + (1 - decay) * weight.detach()  # type: ignore[operator]
    torch.testing.assert_close(trainer.detector.head.layer2.weight, expected)
    assert trainer.detector is not trainer.model


def test_the_ema_changes_no_step_and_shares_the_frozen_weights() -> None:
    with_average, without = (
        new_trainer(changed(SMALL, model__trainable_stages=1, training__average=average))
        for average in (0.99, None)
    )
    assert numbers([with_average.step(PAIR)]) == numbers([without.step(PAIR)])
    assert without.detector is without.model
    trained, average = (
        dict(model.named_parameters()) for model in (with_average.model, with_average.detector)
    )
    shared = {name for name in trained if trained[name] is average[name]}
    assert shared == {name for name, weight in trained.items() if not weight.requires_grad}
    assert not with_average.detector.training


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
        before = {name: weight.clone() for name, weight in trainer.model.named_parameters()}
        trainer.step(PAIR)
        return {name: weight - before[name] for name, weight in trainer.model.named_parameters()}

    full, tenth, none = moves(1.0), moves(0.1), moves(0.0)
    stages = [name for name in full if name.startswith("backbone.stages.5") and full[name].any()]
    assert stages
    for name in stages:
        torch.testing.assert_close(tenth[name], full[name] / 10, atol=1e-6, rtol=1e-2)
        assert not none[name].any()
    assert torch.equal(tenth["head.layer2.weight"], full["head.layer2.weight"])
