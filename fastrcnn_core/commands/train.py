"""`train`: create or resume a run from the command line, and train it; the app starts it as a process of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import tyro

from fastrcnn_core.commands.arguments import DataSetting, parse, value_of
from fastrcnn_core.config import PRESETS, Config, PresetName, preset
from fastrcnn_core.devices import keep_freed_memory
from fastrcnn_core.errors import RunError, UserError
from fastrcnn_core.flags import flags
from fastrcnn_core.runs import Run, find_run, free_name, run_path
from fastrcnn_core.runs.control import claim_run, clear_request
from fastrcnn_core.runs.status import (
    awaits_this_process,
    status_at_start,
    write_status,
    written_status,
)
from fastrcnn_core.runs.writer import create_run, report_failed_start, set_data

if TYPE_CHECKING:
    from fastrcnn_core.datasets.dataset import Dataset
    from fastrcnn_core.training.distributed import ProcessGroup

GROUPS = (
    "proposals",
    "image",
    "sampling",
    "model",
    "loss",
    "optimiser",
    "training",
    "detection",
)


@dataclass(frozen=True, kw_only=True)
class TrainArguments:
    """Train a detector. The run is a folder in FASTRCNN_RUNS (else ./runs): watch it in the app, stop it with Ctrl-C,
    go on with --resume.
    """

    data: DataSetting = None
    run: Annotated[
        str | None,
        tyro.conf.arg(
            metavar="NAME",
            aliases=(
                "--name",
            ),  # torchrun takes --run for the beginning of its own --run-path, and refuses it
            help="What to call the run; with torchrun, write --name.",
            help_behavior_hint="(default: the preset's name)",
        ),
    ] = None
    preset: Annotated[
        PresetName,
        tyro.conf.arg(
            help="Where all other knobs start: `paper` follows the publication, `notebook` the notebook that the app "
            "grew out of, `minute` trains for a minute on a CPU."
        ),
    ] = "paper"
    resume: Annotated[
        bool,
        tyro.conf.FlagCreatePairsOff,
        tyro.conf.arg(
            help="Resume the run from its last checkpoint, with the knobs that it was started with."
        ),
    ] = False


def run(argv: Sequence[str]) -> int:
    """Run the command; returns 0 when finished or stopped on request, 130 after Ctrl-C, 143 after SIGTERM."""
    arguments, config = parse(
        TrainArguments, argv, command="train", groups=GROUPS, base=preset_of(argv)
    )
    keep_freed_memory()
    from fastrcnn_core.training import train  # imports torch
    from fastrcnn_core.training.distributed import init_distributed

    code = 0
    with init_distributed() as processes, ExitStack() as claims:
        begin = _resume if arguments.resume else _create
        # The lock in `claims` holds until `train` takes it: the run is alive while it is set up.
        run = processes.broadcast(lambda: begin(arguments, config, argv, claims))
        config, dataset = _open(run, processes)
        try:
            train(config, dataset, run, processes=processes)
        except KeyboardInterrupt:
            code = 130
        except SystemExit as exit_request:
            code = int(exit_request.code or 0)
    if processes.is_first:
        status = run.status()
        print(f"{run.folder}: {status.state} at step {status.step} of {status.total_steps}")
    return code


def _open(run: Run, processes: ProcessGroup) -> tuple[Config, Dataset]:
    """Read the run's config and open its data set, in every process; an error is written to the run's status, too.

    Raises:
        RunError, ConfigError: the config is missing or damaged. DataError: the data set cannot be opened.
    """
    from fastrcnn_core.datasets import open_dataset

    try:
        return processes.broadcast(run.config), open_dataset(processes.broadcast(run.local_data))
    except UserError as error:
        if processes.is_first:
            report_failed_start(run, error)
        raise


def preset_of(argv: Sequence[str]) -> Config:
    """Read the preset's config from the command line; a wrong name is left to the parser, which reports it."""
    name = value_of(argv, "preset")
    return preset(name) if name in PRESETS else Config()


def _create(
    arguments: TrainArguments, config: Config, argv: Sequence[str], claims: ExitStack
) -> Run:
    from fastrcnn_core.datasets import default_dataset_setting, open_dataset

    name = free_name(arguments.preset) if arguments.run is None else arguments.run
    setting = open_dataset(arguments.data or default_dataset_setting()).setting
    claims.enter_context(claim_run(run_path(name)))
    created = create_run(name, config=config, data=setting, preset=arguments.preset)
    write_status(created.folder, status_at_start(process=os.getpid()))
    return created


def _resume(
    arguments: TrainArguments, config: Config, argv: Sequence[str], claims: ExitStack
) -> Run:
    """Find the run to resume; its data may have moved, its knobs stay.

    Raises:
        RunError: no run is named, there is none of this name, it is finished, or knobs were given that would change it.
    """
    from fastrcnn_core.datasets import open_dataset

    if arguments.run is None:
        raise RunError("--resume needs to know which run.", hint="Name it by --run.")
    chosen = find_run(arguments.run)
    claims.enter_context(claim_run(chosen.folder))
    try:
        if chosen.status().state == "finished":
            raise RunError(
                f"The run {chosen.name!r} is finished.", hint="Start a new one for more epochs."
            )
        if _gives_knobs(argv):
            _expect_same(config, chosen)
        if arguments.data is not None:
            set_data(chosen, open_dataset(arguments.data).setting)
    except UserError as error:
        report_failed_start(chosen, error)
        raise
    before = written_status(chosen.folder)
    if not awaits_this_process(before):
        clear_request(chosen.folder)
        write_status(chosen.folder, status_at_start(before, process=os.getpid()))
    return chosen


def _gives_knobs(argv: Sequence[str]) -> bool:
    """Tell whether the command line gives knobs, besides run, data and --resume."""
    not_knobs = ("--run", "--name", "--data", "--resume")
    return any(word.startswith("--") and word.partition("=")[0] not in not_knobs for word in argv)


def _expect_same(config: Config, run: Run) -> None:
    stored = run.config()
    changed = [flag.name for flag in flags() if flag.value(config) != flag.value(stored)]
    if changed:
        raise RunError(
            f"A resumed run keeps its knobs; --{', --'.join(changed)} would change it.",
            hint="Leave the knobs out, or start a new run.",
        )
