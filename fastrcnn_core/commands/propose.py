"""`propose`: compute the proposals of a data set, cache them, and write them as JSON."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tyro

from fastrcnn_core.commands.arguments import DataSetting, option, parse
from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.datasets import default_dataset_setting, open_dataset
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.errors import StorageError
from fastrcnn_core.files import write_text
from fastrcnn_core.proposals import (
    BatchReport,
    ProposalOutcome,
    ProposalStore,
    best_overlap,
    mean_average_best_overlap,
    propose_all,
    recall,
)
from fastrcnn_core.structures import FloatArray
from fastrcnn_core.terminal import GracefulShutdown, echo, progress_bar

LIMITS = (100, 300, 1000, 2000)  # numbers of proposals at which their recall is printed


@dataclass(frozen=True, kw_only=True)
class ProposeArguments:
    """Compute the proposals of every image of a data set by Selective Search. Cached ones are only read."""

    data: DataSetting = None
    out: Annotated[
        Path | None,
        option("FILE.json", "Write the boxes here, best first."),
    ] = None
    split: Annotated[
        Literal["all", "train", "test"], tyro.conf.arg(help="Part of the data set.")
    ] = "all"
    workers: Annotated[
        int | None,
        option("N", "Processes on this machine.", default="one a core"),
    ] = None
    backend: Annotated[
        Literal["loky", "threading", "dask", "ray"],
        tyro.conf.arg(
            help="Distribution of the work: loky on this machine; dask or ray on a cluster."
        ),
    ] = "loky"
    scheduler: Annotated[
        str | None,
        option("ADDRESS", "Of the cluster.", default="this machine"),
    ] = None


def run(argv: Sequence[str]) -> int:
    """Run the command; return exit code 0, 1 if an image could not be searched, or 128 + the signal that stopped it."""
    arguments, config = parse(ProposeArguments, argv, command="propose", groups=("proposals",))
    dataset = open_dataset(arguments.data or default_dataset_setting())
    names = dataset.names if arguments.split == "all" else getattr(dataset.split, arguments.split)
    began = time.perf_counter()
    with GracefulShutdown() as shutdown:
        outcomes, report = _search(dataset, names, config.proposals, arguments, shutdown)
    for name, problem in report.problems:
        echo(f"{name}: {problem}", is_error=True)
    if shutdown.received is not None and not report.is_complete:
        searched = report.done + len(report.problems)
        echo(
            f"Stopped by {shutdown.received.name} after {searched} of {len(names)} images. "
            "The same command continues from there."
        )
        return 128 + shutdown.received
    if arguments.out is not None:
        write_boxes(arguments.out, outcomes)
    _print(outcomes, seconds=time.perf_counter() - began, cached=report.cached)
    return 1 if report.problems else 0


def _search(
    dataset: Dataset,
    names: Sequence[str],
    config: ProposalConfig,
    arguments: ProposeArguments,
    shutdown: GracefulShutdown,
) -> tuple[list[ProposalOutcome], BatchReport]:
    """Search the images until all are done or a signal is received."""
    outcomes: list[ProposalOutcome] = []
    with progress_bar(len(names), "proposals") as progress:

        def keep(done: int, outcome: ProposalOutcome) -> None:
            outcomes.append(outcome)
            progress.update()

        report = propose_all(
            names,
            dataset.read,
            config,
            ProposalStore(),
            workers=arguments.workers or os.cpu_count() or 1,
            backend=arguments.backend,
            scheduler=arguments.scheduler,
            on_outcome=keep,
            should_stop=lambda: shutdown.received is not None,
        )
    return outcomes, report


def write_boxes(path: Path, outcomes: Sequence[ProposalOutcome]) -> None:
    """Write each searched image's name, size and boxes, best first, as JSON, atomically.

    Raises:
        StorageError: the file cannot be written.
    """
    rows = [_row(outcome, outcome.boxes) for outcome in outcomes if outcome.boxes is not None]
    try:
        write_text(path, json.dumps({"images": rows}))
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written ({error.strerror or error}).",
            hint="Free some space there, or name another file; the boxes are cached, so that it takes seconds.",
        ) from error


def _row(outcome: ProposalOutcome, boxes: FloatArray) -> dict[str, Any]:
    return {
        "name": outcome.name,
        "height": outcome.height,
        "width": outcome.width,
        "boxes": np.round(boxes.astype(np.float64), 3).tolist(),
    }


def _print(outcomes: Sequence[ProposalOutcome], *, seconds: float, cached: int) -> None:
    """Print the number of proposals and their recall and mean best overlap, crowds left out."""
    searched = [
        (outcome.boxes, outcome.gt_boxes) for outcome in outcomes if outcome.boxes is not None
    ]
    counts = [len(boxes) for boxes, _ in searched]
    mean = np.mean(counts) if counts else 0
    print(f"images     {len(searched)}, of which {cached} were cached; {seconds:.1f} s")
    print(f"proposals  {sum(counts)}, {mean:.0f} an image")
    none = np.zeros((len(LIMITS), 0), np.float32)
    overlaps = np.concatenate(
        [
            none,
            *(best_overlap(proposals=boxes, gt_boxes=gt, limits=LIMITS) for boxes, gt in searched),
        ],
        axis=1,
    )
    for limit, row in zip(LIMITS, overlaps, strict=True):
        found, mabo = recall(row, 0.5), mean_average_best_overlap(row)
        if found is not None and mabo is not None:
            print(f"first {limit:<5}recall at IoU 0.5 {found:.3f}, mean best overlap {mabo:.3f}")
