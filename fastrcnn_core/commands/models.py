"""Which detector does a command use: a run's, a checkpoint file's, or the one that came with the app?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from fastrcnn_core.commands.arguments import value_of
from fastrcnn_core.config import Config, stored_config
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


def model_file(arguments: Sequence[str]) -> Path | None:
    """The file of the detector that the arguments name; None if they name none.

    Raises:
        RunError: there is no such run. CheckpointError: it has no checkpoint yet, or two detectors are named.
    """
    run, file = value_of(arguments, "run"), value_of(arguments, "checkpoint")
    if run is not None and file is not None:
        raise CheckpointError(
            "Both --run and --checkpoint name a detector.", way_out="Give one of them."
        )
    if run is not None:
        return find_run(run).latest_checkpoint().model_file
    return None if file is None else Path(file)


def config_of(file: Path) -> Config:
    """The config with which a checkpoint was trained; the preset `paper` where its card does not say."""
    from fastrcnn_core.checkpoints import read_card

    values: dict[str, Any] = read_card(file).get("config", {})
    return stored_config(values)


def bundled_checkpoint() -> Path:
    """The detector that came with the app.

    Raises:
        CheckpointError: it is not there.
    """
    folder = Path(__file__).resolve().parents[2] / "assets" / "checkpoints"
    found = sorted(folder.glob("*.safetensors"))
    if not found:
        raise CheckpointError(
            f"No trained detector came with this copy: {folder} is empty.",
            way_out="Name one by --run or --checkpoint, or train one first.",
        )
    return found[0]
