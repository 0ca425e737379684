"""`propose`: proposals of a whole data set, kept in the store and written as JSON if asked for."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from fastrcnn_core.commands.arguments import DataSetting, parse
from fastrcnn_core.commands.proposed import tell, write_boxes
from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.datasets import default_dataset_setting, open_dataset
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.proposals import (
    BatchReport,
    ProposalOutcome,
    ProposalStore,
    propose_all,
)
from fastrcnn_core.terminal import GracefulShutdown, echo, progress_bar


@dataclass(frozen=True, kw_only=True)
class ProposeArguments:
    """Find the boxes that are worth looking at, on every picture of a data set. What was found before is only read."""

    data: DataSetting = None
    out: Annotated[
        Path | None,
        tyro.conf.arg(
            metavar="FILE.json",
            help="Write the boxes here, best first.",
            help_behavior_hint="(default: none)",
        ),
    ] = None
    split: Annotated[
        Literal["all", "train", "test"], tyro.conf.arg(help="Which part of the data set.")
    ] = "all"
    workers: Annotated[
        int | None,
        tyro.conf.arg(
            metavar="N",
            help="Processes on this machine.",
            help_behavior_hint="(default: one a core)",
        ),
    ] = None
    backend: Annotated[
        Literal["loky", "threading", "dask", "ray"],
        tyro.conf.arg(
            help="Who shares out the work: loky on this machine; dask or ray on a cluster."
        ),
    ] = "loky"
    scheduler: Annotated[
        str | None,
        tyro.conf.arg(
            metavar="ADDRESS", help="Of the cluster.", help_behavior_hint="(default: this machine)"
        ),
    ] = None


def run(words: Sequence[str]) -> int:
    """The command; returns 0, 1 if a picture could not be searched, or 128 + the signal that stopped it."""
    arguments, config = parse(ProposeArguments, words, command="propose", groups=("proposals",))
    dataset = open_dataset(arguments.data or default_dataset_setting())
    names = dataset.names if arguments.split == "all" else getattr(dataset.split, arguments.split)
    began = time.perf_counter()
    with GracefulShutdown() as shutdown:
        outcomes, report = _search(dataset, names, config.proposals, arguments, shutdown)
    for name, problem in report.problems:
        echo(f"{name}: {problem}")
    if shutdown.received is not None and not report.is_complete:
        looked_at = report.done + len(report.problems)
        echo(
            f"Stopped by {shutdown.received.name} after {looked_at} of {len(names)} pictures. "
            "The same command goes on from there."
        )
        return 128 + shutdown.received
    if arguments.out is not None:
        write_boxes(arguments.out, outcomes)
    tell(outcomes, seconds=time.perf_counter() - began, kept=report.cached)
    return 1 if report.problems else 0


def _search(
    dataset: Dataset,
    names: Sequence[str],
    config: ProposalConfig,
    arguments: ProposeArguments,
    shutdown: GracefulShutdown,
) -> tuple[list[ProposalOutcome], BatchReport]:
    """What became of the pictures, until all are done or somebody interrupts."""
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
