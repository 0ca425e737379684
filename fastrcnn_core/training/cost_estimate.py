"""Cost estimate of a training run: a probe times the run's own work on an image or two, and counts what remains.

`runs.cost_estimate` extrapolates from both, and runs this probe in a process of its own.
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
from fastrcnn_core.runs.cost_estimate import Estimate, Measured, Workload, extrapolate
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


@dataclass(frozen=True)
class CacheEntries:
    """Cache entries of one image: whether its proposals are stored, and the number of its stored feature maps."""

    name: str
    proposals: bool
    features: int


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
    probed = [entry.name for entry in fewest_first[:PROBED]]
    measured = _measure(trainer, loader, probed, startup, reading / len(sample))
    return extrapolate(measured, count_work(trainer, split, entries))


def look_up(trainer: Trainer, loader: DataLoader, name: str) -> CacheEntries:
    """Look up what the caches hold of an image."""
    image = loader.dataset.load(name).image
    store, flips = trainer.features, flip_values(trainer.config)
    return CacheEntries(
        name,
        loader.store.look_up(image, loader.config) is not None,
        0 if store is None else sum(store.contains(image, flipped=flipped) for flipped in flips),
    )


def count_work(trainer: Trainer, split: TrainingSplit, entries: Sequence[CacheEntries]) -> Workload:
    """Count the work of a run; all images are taken to be cached as often as those that were looked up."""
    config, count = trainer.config, len(split.training)
    images = count + len(split.validation)
    checkpoints = -(-trainer.total_steps // config.steps_per_checkpoint(count))
    maps = 0 if trainer.features is None else len(flip_values(config))  # of each image
    missing_proposals = 1 - sum(entry.proposals for entry in entries) / len(entries)
    missing_maps = maps - sum(entry.features for entry in entries) / len(entries)
    return Workload(
        pictures=images,
        searches=missing_proposals * images,
        workers=worker_count(count),
        views=missing_maps * count,
        steps=trainer.total_steps,
        judged=checkpoints * len(split.validation),
        checkpoints=checkpoints,
        held_views=max(0, count - PROBED) * maps,
        held_pictures=max(0, images - PROBED),
        most_view_bytes=FEATURE_BYTES,
        most_picture_bytes=IMAGE_BYTES,
    )


def _measure(
    trainer: Trainer, loader: DataLoader, names: Sequence[str], startup: float, reading: float
) -> Measured:
    """Time each kind of work on the named images, in a run's order."""
    first_search, search = _time_search(loader, names)
    view, view_bytes = _time_features(trainer, loader, names)
    return Measured(
        starting=startup,
        reading=reading,
        first_search=first_search,
        search=search,
        view=view,
        step=_time_step(trainer, loader, names, startup),
        judged=_time_inference(trainer, loader, names),
        checkpoint=_time_checkpoint(trainer),
        view_bytes=view_bytes,
        picture_bytes=max(loader.get(name)[0].image.pixels.nbytes for name in names),
        memory=peak_memory(),
        device_memory=peak_device_memory(trainer.model.device),
        device=describe(trainer.model.device),
    )


def _time_search(loader: DataLoader, names: Sequence[str]) -> tuple[float, float]:
    """Time Selective Search: what a process's first search costs beyond its own time, and that; 0 if all is cached."""
    images = [loader.dataset.load(name).image for name in names]
    missing = [image for image in images if loader.store.look_up(image, loader.config) is None]
    times = [_timed(partial(loader.store.get, image, loader.config))[0] for image in missing]
    return (max(0.0, times[0] - times[-1]), times[-1]) if times else (0.0, 0.0)


def _time_features(trainer: Trainer, loader: DataLoader, names: Sequence[str]) -> tuple[float, int]:
    """Time the frozen stages on one image, 0 if all is cached; and return a feature map's bytes in memory."""
    store = trainer.features
    if store is None:
        return 0.0, 0
    times, count = [], 0
    for name in names:
        image = loader.get(name)[0].image
        for flipped in flip_values(trainer.config):
            is_cached, count = store.contains(image, flipped=flipped), count + 1
            seconds, _ = _timed(partial(store.get, image, flipped=flipped))
            times += [] if is_cached else [seconds]
    return (min(times) if times else 0.0), store.bytes_in_memory() // count


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
