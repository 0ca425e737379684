"""How often a run will do each thing, counted before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastrcnn_core.features import MEMORY_BYTES as MOST_VIEW_BYTES
from fastrcnn_core.plan import steps_between_checkpoints
from fastrcnn_core.runs.estimating import Workload
from fastrcnn_core.training import DataLoader, Trainer
from fastrcnn_core.training.data_loader import MEMORY_BYTES as MOST_PICTURE_BYTES
from fastrcnn_core.training.setup import TrainingSplit, flip_values, worker_count

FEW = 2  # pictures on which a probe works


@dataclass(frozen=True)
class Known:
    """What the stores know of a picture already: its proposals, and how many of its views."""

    name: str
    proposals: bool
    views: int


def what_is_known(trainer: Trainer, loader: DataLoader, name: str) -> Known:
    """What the stores have of the picture of this name."""
    image = loader.dataset.load(name).image
    store, views = trainer.features, flip_values(trainer.config)
    return Known(
        name,
        loader.store.look_up(image, loader.config) is not None,
        0 if store is None else sum(store.contains(image, flipped=it) for it in views),
    )


def workload(trainer: Trainer, names: TrainingSplit, known: Sequence[Known]) -> Workload:
    """All that is to be done; what the few that were asked lack, all the others are supposed to lack."""
    config, count = trainer.config, len(names.training)
    every = steps_between_checkpoints(count, config)
    checkpoints = -(-trainer.total_steps // every)
    of_each = 0 if trainer.features is None else len(flip_values(config))
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
