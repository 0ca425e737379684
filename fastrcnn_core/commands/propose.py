"""`propose`: proposals of a whole data set, kept in the store and written as JSON if asked for."""

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

from fastrcnn_core.commands.arguments import parse
from fastrcnn_core.commands.progress import bar, note
from fastrcnn_core.datasets import default_dataset_setting, open_dataset
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.files import write_text
from fastrcnn_core.proposals import (
    Outcome,
    ProposalStore,
    best_overlap,
    mean_average_best_overlap,
    propose_all,
    recall,
)

LIMITS = (100, 300, 1000, 2000)


@dataclass(frozen=True, kw_only=True)
class ProposeArguments:
    """Find the boxes that are worth looking at, on every picture of a data set. What was found before is only read."""

    data: Annotated[
        str | None,
        tyro.conf.arg(
            metavar="DIR",
            help="A folder in Penn-Fudan's or COCO's layout, or synthetic:COUNT:SEED.",
            help_behavior_hint="(default: FASTRCNN_DATA, else Penn-Fudan if it was downloaded, else synthetic)",
        ),
    ] = None
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
    """The command; returns 0, or 1 if a picture could not be searched."""
    arguments, config = parse(ProposeArguments, words, command="propose", groups=("proposals",))
    dataset = open_dataset(arguments.data or default_dataset_setting())
    names = dataset.names if arguments.split == "all" else getattr(dataset.split, arguments.split)
    began = time.perf_counter()
    outcomes: list[Outcome] = []
    with bar(len(names), "proposals") as progress:

        def keep(done: int, outcome: Outcome) -> None:
            outcomes.append(outcome)
            progress.update()

        report = propose_all(
            names,
            dataset.read,
            config.proposals,
            ProposalStore(),
            workers=arguments.workers or os.cpu_count() or 1,
            backend=arguments.backend,
            scheduler=arguments.scheduler,
            on_outcome=keep,
        )
    for name, problem in report.problems:
        note(f"{name}: {problem}")
    if arguments.out is not None:
        write_text(arguments.out, json.dumps({"images": [_row(it) for it in _good(outcomes)]}))
    _tell(dataset, _good(outcomes), time.perf_counter() - began, report.kept)
    return 1 if report.problems else 0


def _good(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.boxes is not None]


def _row(outcome: Outcome) -> dict[str, Any]:
    assert outcome.boxes is not None
    boxes = np.round(outcome.boxes.astype(np.float64), 3).tolist()
    return {
        "name": outcome.name,
        "height": outcome.height,
        "width": outcome.width,
        "boxes": boxes,
    }


def _tell(dataset: Dataset, outcomes: Sequence[Outcome], seconds: float, kept: int) -> None:
    """How many there are and how good they are."""
    counts = [len(outcome.boxes) for outcome in outcomes if outcome.boxes is not None]
    mean = np.mean(counts) if counts else 0
    print(f"images     {len(outcomes)}, of which {kept} were searched before; {seconds:.1f} s")
    print(f"proposals  {sum(counts)}, {mean:.0f} an image")
    overlaps = np.concatenate(
        [
            np.zeros((len(LIMITS), 0), np.float32),
            *(
                best_overlap(
                    proposals=outcome.boxes,
                    gt_boxes=dataset.annotation(outcome.name).boxes,
                    limits=LIMITS,
                )
                for outcome in outcomes
                if outcome.boxes is not None
            ),
        ],
        axis=1,
    )
    for limit, row in zip(LIMITS, overlaps, strict=True):
        found, mabo = recall(row, 0.5), mean_average_best_overlap(row)
        if found is not None and mabo is not None:
            print(f"first {limit:<5}recall at IoU 0.5 {found:.3f}, mean best overlap {mabo:.3f}")
