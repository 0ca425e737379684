"""What is computed once for every picture before the first step: proposals, and what the frozen stages make of it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Any

from fastrcnn_core.commands.orders import Orders
from fastrcnn_core.commands.progress import bar
from fastrcnn_core.config import Config
from fastrcnn_core.errors import DataError
from fastrcnn_core.features import prune
from fastrcnn_core.proposals import Outcome, propose_all
from fastrcnn_core.runs.left_overs import remove_left_overs
from fastrcnn_core.runs.writing import RunWriter
from fastrcnn_core.training import Trainer
from fastrcnn_core.training.pictures import Pictures

FEWEST_DONE = 4  # pieces from which on the time left is told; chosen here
SECONDS_OF_A_MAP = 3600.0  # by then whoever was writing one has been killed
ROUND = 4  # pictures for each worker between two meetings of a team; chosen here


def find_proposals(
    pictures: Pictures, names: Sequence[str], writer: RunWriter, orders: Orders
) -> None:
    """Fill the store, on all cores, with the proposals that it lacks; of a team, each process finds its share.

    Raises:
        DataError: some picture cannot be searched.
    """
    missing: list[str] = []
    own = orders.team.local_share(names)
    orders.between(own, lambda name: missing.extend([name] if _lacks(pictures, name) else []))
    with bar(len(missing), "proposals") as progress:
        began = time.monotonic()
        while orders.team.most(len(missing)):
            orders.obey()
            _search_some(pictures, missing, writer, orders, progress, began)


def _search_some(
    pictures: Pictures,
    missing: list[str],
    writer: RunWriter,
    orders: Orders,
    progress: Any,
    began: float,
) -> None:
    """Search the first of the missing ones, all if nobody waits for us, and take them off the list."""
    workers = max(1, worker_count(len(missing)) // orders.team.local_size)
    # A team meets after each round: nobody should wait long for the others, or to be told to stop.
    chunk = missing if orders.team.size == 1 else missing[: workers * ROUND]

    def tell(done: int, outcome: Outcome) -> None:
        total = progress.total or len(missing)
        found = total - len(missing) + done
        writer.tell(stage=f"proposals {found}/{total}", seconds_left=_left(began, found, total))
        progress.update()

    report = propose_all(
        chunk,
        pictures.dataset.read,
        pictures.config,
        pictures.store,
        workers=workers,
        on_outcome=tell,
        should_stop=orders.are_there,
    )
    if report.problems:
        name, problem = report.problems[0]
        raise DataError(
            f"{len(report.problems)} training pictures have no proposals; {name}: {problem}",
            hint="Mend or remove them, or choose another data set.",
        )
    del missing[: report.done]


def remember_features(
    trainer: Trainer, pictures: Pictures, names: Sequence[str], writer: RunWriter, orders: Orders
) -> None:
    """What the frozen stages make of every picture, and of its mirror image if there will be any."""
    store = trainer.features
    if store is None:
        return
    if trainer.team.local_rank == 0:
        remove_left_overs(store.folder, older_than=SECONDS_OF_A_MAP)
        prune(store.folder)
    own = trainer.team.local_share(names)
    views = [(name, flipped) for name in own for flipped in mirrored_views(trainer.config)]
    began = time.monotonic()
    with bar(len(views), "features") as progress:

        def remember(view: tuple[str, bool]) -> None:
            left = _left(began, progress.n, len(views))
            writer.tell(stage=f"features {progress.n}/{len(views)}", seconds_left=left)
            store.of(pictures.get(view[0])[0].image, flipped=view[1])
            progress.update()

        orders.between(views, remember)


def mirrored_views(config: Config) -> tuple[bool, ...]:
    """Whether each view of a picture that training will see is mirrored."""
    return (False, True) if config.training.flip > 0 else (False,)


def worker_count(tasks: int) -> int:
    """As many processes as this one may use cores, or fewer if there is less to do."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, tasks))


def _left(began: float, done: int, total: int) -> float | None:
    """Seconds for the rest of a work that has gone on since `began`; None before its first pieces are done.

    The very first waits for the workers to start and for a compiler: by it alone, the rest would seem to take an hour.
    """
    return (time.monotonic() - began) / done * (total - done) if done >= FEWEST_DONE else None


def _lacks(pictures: Pictures, name: str) -> bool:
    image = pictures.dataset.load(name).image
    return pictures.store.look_up(image, pictures.config) is None
