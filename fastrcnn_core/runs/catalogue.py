"""Runs by name: list, find, rename, delete and restore them."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from fastrcnn_core.errors import RunError
from fastrcnn_core.files import runs_folder
from fastrcnn_core.runs.control import is_run_locked
from fastrcnn_core.runs.folder import CONFIG_FILE, LOG_FILE, Run

MAX_NAME_LENGTH = 64
TRASH = ".deleted"  # a folder in the runs folder; holds the run that was deleted last
_NAME = re.compile(rf"[\w][\w .+=,@-]{{0,{MAX_NAME_LENGTH - 1}}}")


def list_runs(folder: Path | None = None) -> tuple[Run, ...]:
    """List the runs of a folder, newest first, by one look at each: a run's age is that of its config or its log."""
    runs = (folder or runs_folder()).resolve()
    try:
        with os.scandir(runs) as entries:
            names = [entry.name for entry in entries if _NAME.fullmatch(entry.name)]
    except (FileNotFoundError, NotADirectoryError):
        return ()
    ages = {name: _created(runs / name) for name in sorted(names)}
    found = [name for name, created in ages.items() if created is not None]
    return tuple(Run(runs / item) for item in sorted(found, key=lambda name: -(ages[name] or 0.0)))


def find_run(name: str, *, folder: Path | None = None) -> Run:
    """Return the run of this name.

    Raises:
        RunError: there is none.
    """
    run = Run(run_path(name, folder=folder))
    if not run.has_settings:
        names = ", ".join(run.name for run in list_runs(folder)[:10])
        raise RunError(
            f"There is no run {name!r} in {run.folder.parent}.",
            hint=f"There are: {names}." if names else "Train one first.",
        )
    return run


def run_path(name: str, *, folder: Path | None = None) -> Path:
    """Return the folder that the run of this name has, or would have. Raises RunError for an invalid name."""
    if not _NAME.fullmatch(name) or name != name.strip(". "):
        raise RunError(
            f"A run cannot be called {name!r}.",
            hint=f"Take 1 to {MAX_NAME_LENGTH} letters, digits, spaces and any of _ - . + = , @, a letter or "
            "digit first.",
        )
    return (folder or runs_folder()).resolve() / name


def name_taken(name: str) -> RunError:
    """Return the error for a name that is in use."""
    return RunError(
        f"There is a run {name!r} already.",
        hint="Choose another name, delete that run, or go on with that one.",
    )


def free_name(name: str, *, folder: Path | None = None) -> str:
    """Return the name, with a number appended if a run has it already: "minute", "minute-2", …"""
    runs = (folder or runs_folder()).resolve()
    endings = ("", *(f"-{number}" for number in range(2, 10_000)))
    names = (name[: MAX_NAME_LENGTH - len(ending)] + ending for ending in endings)
    return next(name for name in names if not (runs / name).exists())


def rename_run(run: Run, name: str) -> Run:
    """Rename a run; return it under its new name.

    Raises:
        RunError: the run is active, another run has this name, or it is invalid.
    """
    target = run_path(name, folder=run.folder.parent)
    _expect_ended(run, hint="Rename it when it has ended.")
    if target.exists():
        raise name_taken(target.name)
    run.folder.rename(target)
    return Run(target)


def delete_run(run: Run) -> None:
    """Move a run with all its checkpoints to the trash; the run that was there before is removed for good.

    Raises:
        RunError: the run is active.
    """
    _expect_ended(run, hint="Stop it first.")
    empty_trash(run.folder.parent)
    target = run.folder.parent / TRASH / run.name
    target.parent.mkdir(exist_ok=True)
    run.folder.rename(target)


def deleted_run(folder: Path | None = None) -> str | None:
    """Return the name of the run in the trash; None if that is empty."""
    return next((path.name for path in _trash(folder).glob("*") if path.is_dir()), None)


def restore_run(folder: Path | None = None) -> Run:
    """Restore the run that was deleted last.

    Raises:
        RunError: the trash is empty, or the run's name has been taken meanwhile.
    """
    name = deleted_run(folder)
    if name is None:
        raise RunError(
            "There is no deleted run to restore.", hint="Import its zip file if there is one."
        )
    target = run_path(name, folder=folder)
    if target.exists():
        raise name_taken(name)
    (_trash(folder) / name).rename(target)
    return Run(target)


def empty_trash(folder: Path | None = None) -> None:
    """Remove the deleted run for good."""
    shutil.rmtree(_trash(folder), ignore_errors=True)


def _trash(folder: Path | None) -> Path:
    return (folder or runs_folder()).resolve() / TRASH


def _expect_ended(run: Run, *, hint: str) -> None:
    if run.status().is_active or is_run_locked(run.folder):
        raise RunError(f"The run {run.name!r} is still going.", hint=hint)


def _created(folder: Path) -> float | None:
    """Return when the folder became a run's, seconds since 1970; None if it is none."""
    for name in (CONFIG_FILE, LOG_FILE):
        try:
            return (folder / name).stat().st_mtime
        except (FileNotFoundError, NotADirectoryError):
            pass
    return None
