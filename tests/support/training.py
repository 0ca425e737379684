"""Small trainers and examples for one step, and whole training runs in the tests' own process."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from fastrcnn_core.config import (
    Config,
    ImageConfig,
    ModelConfig,
    OptimiserConfig,
    SamplingConfig,
)
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.model import FastRCNN
from fastrcnn_core.runs import Run, RunStatus
from fastrcnn_core.runs.writer import RunWriter, create_run
from fastrcnn_core.structures import AnnotatedImage, Image, StepReport
from fastrcnn_core.training import (
    Trainer,
    setup,
    train,
)
from fastrcnn_core.training.data_loader import Example
from tests.support.builders import tiny_config


def train_run(run: Run) -> RunStatus:
    """Train a run with its own config and data set, as the command does."""
    return train(run.config(), open_dataset(run.local_data()), run)


def use_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Search in one worker process: more take longer to start than small pictures take to search."""
    monkeypatch.setattr(setup, "worker_count", lambda tasks: 1)


SMALL = Config(
    image=ImageConfig(shorter_side=64, longer_side=128),
    sampling=SamplingConfig(images_per_step=2, rois_per_image=8),
    model=ModelConfig(trainable_stages=0, hidden=16),
    optimiser=OptimiserConfig(learning_rate=0.01, warmup=0.0),
)


def example(name: str, *, people: int = 2, seed: int = 0, tags: tuple[str, ...] = ()) -> Example:
    """Build a noisy image of 64 × 80 pixels, people side by side, with proposals on and around them."""
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


def changed(config: Config, **parts: object) -> Config:
    """Replace knobs of a config, as in `training__flip=1.0`."""
    for path, value in parts.items():
        group, _, name = path.partition("__")
        part = dataclasses.replace(getattr(config, group), **{name: value})
        config = dataclasses.replace(config, **{group: part})
    return config


def numbers(reports: Sequence[StepReport]) -> list[tuple[object, ...]]:
    return [
        (row.step, row.images, row.flipped, row.loss, row.gradient_norm, row.learning_rate)
        for row in reports
    ]


PAIR = [example("a", seed=1), example("b", seed=2)]


def new_run(data: Path, config: Config | None = None, name: str = "run") -> Run:
    return create_run(name, config=config or tiny_config(), data=str(data), preset="paper")


def at_step(monkeypatch: pytest.MonkeyPatch, step: int, act: Callable[[], None]) -> None:
    """Let something happen when the run has done a step."""
    keep = RunWriter.step

    def keep_and_act(self: RunWriter, report: StepReport) -> None:
        keep(self, report)
        if report.step == step:
            act()

    monkeypatch.setattr(RunWriter, "step", keep_and_act)


def losses(run: Run) -> list[float]:
    return run.metrics()["loss"]
