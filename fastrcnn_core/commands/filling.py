"""What is computed once for every picture before the first step: proposals, and what the frozen stages make of it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

from fastrcnn_core.commands.orders import Orders
from fastrcnn_core.commands.progress import bar
from fastrcnn_core.config import Config
from fastrcnn_core.errors import DataError
from fastrcnn_core.features import prune
from fastrcnn_core.proposals import Outcome, propose_all
from fastrcnn_core.runs.writing import RunWriter
from fastrcnn_core.training import Trainer
from fastrcnn_core.training.pictures import Pictures


def find_proposals(
    pictures: Pictures, names: Sequence[str], writer: RunWriter, orders: Orders
) -> None:
    """Fill the store, on all cores, with the proposals that it lacks.

    Raises:
        DataError: some picture cannot be searched.
    """
    missing = [name for name in names if _lacks(pictures, name, orders)]
    if not missing:
        return
    with bar(len(missing), "proposals") as progress:
        began = time.monotonic()

        def tell(done: int, outcome: Outcome) -> None:
            left = _left(began, done, len(missing))
            writer.tell(stage=f"proposals {done}/{len(missing)}", seconds_left=left)
            progress.update()

        report = propose_all(
            missing,
            pictures.dataset.read,
            pictures.config,
            pictures.store,
            workers=worker_count(len(missing)),
            on_outcome=tell,
            should_stop=orders.are_there,
        )
    orders.obey()
    if report.problems:
        name, problem = report.problems[0]
        raise DataError(
            f"{len(report.problems)} training pictures have no proposals; {name}: {problem}",
            way_out="Mend or remove them, or choose another data set.",
        )
    if not report.is_complete:  # it rested meanwhile
        find_proposals(pictures, names, writer, orders)


def remember_features(
    trainer: Trainer, pictures: Pictures, names: Sequence[str], writer: RunWriter, orders: Orders
) -> None:
    """What the frozen stages make of every picture, and of its mirror image if there will be any."""
    if trainer.features is None:
        return
    prune(trainer.features.folder)
    views = [(name, flipped) for name in names for flipped in mirrored_views(trainer.config)]
    began = time.monotonic()
    with bar(len(views), "features") as progress:
        for done, (name, flipped) in enumerate(views):
            orders.obey()
            left = _left(began, done, len(views))
            writer.tell(stage=f"features {done}/{len(views)}", seconds_left=left)
            trainer.features.of(pictures.get(name)[0].image, flipped=flipped)
            progress.update()


def mirrored_views(config: Config) -> tuple[bool, ...]:
    """Whether each view of a picture that training will see is mirrored."""
    return (False, True) if config.training.flip > 0 else (False,)


def worker_count(tasks: int) -> int:
    """As many processes as this one may use cores, or fewer if there is less to do."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, tasks))


def _left(began: float, done: int, total: int) -> float | None:
    """Seconds for the rest of a work that has gone on since `began`; None before its first piece is done."""
    return (time.monotonic() - began) / done * (total - done) if done else None


def _lacks(pictures: Pictures, name: str, orders: Orders) -> bool:
    orders.obey()
    image = pictures.dataset.load(name).image
    return pictures.store.look_up(image, pictures.config) is None
