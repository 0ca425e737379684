"""What a run needs before its first step: names, a trainer, proposals, features, and a note for later readers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from fastrcnn_core.checkpoints import load_checkpoint
from fastrcnn_core.config import Config
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.devices import choose_device, describe
from fastrcnn_core.errors import DataError
from fastrcnn_core.features import FeatureStore
from fastrcnn_core.model import FastRCNN
from fastrcnn_core.runs import Run
from fastrcnn_core.runs.environment import code_version, library_versions, machine, now
from fastrcnn_core.runs.folder import TRAINER_FILE
from fastrcnn_core.runs.writing import RunWriter
from fastrcnn_core.training import Trainer, steps_of_run, validation_split
from fastrcnn_core.training.randomness import generator_of
from fastrcnn_core.training.state import load_state
from fastrcnn_core.training.team import Team, expect_enough_pictures


@dataclass(frozen=True)
class Names:
    """The pictures that are trained on, and those that are kept out for choosing."""

    training: tuple[str, ...]
    validation: tuple[str, ...]


def choose_names(dataset: Dataset, config: Config) -> Names:
    """Training and validation part of the data set's training split; the test split is left alone.

    Raises:
        DataError: there is nothing to learn from.
    """
    names, validation = validation_split(dataset.split.train, config.training.validation_share)
    if not any(len(dataset.annotation(name).boxes) for name in names):
        raise DataError(
            f"{dataset.title} has {len(names)} training pictures and no ground-truth box on them.",
            hint="Training needs pictures with boxes: add some, or choose another data set.",
        )
    return Names(names, validation)


def make_trainer(
    run: Run, config: Config, dataset: Dataset, names: Names, writer: RunWriter, team: Team
) -> Trainer:
    """A trainer at the beginning, or where the last checkpoint left off; the run's files go back to there.

    Of a team, the first process reads the checkpoint, and the others get its weights and its memory.

    Raises:
        CheckpointError: the last checkpoint is damaged, or knows other classes. WeightsError, DeviceError.
        ConfigError: there are more processes than pictures in a step.
    """
    expect_enough_pictures(team, config.sampling.images_per_step)
    device = choose_device(config.training.device, place=team.local_rank)
    total = steps_of_run(len(names.training), config)
    writer.tell(stage="loading the network", device=describe(device), total_steps=total)
    last = next((it for it in reversed(run.checkpoints()) if it.can_resume), None)
    state = team.tell(lambda: None if last is None else load_state(last.folder / TRAINER_FILE))
    if last is not None and team.is_first:
        model = load_checkpoint(last.model_file, device=device, classes=dataset.classes)
    else:
        model = fresh_model(config, dataset.classes, device)
    team.align(model)
    store = feature_store(model, config)
    trainer = Trainer(model, config, total_steps=total, features=store, team=team)
    if state is not None:
        trainer.restore(state)
    writer.go_back_to(trainer.steps_done)
    writer.tell(step=trainer.steps_done)
    return trainer


def fresh_model(config: Config, classes: Sequence[str], device: torch.device) -> FastRCNN:
    """The network as a run begins with it. Raises WeightsError where its ImageNet weights cannot be had."""
    generator = generator_of(config.training.seed, "head", 0)
    return FastRCNN(config.model, config.image, classes, generator=generator).to(device)


def feature_store(model: FastRCNN, config: Config) -> FeatureStore | None:
    """Where what the frozen stages make of pictures is remembered; None if all train, or no view comes twice."""
    remembers = model.backbone.frozen_stages and config.training.sees_pictures_as_they_are
    mixed = config.training.mixed_precision
    return FeatureStore(model, mixed=mixed) if remembers else None


def note_environment(
    run: Run, dataset: Dataset, names: Names, writer: RunWriter, trainer: Trainer
) -> None:
    """Write what a later reader needs.

    Raises:
        DataError: the run was begun on other data, or the processes of a team see different data.
    """
    if len(set(trainer.team.gather_everywhere(dataset.content_hash))) > 1:
        raise DataError(
            f"The processes that train together do not find the same data set at {dataset.setting}.",
            hint="Give each machine the same pictures and annotations at the same path.",
        )
    before = run.environment()
    data = {
        "title": dataset.title,
        "setting": dataset.setting,
        "hash": dataset.content_hash,
        "classes": dataset.classes,
        "train": names.training,
        "validation": names.validation,
        "test": dataset.split.test,
    }
    if before and not dataset.has_hash(before["data"]["hash"]):
        raise DataError(
            f"The data set at {dataset.setting} is not the one on which this run was begun.",
            hint="Bring that one back, or begin a new run.",
        )
    writer.environment(
        {
            "code": code_version(),
            "libraries": library_versions(),
            "machine": machine(),
            "device": writer.status.device,
            "processes": trainer.team.size,
            "seed": trainer.config.training.seed,
            "data": data,
            "begun": [*before.get("begun", []), {"time": now(), "step": trainer.steps_done}],
        }
    )
