"""`train`: the process that the app starts; it writes a run's folder and nothing else does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import tyro

from fastrcnn_core.commands.arguments import DataSetting, parse, value_of
from fastrcnn_core.config import PRESETS, Config, PresetName, preset
from fastrcnn_core.devices import keep_freed_memory
from fastrcnn_core.errors import RunError, UserError
from fastrcnn_core.flags import flags
from fastrcnn_core.runs import Run, find_run, free_name
from fastrcnn_core.runs.status import this_process, write_status
from fastrcnn_core.runs.writing import create_run, move_data, tell_of_failure

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
        tyro.conf.arg(help="Go on with the run from its last checkpoint, as it was begun."),
    ] = False


def run(words: Sequence[str]) -> int:
    """The command; returns 0 when the run has finished or was stopped on request, 130 after Ctrl-C."""
    arguments, config = parse(
        TrainArguments, words, command="train", groups=GROUPS, base=preset_of(words)
    )
    keep_freed_memory()
    from fastrcnn_core.training import train  # imports torch
    from fastrcnn_core.training.distributed import init_distributed

    code = 0
    with init_distributed() as processes:
        chosen = processes.broadcast(lambda: _chosen(arguments, config, words))
        dataset = _dataset_of(chosen, processes)
        knobs = processes.broadcast(chosen.config)
        try:
            train(knobs, dataset, chosen, processes=processes)
        except KeyboardInterrupt:
            code = 130
        except SystemExit as exit_request:
            code = int(exit_request.code or 0)
    if processes.is_first:
        status = chosen.status()
        print(f"{chosen.folder}: {status.state} at step {status.step} of {status.total_steps}")
    return code


def _chosen(arguments: TrainArguments, config: Config, words: Sequence[str]) -> Run:
    return _resumed(arguments, config, words) if arguments.resume else _begun(arguments, config)


def _dataset_of(run: Run, processes: ProcessGroup) -> Dataset:
    """Open the run's data set in every process; a failure is told in the status.

    Raises:
        DataError: it cannot be opened.
    """
    from fastrcnn_core.datasets import open_dataset

    try:
        return open_dataset(processes.broadcast(run.data_here))
    except UserError as error:
        if processes.is_first:
            tell_of_failure(run, error)
        raise


def preset_of(words: Sequence[str]) -> Config:
    """The preset's config; a wrong name is left to the parser, which knows what to say."""
    name = value_of(words, "preset")
    return preset(name) if name in PRESETS else Config()


def _begun(arguments: TrainArguments, config: Config) -> Run:
    from fastrcnn_core.datasets import default_dataset_setting, open_dataset

    name = free_name(arguments.preset) if arguments.run is None else arguments.run
    setting = open_dataset(arguments.data or default_dataset_setting()).setting
    begun = create_run(name, config=config, data=setting, preset=arguments.preset)
    write_status(begun.folder, this_process())
    return begun


def _resumed(arguments: TrainArguments, config: Config, words: Sequence[str]) -> Run:
    """The run to go on with; its data may have moved, its knobs are what they were.

    Raises:
        RunError: none is named, there is none, it is done, or knobs were given that would change it.
    """
    if arguments.run is None:
        raise RunError("--resume needs to know which run.", hint="Name it by --run.")
    chosen = find_run(arguments.run)
    try:
        if chosen.status().state == "finished":
            raise RunError(
                f"The run {chosen.name!r} is finished.", hint="Begin a new one for more epochs."
            )
        if _gives_knobs(words):
            _expect_same(config, chosen)
        if arguments.data is not None:
            _move_data(chosen, arguments.data)
    except UserError as error:
        tell_of_failure(chosen, error)
        raise
    return chosen


def _move_data(run: Run, data: str) -> None:
    from fastrcnn_core.datasets import open_dataset

    move_data(run, open_dataset(data).setting)


def _gives_knobs(words: Sequence[str]) -> bool:
    """Whether something is said besides which run, which data, and that it is to go on."""
    known = ("--run", "--name", "--data", "--resume")
    return any(word.startswith("--") and word.partition("=")[0] not in known for word in words)


def _expect_same(config: Config, run: Run) -> None:
    begun = run.config()
    changed = [flag.name for flag in flags() if flag.value(config) != flag.value(begun)]
    if changed:
        raise RunError(
            f"A resumed run goes on as it was begun; --{', --'.join(changed)} would change it.",
            hint="Leave the knobs out, or begin a new run.",
        )
