"""Which detector does a command use: a run's, a checkpoint file's, or the one that came with the app?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

import tyro

from fastrcnn_core.commands.arguments import parse, value_of
from fastrcnn_core.config import Config
from fastrcnn_core.errors import CheckpointError
from fastrcnn_core.runs import find_run


@dataclass(frozen=True, kw_only=True)
class ModelArguments:
    """Which detector; without any of these, the one that came with the app."""

    run: Annotated[
        str | None, tyro.conf.arg(metavar="NAME", help="A run: its newest checkpoint is taken.")
    ] = None
    checkpoint: Annotated[
        Path | None, tyro.conf.arg(metavar="FILE", help="A checkpoint's .safetensors file.")
    ] = None
    device: Annotated[
        str, tyro.conf.arg(help="cuda, mps or cpu; auto takes the first that is there.")
    ] = "auto"


T = TypeVar("T", bound=ModelArguments)


def parse_with_model(
    arguments_type: type[T], words: Sequence[str], *, command: str, groups: Sequence[str]
) -> tuple[T, Config, Path]:
    """What `parse` returns, the knobs starting where the detector's own training left them; and the detector's file.

    Raises:
        SystemExit: as `parse`.
        CheckpointError, RunError: there is no such detector. ConfigError: a knob is out of bounds.
    """
    if {"-h", "--help"} & set(words):  # needs no detector, and ends the program
        parse(arguments_type, words, command=command, groups=groups)
    from fastrcnn_core.detector import bundled_checkpoint, checkpoint_config  # imports torch

    file = model_file(words) or bundled_checkpoint()
    base = checkpoint_config(file)
    arguments, config = parse(arguments_type, words, command=command, groups=groups, base=base)
    return arguments, config, file


def model_file(arguments: Sequence[str]) -> Path | None:
    """The file of the detector that the arguments name; None if they name none.

    Raises:
        RunError: there is no such run. CheckpointError: it has no checkpoint yet, or two detectors are named.
    """
    run, file = value_of(arguments, "run"), value_of(arguments, "checkpoint")
    if run is not None and file is not None:
        raise CheckpointError(
            "Both --run and --checkpoint name a detector.", hint="Give one of them."
        )
    if run is not None:
        return find_run(run).latest_checkpoint().model_file
    return None if file is None else Path(file)
