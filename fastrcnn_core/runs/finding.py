"""Runs by name: what a run can be called, where it is, and which there are."""

from __future__ import annotations

import re
from pathlib import Path

from fastrcnn_core.errors import RunError
from fastrcnn_core.files import runs_folder
from fastrcnn_core.runs.folder import CONFIG_FILE, LOG_FILE, Run

LONGEST_NAME = 64
NAME = re.compile(rf"[\w][\w .+=,@-]{{0,{LONGEST_NAME - 1}}}")


def check_name(name: str) -> str:
    """The name, if a run can have it.

    Raises:
        RunError: it cannot.
    """
    if not NAME.fullmatch(name) or name != name.strip(". "):
        raise RunError(
            f"A run cannot be called {name!r}.",
            hint=f"Take 1 to {LONGEST_NAME} letters, digits, spaces and any of _ - . + = , @, a letter or "
            "digit first.",
        )
    return name


def run_path(name: str, *, folder: Path | None = None) -> Path:
    """Where the run of this name is, or would be. Raises RunError for an impossible name."""
    return (folder or runs_folder()).resolve() / check_name(name)


def taken(name: str) -> RunError:
    """The error for a name that is in use."""
    return RunError(
        f"There is a run {name!r} already.",
        hint="Choose another name, delete that run, or go on with that one.",
    )


def free_name(wish: str, *, folder: Path | None = None) -> str:
    """The wish, or with a number behind it if there is such a run already: "minute", "minute-2", …"""
    runs = (folder or runs_folder()).resolve()
    endings = ("", *(f"-{number}" for number in range(2, 10_000)))
    names = (wish[: LONGEST_NAME - len(ending)] + ending for ending in endings)
    return next(name for name in names if not (runs / name).exists())


def find_run(name: str, *, folder: Path | None = None) -> Run:
    """The run of this name.

    Raises:
        RunError: there is none.
    """
    run = Run(run_path(name, folder=folder))
    if not run.has_settings:
        known = ", ".join(it.name for it in list_runs(folder)[:10])
        raise RunError(
            f"There is no run {name!r} in {run.folder.parent}.",
            hint=f"There are: {known}." if known else "Train one first.",
        )
    return run


def list_runs(folder: Path | None = None) -> tuple[Run, ...]:
    """Every run in the folder, newest first."""
    runs = (folder or runs_folder()).resolve()
    found = [it for it in runs.glob("*") if it.is_dir() and NAME.fullmatch(it.name) and _is_run(it)]
    return tuple(Run(it) for it in sorted(found, key=_created, reverse=True))


def _is_run(folder: Path) -> bool:
    return (folder / CONFIG_FILE).exists() or (folder / LOG_FILE).exists()


def _created(folder: Path) -> float:
    for name in (CONFIG_FILE, LOG_FILE):
        if (folder / name).exists():
            return (folder / name).stat().st_mtime
    return 0.0
