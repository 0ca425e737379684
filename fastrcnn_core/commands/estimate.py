"""`estimate`: what a training run will cost on this machine, in seconds and memory, before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from fastrcnn_core.commands.arguments import DataSetting, parse
from fastrcnn_core.commands.train import GROUPS, preset_of
from fastrcnn_core.config import PresetName
from fastrcnn_core.devices import keep_freed_memory
from fastrcnn_core.files import write_text
from fastrcnn_core.runs.estimating import Estimate, write_estimate


@dataclass(frozen=True, kw_only=True)
class EstimateArguments:
    """Measure for about ten seconds what a run with these knobs will cost here. Takes the knobs that `train` takes."""

    data: DataSetting = None
    preset: Annotated[PresetName, tyro.conf.arg(help="Where all other knobs start.")] = "paper"
    json: Annotated[
        Path | None,
        tyro.conf.arg(
            metavar="FILE", help="Write the figures here.", help_behavior_hint="(default: none)"
        ),
    ] = None


def run(words: Sequence[str]) -> int:
    """The command; returns 0."""
    arguments, config = parse(
        EstimateArguments, words, command="estimate", groups=GROUPS, base=preset_of(words)
    )
    keep_freed_memory()  # as the run will
    from fastrcnn_core.commands.probing import probe  # imports torch
    from fastrcnn_core.datasets import default_dataset_setting, open_dataset

    estimate = probe(config, open_dataset(arguments.data or default_dataset_setting()))
    _tell(estimate)
    if arguments.json is not None:
        write_text(arguments.json, write_estimate(estimate))
    return 0


def _tell(estimate: Estimate) -> None:
    for name, seconds in estimate.seconds.items():
        print(f"{name:<14} {seconds:8.1f} s")
    print(f"{'altogether':<14} {estimate.total_seconds:8.1f} s, {estimate.steps} steps")
    print(f"{'memory':<14} {estimate.memory_bytes / 2**30:8.2f} GB, {estimate.device}")
    if estimate.device_memory_bytes is not None:
        print(f"{'on the device':<14} {estimate.device_memory_bytes / 2**30:8.2f} GB")
