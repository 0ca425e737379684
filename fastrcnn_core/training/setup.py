"""Setup of a training run: validation split, trainer, environment record, and precomputed proposals and features."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from fastrcnn_core.checkpoints import load_checkpoint
from fastrcnn_core.config import Config
from fastrcnn_core.datasets import Dataset, validation_split
from fastrcnn_core.devices import choose_device, describe
from fastrcnn_core.errors import DataError
from fastrcnn_core.features import FeatureStore, prune
from fastrcnn_core.files import remove_partial_files
from fastrcnn_core.model import FastRCNN
from fastrcnn_core.proposals import ProposalOutcome, propose_all
from fastrcnn_core.runs import RunCheckpoint
from fastrcnn_core.runs.folder import TRAINER_FILE
from fastrcnn_core.runs.writer import RunWriter, software
from fastrcnn_core.terminal import progress_bar
from fastrcnn_core.training.augmentation import seeded_generator
from fastrcnn_core.training.data_loader import DataLoader
from fastrcnn_core.training.distributed import ProcessGroup, expect_enough_images
from fastrcnn_core.training.optimiser import load_state
from fastrcnn_core.training.run_control import RunControl, StageProgress
from fastrcnn_core.training.trainer import Trainer

STALE_SECONDS = 3600.0  # age of a half-written feature map whose process was killed
CHUNK_PER_WORKER = 4  # images between two checks of several processes; chosen here


@dataclass(frozen=True)
class TrainingSplit:
    """Names of the images to train on, and of the validation images, held out of training."""

    training: tuple[str, ...]
    validation: tuple[str, ...]


def split_training(dataset: Dataset, config: Config) -> TrainingSplit:
    """Split the data set's training part into training and validation; the test part is not used.

    Raises:
        DataError: no training image has a ground-truth box.
    """
    names, validation = validation_split(dataset.split.train, config.training.validation_share)
    if not any(len(dataset.annotation(name).boxes) for name in names):
        raise DataError(
            f"{dataset.title} has {len(names)} training images and no ground-truth box on them.",
            hint="Training needs images with boxes: add some, or choose another data set.",
        )
    return TrainingSplit(names, validation)


def build_trainer(
    config: Config,
    dataset: Dataset,
    split: TrainingSplit,
    writer: RunWriter,
    processes: ProcessGroup,
) -> Trainer:
    """Build a trainer at step 0, or restore it from the run's last checkpoint and truncate the run's files there.

    With several processes, the first reads the checkpoint and broadcasts weights and state.

    Raises:
        CheckpointError: the last checkpoint is damaged, or has other classes. WeightsError, DeviceError.
        ConfigError: there are more processes than images in a step.
    """
    expect_enough_images(processes, config.sampling.images_per_step)
    device = choose_device(config.training.device, place=processes.local_rank)
    total = config.total_steps(len(split.training))
    writer.update(stage="loading the network", device=describe(device), total_steps=total)
    last = last_resumable(writer.run.checkpoints())
    state = processes.broadcast(
        lambda: None if last is None else load_state(last.folder / TRAINER_FILE)
    )
    if last is not None and processes.is_first:
        model = load_checkpoint(last.model_file, device=device, classes=dataset.classes)
    else:
        model = new_model(config, dataset.classes, device)
    processes.broadcast_weights(model)
    store = feature_store(model, config)
    trainer = Trainer(model, config, total_steps=total, features=store, processes=processes)
    if state is not None:
        trainer.restore(state)
    writer.rewind(trainer.steps_done)
    writer.update(step=trainer.steps_done)
    return trainer


def last_resumable(checkpoints: Sequence[RunCheckpoint]) -> RunCheckpoint | None:
    """Find the last checkpoint that has the trainer's state; None if there is none."""
    return next((saved for saved in reversed(checkpoints) if saved.can_resume), None)


def new_model(config: Config, classes: Sequence[str], device: torch.device) -> FastRCNN:
    """Build the network of a new run. Raises WeightsError where its ImageNet weights cannot be had."""
    generator = seeded_generator(config.training.seed, "head", 0)
    return FastRCNN(config.model, config.image, classes, generator=generator).to(device)


def feature_store(model: FastRCNN, config: Config) -> FeatureStore | None:
    """Open the feature store; None if no stage is frozen or augmentation changes every image."""
    is_used = model.backbone.frozen_stages and config.training.reuses_features
    mixed = config.training.mixed_precision
    return FeatureStore(model, mixed=mixed) if is_used else None


def record_environment(
    dataset: Dataset, split: TrainingSplit, writer: RunWriter, trainer: Trainer
) -> None:
    """Record code version, libraries, machine, data set and split in the run's folder.

    Raises:
        DataError: the run was started on other data, or its processes read different data.
    """
    if len(set(trainer.processes.all_gather(dataset.content_hash))) > 1:
        raise DataError(
            f"The processes that train together do not find the same data set at {dataset.setting}.",
            hint="Give each machine the same images and annotations at the same path.",
        )
    before = writer.run.environment()
    data = {
        "title": dataset.title,
        "setting": dataset.setting,
        "hash": dataset.content_hash,
        "classes": dataset.classes,
        "train": split.training,
        "validation": split.validation,
        "test": dataset.split.test,
    }
    if before and not dataset.has_hash(before["data"]["hash"]):
        raise DataError(
            f"The data set at {dataset.setting} is not the one on which this run was started.",
            hint="Restore that data set, or start a new run.",
        )
    now = time.strftime("%Y-%m-%dT%H:%M:%S%z")  # ISO 8601
    writer.environment(
        {
            **software(),
            "device": writer.status.device,
            "processes": trainer.processes.size,
            "seed": trainer.config.training.seed,
            "data": data,
            "begun": [*before.get("begun", []), {"time": now, "step": trainer.steps_done}],
        }
    )


def precompute_proposals(
    loader: DataLoader, names: Sequence[str], writer: RunWriter, control: RunControl
) -> None:
    """Search the proposals that the store lacks, on all cores; each process searches its share.

    Raises:
        DataError: an image cannot be searched.
    """
    missing: list[str] = []

    def look_up(name: str) -> None:
        image = loader.dataset.load(name).image
        if loader.store.look_up(image, loader.config) is None:
            missing.append(name)

    control.for_each(control.processes.local_shard(names), look_up)
    with progress_bar(len(missing), "proposals") as bar:
        progress = StageProgress("proposals {done}/{total}", len(missing), writer, bar)
        if missing:
            progress.report()
        while control.processes.max(len(missing)):
            control.check()
            _search_chunk(loader, missing, control, progress)


def _search_chunk(
    loader: DataLoader, missing: list[str], control: RunControl, progress: StageProgress
) -> None:
    """Search the first of the missing ones, all of them in a single process, and remove them from the list."""
    workers = max(1, worker_count(len(missing)) // control.processes.local_size)
    is_single = control.processes.size == 1  # others meet after each chunk, so that none waits long
    chunk = missing if is_single else missing[: workers * CHUNK_PER_WORKER]

    def count(done: int, outcome: ProposalOutcome) -> None:
        progress.advance()

    report = propose_all(
        chunk,
        loader.dataset.read,
        loader.config,
        loader.store,
        workers=workers,
        on_outcome=count,
        should_stop=control.pending,
    )
    if report.problems:
        name, problem = report.problems[0]
        raise DataError(
            f"{len(report.problems)} training images have no proposals; {name}: {problem}",
            hint="Repair or remove them, or choose another data set.",
        )
    del missing[: report.done]


def precompute_features(
    trainer: Trainer,
    loader: DataLoader,
    names: Sequence[str],
    writer: RunWriter,
    control: RunControl,
) -> None:
    """Precompute the frozen stages' feature maps of every image, and of its flipped copy if training flips."""
    store = trainer.features
    if store is None:
        return
    if trainer.processes.local_rank == 0:
        remove_partial_files(store.folder, older_than=STALE_SECONDS)
        prune(store.folder)
    own = trainer.processes.local_shard(names)
    views = [(name, flipped) for name in own for flipped in flip_values(trainer.config)]
    with progress_bar(len(views), "features") as bar:
        progress = StageProgress("features {done}/{total}", len(views), writer, bar)
        progress.report()

        def compute(view: tuple[str, bool]) -> None:
            name, flipped = view
            store.get(loader.get(name)[0].image, flipped=flipped)
            progress.advance()

        control.for_each(views, compute)


def flip_values(config: Config) -> tuple[bool, ...]:
    """List the values of `flipped` with which training sees each image."""
    return (False, True) if config.training.flip > 0 else (False,)


def worker_count(tasks: int) -> int:
    """Count the worker processes: one per core that this process may use, at most one per task."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, tasks))
