"""Starting a run: the command line as a process of its own, which outlives the page, the browser and the server."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

import fastrcnn_core
from fastrcnn_core.config import Config, PresetName
from fastrcnn_core.errors import RunError
from fastrcnn_core.files import atomic_write
from fastrcnn_core.flags import to_arguments
from fastrcnn_core.runs import control
from fastrcnn_core.runs.finding import run_path, taken
from fastrcnn_core.runs.folder import CONFIG_FILE, LOG_FILE, Run
from fastrcnn_core.runs.giving_way import give_way
from fastrcnn_core.runs.status import (
    STATUS_FILE,
    RunStatus,
    of_process,
    read_status,
    starting,
    with_steps_of,
    write_status,
)
from fastrcnn_core.runs.writing import create_run


def training_command(
    config: Config, *, name: str, data: str, preset: PresetName = "paper"
) -> list[str]:
    """What one would type after `python -m fastrcnn_core`."""
    return ["train", "--run", name, "--data", data, *to_arguments(config, base=preset)]


def start_run(
    config: Config,
    *,
    name: str,
    data: str,
    preset: PresetName = "paper",
    folder: Path | None = None,
) -> Run:
    """Train in a process of its own; returns at once.

    Its folder has the config before the process begins, so that a start that fails can be repeated: the process goes
    on with a run that has no checkpoint yet.

    Args:
        name: a new run's name. data: a data set's setting.
        preset: from which the command line is told; the config decides.
        folder: of the runs, if not the usual one.

    Raises:
        RunError: there is a run of this name already, or no run can have it.
        OSError: the folder or the process cannot be made; nothing is left behind.
    """
    path = run_path(name, folder=folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir()
    except FileExistsError:
        raise taken(name) from None
    try:
        run = create_run(name, config=config, data=data, preset=preset, folder=folder)
        _spawn(_going_on(name), path)
    except OSError:  # a full disk, or too many processes: the name is free again
        shutil.rmtree(path, ignore_errors=True)
        raise
    return run


def resume_run(run: Run) -> Run:
    """Go on from its last checkpoint, or from the start if it has none, in a process of its own.

    Raises:
        RunError: it goes on already, has ended, or nobody knows with what it was begun.
        OSError: the process cannot be made; the run stays what it was.
    """
    if not run.has_settings:
        raise RunError(
            f"Nobody knows with what the run {run.name!r} was begun: it has no {CONFIG_FILE}.",
            hint="Delete it, and begin another one.",
        )
    status = run.status()
    if status.is_alive or status.state == "finished":
        raise RunError(
            f"The run {run.name!r} is {status.state}.",
            hint="Only a stopped, failed or crashed run can be resumed.",
        )
    file = run.folder / STATUS_FILE
    before = file.read_bytes() if file.exists() else None
    try:
        _spawn(_going_on(run.name), run.folder)
    except OSError:  # a full disk, or too many processes: the run is what it was
        if before is not None:
            with contextlib.suppress(OSError), atomic_write(file) as partial:
                partial.write_bytes(before)
        raise
    return run


def _going_on(name: str) -> list[str]:
    return ["train", "--run", name, "--resume"]


def _spawn(arguments: list[str], folder: Path) -> None:
    """A new process in a session of its own, its output in the run's log, wherever we stand."""
    before = read_status(folder)
    waiting = write_status(folder, with_steps_of(starting(), before))
    control.forget(folder)  # whatever is asked from now on is asked of the new process
    here = str(Path(fastrcnn_core.__file__).resolve().parents[1])
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(paths),
        "FASTRCNN_RUNS": str(folder.parent),
        "PYTHONUNBUFFERED": "1",
    }
    with (folder / LOG_FILE).open("ab") as log:
        log.write(f"# {time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(arguments)}\n".encode())
        log.flush()
        process = subprocess.Popen(
            [sys.executable, "-m", "fastrcnn_core", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            **_detached(),
        )
    _name_process(folder, waiting, process.pid)
    give_way(process.pid)


def _name_process(folder: Path, waiting: RunStatus, process: int) -> None:
    """Say whose run it is before that process can: if it dies, or takes minutes to begin, everybody sees which."""
    with contextlib.suppress(psutil.NoSuchProcess):  # it has ended already, and has been forgotten
        if read_status(folder) == waiting:  # else it speaks for itself
            write_status(folder, of_process(waiting, process))


def _detached() -> dict[str, Any]:
    if os.name == "posix":
        return {"start_new_session": True}
    # DETACHED_PROCESS, CREATE_NEW_PROCESS_GROUP, BELOW_NORMAL_PRIORITY_CLASS
    return {"creationflags": 0x00000008 | 0x00000200 | 0x00004000}
