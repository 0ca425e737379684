"""Runs that go: deleted, and brought back as long as no other one was deleted after it."""

from __future__ import annotations

import shutil
from pathlib import Path

from fastrcnn_core.errors import RunError
from fastrcnn_core.files import runs_folder
from fastrcnn_core.runs.finding import run_path, taken
from fastrcnn_core.runs.folder import Run

BIN = ".deleted"  # holds one run


def delete_run(run: Run) -> None:
    """Put the run and all its checkpoints into the bin; what was in there before is gone for good.

    Raises:
        RunError: its process is still there.
    """
    if run.status().is_alive:
        raise RunError(f"The run {run.name!r} is still going.", hint="Stop it first.")
    empty_bin(run.folder.parent)
    target = run.folder.parent / BIN / run.name
    target.parent.mkdir(exist_ok=True)
    run.folder.rename(target)


def deleted_run(folder: Path | None = None) -> str | None:
    """The name of the run in the bin; None if that is empty."""
    return next((it.name for it in _bin(folder).glob("*") if it.is_dir()), None)


def restore_run(folder: Path | None = None) -> Run:
    """Bring back the run that was deleted last.

    Raises:
        RunError: there is none, or its name has been taken meanwhile.
    """
    name = deleted_run(folder)
    if name is None:
        raise RunError(
            "There is no deleted run to bring back.", hint="Import its zip if there is one."
        )
    target = run_path(name, folder=folder)
    if target.exists():
        raise taken(name)
    (_bin(folder) / name).rename(target)
    return Run(target)


def empty_bin(folder: Path | None = None) -> None:
    """Remove the deleted run for good."""
    shutil.rmtree(_bin(folder), ignore_errors=True)


def rename_run(run: Run, name: str) -> Run:
    """Call the run something else; returns it under its new name.

    Raises:
        RunError: its process is still there, there is a run of this name, or no run can have it.
    """
    target = run_path(name, folder=run.folder.parent)
    if run.status().is_alive:
        raise RunError(f"The run {run.name!r} is still going.", hint="Rename it when it has ended.")
    if target.exists():
        raise taken(target.name)
    run.folder.rename(target)
    return Run(target)


def _bin(folder: Path | None) -> Path:
    return (folder or runs_folder()).resolve() / BIN
