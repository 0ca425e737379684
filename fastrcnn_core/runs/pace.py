"""How fast earlier runs went that did the same work a step: what can honestly be said before a run begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from fastrcnn_core.config import Config
from fastrcnn_core.errors import UserError
from fastrcnn_core.runs.folder import Run
from fastrcnn_core.runs.metrics import Columns

# The first steps also warm caches up; chosen here: fewer than this many say nothing.
FEWEST_STEPS = 10


@dataclass(frozen=True)
class Pace:
    """A run, and how long one of its steps took.

    Args:
        run: its name. seconds: the median over its steps.
    """

    run: str
    seconds: float


def pace_of(run: str, columns: Columns) -> Pace | None:
    """The pace that a run's numbers tell; None if there are too few of them."""
    known = [value for value in columns["seconds"] if value is not None]
    return Pace(run, median(known)) if len(known) >= FEWEST_STEPS else None


def doing_the_same(config: Config, runs: Iterable[Run]) -> tuple[Run, ...]:
    """Those of the runs whose steps cost what this config's steps will cost."""
    return tuple(run for run in runs if _work_of(run) == _work(config))


def _work_of(run: Run) -> tuple[Any, ...] | None:
    try:
        return _work(run.config())
    except UserError:  # a damaged run tells nothing
        return None


def _work(config: Config) -> tuple[Any, ...]:
    """What the time of a step depends on."""
    sampling, model = config.sampling, config.model
    return (
        config.image,
        (sampling.images_per_step, sampling.rois_per_image),
        (model.backbone, model.trainable_stages, model.hidden, model.roi_cells),
        config.training.device,
    )
