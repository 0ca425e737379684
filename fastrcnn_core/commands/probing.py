"""The probe behind an estimate: the run's own work on a picture or two, with a clock beside it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import TypeVar

import psutil

from fastrcnn_core.commands.workload import FEW, what_is_known, workload
from fastrcnn_core.config import Config
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.detector import Detector
from fastrcnn_core.devices import choose_device, describe, peak_device_memory, peak_memory
from fastrcnn_core.evaluation import run_inference
from fastrcnn_core.proposals import ProposalStore
from fastrcnn_core.runs.estimating import Estimate, Measured, extrapolate
from fastrcnn_core.training import DataLoader, Trainer, steps_of_run
from fastrcnn_core.training.loop import save_checkpoint_files
from fastrcnn_core.training.setup import feature_store, flip_values, new_model, split_training

T = TypeVar("T")

# Chosen here: enough to be honest, few enough for a person who waits for the answer.
SECONDS = 10.0  # of the process's life, after which no further step begins
FEWEST_STEPS, MOST_STEPS = 2, 12  # the first warms up and does not count
ASKED = 8  # pictures of which is asked what the stores know


def probe(config: Config, dataset: Dataset) -> Estimate:
    """Measure a little of the run that this config would make of the data set, and extrapolate.

    Raises:
        DataError: there is nothing to learn from. WeightsError, DeviceError: the network cannot be made here.
        RunError: its first steps fail already.
    """
    names = split_training(dataset, config)
    loader = DataLoader(dataset, ProposalStore(), config.proposals)
    model = new_model(config, dataset.classes, choose_device(config.training.device))
    total = steps_of_run(len(names.training), config)
    trainer = Trainer(model, config, total_steps=total, features=feature_store(model, config))
    starting = time.time() - psutil.Process().create_time()
    asked = names.training[:: max(1, len(names.training) // ASKED)]
    reading, known = _timed(lambda: [what_is_known(trainer, loader, name) for name in asked])
    few = [it.name for it in sorted(known, key=lambda it: (it.proposals, it.views))[:FEW]]
    measured = _measure(trainer, loader, few, starting, reading / len(asked))
    return extrapolate(measured, workload(trainer, names, known))


def _measure(
    trainer: Trainer, loader: DataLoader, few: Sequence[str], starting: float, reading: float
) -> Measured:
    """Each piece of a run's work, in the run's order."""
    first_search, search = _search(loader, few)
    view, view_bytes = _views(trainer, loader, few)
    return Measured(
        starting=starting,
        reading=reading,
        first_search=first_search,
        search=search,
        view=view,
        step=_step(trainer, loader, few, starting),
        judged=_judged(trainer, loader, few),
        checkpoint=_checkpoint(trainer),
        view_bytes=view_bytes,
        picture_bytes=max(loader.get(name)[0].image.pixels.nbytes for name in few),
        memory=peak_memory(),
        device_memory=peak_device_memory(trainer.model.device),
        device=describe(trainer.model.device),
    )


def _search(loader: DataLoader, few: Sequence[str]) -> tuple[float, float]:
    """What a search costs beyond its own time when it is a process's first, and its own time; 0 where none is due."""
    images = [loader.dataset.load(name).image for name in few]
    due = [it for it in images if loader.store.look_up(it, loader.config) is None]
    times = [_timed(partial(loader.store.get, it, loader.config))[0] for it in due]
    if not times:
        return 0.0, 0.0
    return max(0.0, times[0] - times[-1]), times[-1]


def _views(trainer: Trainer, loader: DataLoader, few: Sequence[str]) -> tuple[float, int]:
    """Seconds that a view took that was not known yet, 0 if all were; and its bytes in memory."""
    store = trainer.features
    if store is None:
        return 0.0, 0
    times, count = [], 0
    for name in few:
        image = loader.get(name)[0].image
        for flipped in flip_values(trainer.config):
            known, count = store.contains(image, flipped=flipped), count + 1
            seconds, _ = _timed(partial(store.get, image, flipped=flipped))
            times += [] if known else [seconds]
    return (min(times) if times else 0.0), store.bytes_in_memory() // count


def _step(trainer: Trainer, loader: DataLoader, few: Sequence[str], starting: float) -> float:
    """The median step after the first, as many as there is time for."""
    images = trainer.config.sampling.images_per_step
    chosen = [loader.get(few[place % len(few)]) for place in range(images)]
    times: list[float] = []
    deadline = time.monotonic() + SECONDS - starting
    while len(times) < FEWEST_STEPS or (len(times) < MOST_STEPS and time.monotonic() < deadline):
        times.append(_timed(lambda: trainer.step(chosen))[0])
    return median(times[1:])


def _judged(trainer: Trainer, loader: DataLoader, few: Sequence[str]) -> float:
    """Detection on one picture, as a validation does it; 0 where there is none."""
    if not trainer.config.training.validation_share:
        return 0.0
    detector = Detector(trainer.model, trainer.config.proposals, trainer.config.detection)
    seconds, _ = _timed(lambda: run_inference(detector, map(loader.get, few)))
    return seconds / len(few)


def _checkpoint(trainer: Trainer) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return _timed(lambda: save_checkpoint_files(trainer, Path(folder), run="probe"))[0]


def _timed(act: Callable[[], T]) -> tuple[float, T]:
    """Seconds, and what came out."""
    began = time.perf_counter()
    result = act()
    return time.perf_counter() - began, result
