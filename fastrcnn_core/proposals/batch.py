"""Proposals of a whole data set, in parallel by joblib: over the cores of this machine or over a cluster.

Stored proposals are only read, so that a stopped batch resumes where it was.
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
    children_ignore_sigint,
    exit_with_parent,
    joblib_backend,
)
from fastrcnn_core.proposals.store import ProposalStore
from fastrcnn_core.structures import AnnotatedImage, FloatArray

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class ProposalOutcome:
    """Result of the search in one picture: its proposals, or a problem.

    Args:
        name: of the picture, in its data set.
        height, width: of the picture; 0 if it could not be read.
        boxes: (P, 4) float32 proposals; None if there was a problem.
        gt_boxes: (N, 4) float32, the ground truth without crowds; (0, 4) if the picture could not be read.
        problem: message of the error; None without one.
        was_cached: the store held the proposals already.
        seconds: time taken.
    """

    name: str
    height: int
    width: int
    boxes: FloatArray | None
    gt_boxes: FloatArray
    problem: str | None
    was_cached: bool
    seconds: float


@dataclass(frozen=True)
class BatchReport:
    """Summary of a batch.

    Args:
        done: number of pictures that have proposals now.
        cached: number of these whose proposals were stored before.
        problems: name and error message of each picture that could not be searched.
        is_complete: False if the batch was stopped before its end.
    """

    done: int
    cached: int
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
    on_outcome: Callable[[int, ProposalOutcome], None] = lambda done, outcome: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> BatchReport:
    """Compute and store the proposals of all these pictures; report a bad picture and go on.

    Args:
        names: of the pictures; outcomes come in this order.
        load: the annotated image of a name, such as `Dataset.read`; it is sent to the workers.
        store: every worker must see its folder.
        workers: processes on this machine, one thread each; a cluster has its own number.
        backend: joblib's: "loky" (processes), "threading", "dask" or "ray".
        scheduler: a cluster's address; without one, dask and ray start a cluster on this machine.
        on_outcome: called in this process with the number of pictures so far and the last outcome.
        should_stop: called after every picture.

    Raises:
        ConfigError: no such backend.
        StorageError: the store cannot be written to; what it holds stays.
        UserError: the backend's package is not installed, its scheduler does not answer, or a worker died.
    """
    done, cached, problems = 0, 0, list[tuple[str, str]]()
    tasks = (joblib.delayed(propose_one)(name, load, config, store) for name in names)
    with (
        joblib_backend(backend, scheduler=scheduler, workers=workers),
        _start(tasks, workers) as results,
    ):
        for count, outcome in enumerate(_outcomes(results, should_stop), start=1):
            if outcome.problem is None:
                done += 1
                cached += outcome.was_cached
            else:
                problems.append((outcome.name, outcome.problem))
            on_outcome(count, outcome)
            if should_stop():
                break
    return BatchReport(done, cached, tuple(problems), done + len(problems) == len(names))


@contextmanager
def _start(tasks: Iterator[Any], workers: int) -> Iterator[Iterator[ProposalOutcome]]:
    """Run the tasks and give their outcomes in order; tasks without a consumer when the block ends are cancelled."""
    with warnings.catch_warnings(
        action="ignore", category=UserWarning
    ):  # joblib's, about cancelled tasks
        with children_ignore_sigint():
            results = joblib.Parallel(n_jobs=workers, return_as="generator", batch_size=1)(tasks)
        with closing(results):
            yield results


def _outcomes(
    results: Iterator[ProposalOutcome], should_stop: Callable[[], bool]
) -> Iterator[ProposalOutcome]:
    """Yield the outcomes; report a worker's death as a UserError unless the batch is to stop anyway."""
    try:
        yield from results
    except BrokenProcessPool as error:
        if not should_stop():  # SIGTERM may have been sent to the whole process group
            raise UserError(
                "A worker process was killed, most likely for want of memory.",
                hint="Start again with fewer workers; stored proposals are not computed again.",
            ) from error


def propose_one(
    name: str,
    load: Callable[[str], AnnotatedImage],
    config: ProposalConfig,
    store: ProposalStore,
) -> ProposalOutcome:
    """Compute and store one picture's proposals; the outcome tells any problem of the picture.

    Raises:
        StorageError: the store cannot be written to, for this or any other picture.
    """
    start = time.perf_counter()
    exit_with_parent()
    try:
        annotated = load(name)
        image = annotated.image
        was_cached = store.look_up(image, config) is not None
        boxes = store.get(image, config)
    except StorageError:
        raise
    except Exception as error:  # one bad picture does not stop the others
        logger.warning("no proposals for %s", name, exc_info=not isinstance(error, UserError))
        problem = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        no_boxes = np.zeros((0, 4), np.float32)
        seconds = time.perf_counter() - start
        return ProposalOutcome(name, 0, 0, None, no_boxes, problem, False, seconds)
    judged = annotated.boxes[~annotated.is_crowd]
    seconds = time.perf_counter() - start
    return ProposalOutcome(
        name, image.height, image.width, boxes, judged, None, was_cached, seconds
    )
