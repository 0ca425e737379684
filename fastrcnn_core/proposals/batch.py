"""Proposals of many pictures: over the cores of this machine, or over a cluster by naming its backend.

A picture whose proposals are in the store costs its reading only, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.errors import StorageError, UserError
from fastrcnn_core.proposals.joblib_backends import (
    backend_called,
    children_ignore_ctrl_c,
    end_with_parent,
)
from fastrcnn_core.proposals.store import ProposalStore
from fastrcnn_core.structures import AnnotatedImage, FloatArray

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one picture.

    Args:
        name: the picture's, in its data set.
        height, width: of the picture; 0 if it could not be read.
        boxes: (P, 4) float32 proposals; None if there was a problem.
        gt_boxes: (N, 4) float32, by which they are judged: the ground truth without crowds; none if it was not read.
        problem: what went wrong, in words; None if nothing did.
        was_kept: whether the store had the proposals already.
        seconds: what it cost.
    """

    name: str
    height: int
    width: int
    boxes: FloatArray | None
    gt_boxes: FloatArray
    problem: str | None
    was_kept: bool
    seconds: float


@dataclass(frozen=True)
class BatchReport:
    """What became of a whole run.

    Args:
        done: how many pictures have proposals now.
        kept: how many of these had them before.
        problems: name and words for each picture that could not be searched.
        is_complete: False if the run was stopped before its end.
    """

    done: int
    kept: int
    problems: tuple[tuple[str, str], ...]
    is_complete: bool


def propose_all(
    names: Sequence[str],
    load: Callable[[str], AnnotatedImage],
    config: ProposalConfig,
    store: ProposalStore,
    *,
    workers: int = 1,
    backend: str = "loky",
    scheduler: str | None = None,
    on_outcome: Callable[[int, Outcome], None] = lambda done, outcome: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> BatchReport:
    """Fill the store with the proposals of all these pictures; a bad picture is reported and does not end the run.

    Args:
        names: of the pictures; outcomes come in this order.
        load: the annotated image of a name, such as `Dataset.read`; it is sent to the workers.
        store: its folder is seen by all workers.
        workers: processes on this machine, one thread each; a cluster has its own number.
        backend: "loky" (processes), "threading", "dask" or "ray".
        scheduler: a cluster's address; without one, dask and ray start a cluster on this machine.
        on_outcome: called in this process with the number of pictures done so far, and the last one's outcome.
        should_stop: asked after every picture.

    Raises:
        ConfigError: no such backend.
        StorageError: the store cannot be written to; what it holds by then is kept.
        UserError: the backend's package is not installed, its scheduler does not answer, or a worker died.
    """
    done, kept, problems = 0, 0, list[tuple[str, str]]()
    tasks = (joblib.delayed(propose_one)(name, load, config, store) for name in names)
    with (
        backend_called(backend, scheduler=scheduler, workers=workers),
        _begun(tasks, workers) as run,
    ):
        for count, outcome in enumerate(_answers(run, should_stop), start=1):
            if outcome.problem is None:
                done += 1
                kept += outcome.was_kept
            else:
                problems.append((outcome.name, outcome.problem))
            on_outcome(count, outcome)
            if should_stop():
                break
    return BatchReport(done, kept, tuple(problems), done + len(problems) == len(names))


@contextmanager
def _begun(tasks: Iterator[Any], workers: int) -> Iterator[Iterator[Outcome]]:
    """The tasks' outcomes in order, as they come; what is not asked for until the block ends is given up."""
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # joblib's, of giving up
        with children_ignore_ctrl_c():
            run = joblib.Parallel(n_jobs=workers, return_as="generator", batch_size=1)(tasks)
        with closing(run):
            yield run


def _answers(run: Iterator[Outcome], should_stop: Callable[[], bool]) -> Iterator[Outcome]:
    """The outcomes; a worker's death ends them, in words unless all were to stop anyway."""
    try:
        yield from run
    except BrokenProcessPool as error:
        if not should_stop():  # SIGTERM may have been for all of us
            raise UserError(
                "A worker process ended without an answer: it was killed, most likely for want of memory.",
                hint="Start again with fewer workers; what was found is kept.",
            ) from error


def propose_one(
    name: str,
    load: Callable[[str], AnnotatedImage],
    config: ProposalConfig,
    store: ProposalStore,
) -> Outcome:
    """One picture's proposals, now in the store; what is wrong with the picture is told in the outcome.

    Raises:
        StorageError: the store cannot be written to, which no other picture would change.
    """
    start = time.perf_counter()
    end_with_parent()
    try:
        annotated = load(name)
        image = annotated.image
        was_kept = store.look_up(image, config) is not None
        boxes = store.get(image, config)
    except StorageError:
        raise
    except (
        Exception
    ) as error:  # whatever is wrong with one picture, the others are still to be done
        logger.warning("no proposals for %s", name, exc_info=not isinstance(error, UserError))
        words = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        nobody = np.zeros((0, 4), np.float32)
        return Outcome(name, 0, 0, None, nobody, words, False, time.perf_counter() - start)
    judged = annotated.boxes[~annotated.is_crowd]
    seconds = time.perf_counter() - start
    return Outcome(name, image.height, image.width, boxes, judged, None, was_kept, seconds)
