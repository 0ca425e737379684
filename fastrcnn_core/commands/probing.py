"""The probe behind an estimate: the run's own work on a picture or two, with a clock beside it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TypeVar

import psutil

from fastrcnn_core.commands.filling import mirrored_views, worker_count
from fastrcnn_core.commands.learning import steps_between_checkpoints, write_checkpoint
from fastrcnn_core.commands.preparing import Names, choose_names, feature_store, fresh_model
from fastrcnn_core.config import Config
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.devices import choose_device, describe, peak_device_memory, peak_memory
from fastrcnn_core.evaluation import find_all
from fastrcnn_core.features import MEMORY_BYTES as MOST_VIEW_BYTES
from fastrcnn_core.proposals import ProposalStore
from fastrcnn_core.runs.estimating import Estimate, Measured, Workload, extrapolate
from fastrcnn_core.training import Trainer, steps_of_run
from fastrcnn_core.training.pictures import MEMORY_BYTES as MOST_PICTURE_BYTES
from fastrcnn_core.training.pictures import Pictures

T = TypeVar("T")

# Chosen here: enough to be honest, few enough for a person who waits for the answer.
SECONDS = 10.0  # of the process's life, after which no further step begins
FEWEST_STEPS, MOST_STEPS = 2, 12  # the first warms up and does not count
ASKED = 8  # pictures of which is asked what the stores know
FEW = 2  # pictures that are worked on


@dataclass(frozen=True)
class Known:
    """What the stores know of a picture already: its proposals, and how many of its views."""

    name: str
    proposals: bool
    views: int


def probe(config: Config, dataset: Dataset) -> Estimate:
    """Measure a little of the run that this config would make of the data set, and extrapolate.

    Raises:
        DataError: there is nothing to learn from. WeightsError, DeviceError: the network cannot be made here.
        RunError: its first steps fail already.
    """
    names = choose_names(dataset, config)
    pictures = Pictures(dataset, ProposalStore(), config.proposals)
    model = fresh_model(config, dataset.classes, choose_device(config.training.device))
    total = steps_of_run(len(names.training), config)
    trainer = Trainer(model, config, total_steps=total, features=feature_store(model, config))
    starting = time.time() - psutil.Process().create_time()
    asked = names.training[:: max(1, len(names.training) // ASKED)]
    reading, known = _timed(lambda: [_known(trainer, pictures, name) for name in asked])
    few = [it.name for it in sorted(known, key=lambda it: (it.proposals, it.views))[:FEW]]
    measured = _measure(trainer, pictures, few, starting, reading / len(asked))
    return extrapolate(measured, _workload(trainer, names, known))


def _known(trainer: Trainer, pictures: Pictures, name: str) -> Known:
    image = pictures.dataset.load(name).image
    store, views = trainer.features, mirrored_views(trainer.config)
    return Known(
        name,
        pictures.store.look_up(image, pictures.config) is not None,
        0 if store is None else sum(store.knows(image, flipped=it) for it in views),
    )


def _workload(trainer: Trainer, names: Names, known: Sequence[Known]) -> Workload:
    """All that is to be done; what the few that were asked lack, all the others are supposed to lack."""
    config, count = trainer.config, len(names.training)
    every = steps_between_checkpoints(count, config)
    checkpoints = -(-trainer.total_steps // every)
    of_each = 0 if trainer.features is None else len(mirrored_views(config))
    lacking = 1 - sum(it.proposals for it in known) / len(known)
    lacking_views = of_each - sum(it.views for it in known) / len(known)
    return Workload(
        pictures=count + len(names.validation),
        searches=lacking * (count + len(names.validation)),
        workers=worker_count(count),
        views=lacking_views * count,
        steps=trainer.total_steps,
        judged=checkpoints * len(names.validation),
        checkpoints=checkpoints,
        held_views=max(0, count - FEW) * of_each,
        held_pictures=max(0, count + len(names.validation) - FEW),
        most_view_bytes=MOST_VIEW_BYTES,
        most_picture_bytes=MOST_PICTURE_BYTES,
    )


def _measure(
    trainer: Trainer, pictures: Pictures, few: Sequence[str], starting: float, reading: float
) -> Measured:
    """Each piece of a run's work, in the run's order."""
    first_search, search = _search(pictures, few)
    view, view_bytes = _views(trainer, pictures, few)
    return Measured(
        starting=starting,
        reading=reading,
        first_search=first_search,
        search=search,
        view=view,
        step=_step(trainer, pictures, few, starting),
        judged=_judged(trainer, pictures, few),
        checkpoint=_checkpoint(trainer),
        view_bytes=view_bytes,
        picture_bytes=max(pictures.get(name)[0].image.pixels.nbytes for name in few),
        memory=peak_memory(),
        device_memory=peak_device_memory(trainer.model.device),
        device=describe(trainer.model.device),
    )


def _search(pictures: Pictures, few: Sequence[str]) -> tuple[float, float]:
    """What a search costs beyond its own time when it is a process's first, and its own time; 0 where none is due."""
    images = [pictures.dataset.load(name).image for name in few]
    due = [it for it in images if pictures.store.look_up(it, pictures.config) is None]
    times = [_timed(lambda it=it: pictures.store.get(it, pictures.config))[0] for it in due]
    if not times:
        return 0.0, 0.0
    return max(0.0, times[0] - times[-1]), times[-1]


def _views(trainer: Trainer, pictures: Pictures, few: Sequence[str]) -> tuple[float, int]:
    """Seconds that a view took that was not known yet, 0 if all were; and its bytes in memory."""
    store = trainer.features
    if store is None:
        return 0.0, 0
    times, count = [], 0
    for name in few:
        image = pictures.get(name)[0].image
        for flipped in mirrored_views(trainer.config):
            known, count = store.knows(image, flipped=flipped), count + 1
            seconds, _ = _timed(lambda: store.of(image, flipped=flipped))  # noqa: B023 - called here
            times += [] if known else [seconds]
    return (min(times) if times else 0.0), store.bytes_in_memory() // count


def _step(trainer: Trainer, pictures: Pictures, few: Sequence[str], starting: float) -> float:
    """The median step after the first, as many as there is time for."""
    images = trainer.config.sampling.images_per_step
    chosen = [pictures.get(few[place % len(few)]) for place in range(images)]
    times: list[float] = []
    deadline = time.monotonic() + SECONDS - starting
    while len(times) < FEWEST_STEPS or (len(times) < MOST_STEPS and time.monotonic() < deadline):
        times.append(_timed(lambda: trainer.step(chosen))[0])
    return median(times[1:])


def _judged(trainer: Trainer, pictures: Pictures, few: Sequence[str]) -> float:
    """Detection on one picture, as a validation does it; 0 where there is none."""
    if not trainer.config.training.validation_share:
        return 0.0
    seconds, _ = _timed(
        lambda: find_all(trainer.model, map(pictures.get, few), trainer.config.detection)
    )
    return seconds / len(few)


def _checkpoint(trainer: Trainer) -> float:
    with tempfile.TemporaryDirectory() as folder:
        return _timed(lambda: write_checkpoint(trainer, Path(folder), run="probe"))[0]


def _timed(act: Callable[[], T]) -> tuple[float, T]:
    """Seconds, and what came out."""
    began = time.perf_counter()
    result = act()
    return time.perf_counter() - began, result
