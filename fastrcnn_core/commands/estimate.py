"""`estimate`: estimate time and memory of a training run on this machine, before it begins."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import tyro

from fastrcnn_core.commands.arguments import DataSetting, FiguresFile, parse
from fastrcnn_core.commands.train import GROUPS, preset_of
from fastrcnn_core.config import PresetName
from fastrcnn_core.devices import keep_freed_memory
from fastrcnn_core.files import write_text
from fastrcnn_core.runs import Estimate


@dataclass(frozen=True, kw_only=True)
class EstimateArguments:
    """Estimate time and memory of a training run by a probe of about ten seconds. Takes the options of `train`."""

    data: DataSetting = None
    preset: Annotated[PresetName, tyro.conf.arg(help="Where all other knobs start.")] = "paper"
    json: FiguresFile = None


def run(argv: Sequence[str]) -> int:
    """Run the command; return exit code 0."""
    arguments, config = parse(
        EstimateArguments, argv, command="estimate", groups=GROUPS, base=preset_of(argv)
    )
    keep_freed_memory()  # as the run will
    from fastrcnn_core.datasets import default_dataset_setting, open_dataset
    from fastrcnn_core.training.probe import estimate_cost  # imports torch

    estimate = estimate_cost(config, open_dataset(arguments.data or default_dataset_setting()))
    _print(estimate)
    if arguments.json is not None:
        write_text(arguments.json, json.dumps(dataclasses.asdict(estimate), indent=1))
    return 0


def _print(estimate: Estimate) -> None:
    for name, seconds in estimate.seconds.items():
        print(f"{name:<14} {seconds:8.1f} s")
    print(f"{'total':<14} {estimate.total_seconds:8.1f} s, {estimate.steps} steps")
    print(f"{'memory':<14} {estimate.memory_bytes / 2**30:8.2f} GB, {estimate.device}")
    if estimate.device_memory_bytes is not None:
        print(f"{'device memory':<14} {estimate.device_memory_bytes / 2**30:8.2f} GB")
