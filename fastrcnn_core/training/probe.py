"""Probe of a training run: time the run's own work on an image or two, count what remains, and estimate its cost.

`runs.cost_estimate` runs this in a process of its own.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import TypeVar

import psutil

from fastrcnn_core.config import Config
from fastrcnn_core.datasets import Dataset
from fastrcnn_core.detector import Detector
from fastrcnn_core.devices import choose_device, describe, peak_device_memory, peak_memory
from fastrcnn_core.evaluation import run_inference
from fastrcnn_core.features import MEMORY_BYTES as FEATURE_BYTES
from fastrcnn_core.proposals import ProposalStore
from fastrcnn_core.runs import Estimate
from fastrcnn_core.training import DataLoader, Trainer
from fastrcnn_core.training.data_loader import MEMORY_BYTES as IMAGE_BYTES
from fastrcnn_core.training.loop import save_checkpoint_files
from fastrcnn_core.training.setup import (
    TrainingSplit,
    feature_store,
    flip_values,
    new_model,
    split_training,
    worker_count,
)

T = TypeVar("T")

# Chosen here: enough for an honest figure, few enough for a person who waits for it.
SECONDS = 10.0  # of the process's life, after which no further step begins
MIN_STEPS, MAX_STEPS = 2, 12  # the first warms caches up and does not count
PROBED = 2  # images on which the work is timed
LOOKED_UP = 8  # images whose cache entries are looked up
TIMES_READ = 2  # each image before the first step: for its proposals and for its features


@dataclass(frozen=True)
class CacheEntries:
    """Cache entries of one image: whether its proposals are stored, and the number of its stored feature maps."""

    name: str
    proposals: bool
    features: int


@dataclass(frozen=True)
class Work:
    """Number of times that a run does each part of its work.

    Args:
        images: that are trained on or held out for validation. searches: those without stored proposals.
        features: feature maps that are not stored yet. steps: training steps.
        validated: validation images over all checkpoints. checkpoints: how many are written.
    """

    images: int
    searches: float
    features: float
    steps: int
    validated: int
    checkpoints: int


def estimate_cost(config: Config, dataset: Dataset) -> Estimate:
    """Estimate time and memory of a run: time a few steps of it, and extrapolate.

    Raises:
        DataError: there is nothing to learn from. WeightsError, DeviceError: the network cannot be made here.
        RunError: the run's first steps fail.
    """
    split = split_training(dataset, config)
    loader = DataLoader(dataset, ProposalStore(), config.proposals)
    model = new_model(config, dataset.classes, choose_device(config.training.device))
    total = config.total_steps(len(split.training))
    trainer = Trainer(model, config, total_steps=total, features=feature_store(model, config))
    startup = time.time() - psutil.Process().create_time()
    sample = split.training[:: max(1, len(split.training) // LOOKED_UP)]
    reading, entries = _timed(lambda: [look_up(trainer, loader, name) for name in sample])
    fewest_first = sorted(entries, key=lambda entry: (entry.proposals, entry.features))
    names = [entry.name for entry in fewest_first[:PROBED]]
    work = count_work(trainer, split, entries)
    first_search, search = _time_search(loader, names)
    workers = worker_count(len(split.training))
    seconds = {
        "starting": startup + TIMES_READ * reading / len(sample) * work.images,
        "proposals": first_search + search * work.searches / workers,
        "features": _time_features(trainer, loader, names) * work.features,
        "steps": (step := _time_step(trainer, loader, names, startup)) * work.steps,
        "validation": _time_inference(trainer, loader, names) * work.validated,
        "checkpoints": _time_checkpoint(trainer) * work.checkpoints,
    }
    return Estimate(
        seconds=seconds,
        steps=work.steps,
        step_seconds=step,
        memory_bytes=peak_memory() + later_bytes(trainer, loader, split, names),
        device_memory_bytes=peak_device_memory(model.device),
        device=describe(model.device),
    )


def look_up(trainer: Trainer, loader: DataLoader, name: str) -> CacheEntries:
    """Look up what the caches hold of an image."""
    image = loader.dataset.load(name).image
    store, flips = trainer.features, flip_values(trainer.config)
    return CacheEntries(
        name,
        loader.store.look_up(image, loader.config) is not None,
        0 if store is None else sum(store.contains(image, flipped=flipped) for flipped in flips),
    )


def count_work(trainer: Trainer, split: TrainingSplit, entries: Sequence[CacheEntries]) -> Work:
    """Count the work of a run; all images are taken to be cached as often as those that were looked up."""
    config, count = trainer.config, len(split.training)
    images = count + len(split.validation)
    checkpoints = -(-trainer.total_steps // config.steps_per_checkpoint(count))
    maps = 0 if trainer.features is None else len(flip_values(config))  # of each image
    missing_proposals = 1 - sum(entry.proposals for entry in entries) / len(entries)
    missing_maps = maps - sum(entry.features for entry in entries) / len(entries)
    return Work(
        images=images,
        searches=missing_proposals * images,
        features=missing_maps * count,
        steps=trainer.total_steps,
        validated=checkpoints * len(split.validation),
        checkpoints=checkpoints,
    )


def later_bytes(
    trainer: Trainer, loader: DataLoader, split: TrainingSplit, names: Sequence[str]
) -> int:
    """Estimate what the run will cache in memory beyond the named images, up to the caches' limits."""
    mapped = max(0, len(split.training) - PROBED)
    images = max(0, len(split.training) + len(split.validation) - PROBED)
    image_bytes = max(loader.get(name)[0].image.pixels.nbytes for name in names)
    cached = min(images * image_bytes, IMAGE_BYTES)
    if trainer.features is not None:  # it holds one map of each named image and flip
        per_image = trainer.features.bytes_in_memory() // len(names)
        cached += min(mapped * per_image, FEATURE_BYTES)
    return cached


def _time_search(loader: DataLoader, names: Sequence[str]) -> tuple[float, float]:
    """Time Selective Search: what a process's first search costs beyond its own time, and that; 0 if all is cached."""
    images = [loader.dataset.load(name).image for name in names]
    missing = [image for image in images if loader.store.look_up(image, loader.config) is None]
    times = [_timed(partial(loader.store.get, image, loader.config))[0] for image in missing]
    return (max(0.0, times[0] - times[-1]), times[-1]) if times else (0.0, 0.0)


def _time_features(trainer: Trainer, loader: DataLoader, names: Sequence[str]) -> float:
    """Time the frozen stages on one image; 0 if all is cached."""
    store, times = trainer.features, []
    if store is None:
        return 0.0
    for name in names:
        image = loader.get(name)[0].image
        for flipped in flip_values(trainer.config):
            is_cached = store.contains(image, flipped=flipped)
            seconds, _ = _timed(partial(store.get, image, flipped=flipped))
            times += [] if is_cached else [seconds]
    return min(times, default=0.0)


def _time_step(trainer: Trainer, loader: DataLoader, names: Sequence[str], startup: float) -> float:
    """Time training steps after the first, as many as there is time for; return the median."""
    count = trainer.config.sampling.images_per_step
    batch = [loader.get(names[place % len(names)]) for place in range(count)]
    times: list[float] = []
    deadline = time.monotonic() + SECONDS - startup
    while len(times) < MIN_STEPS or (len(times) < MAX_STEPS and time.monotonic() < deadline):
        times.append(_timed(lambda: trainer.step(batch))[0])
    return median(times[1:])


def _time_inference(trainer: Trainer, loader: DataLoader, names: Sequence[str]) -> float:
    """Time detection on one image, as validation does it; 0 without validation."""
    if not trainer.config.training.validation_share:
        return 0.0
    detector = Detector(trainer.model, trainer.config.proposals, trainer.config.detection)
    seconds, _ = _timed(lambda: run_inference(detector, map(loader.get, names)))
    return seconds / len(names)


def _time_checkpoint(trainer: Trainer) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return _timed(lambda: save_checkpoint_files(trainer, Path(folder), run="probe"))[0]


def _timed(call: Callable[[], T]) -> tuple[float, T]:
    """Time a call; return its seconds and its result."""
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result
