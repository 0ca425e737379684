"""Start a run: the command line as a process of its own, which outlives the page, the browser and the server."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import fastrcnn_core
from fastrcnn_core.config import Config, PresetName
from fastrcnn_core.errors import RunError
from fastrcnn_core.files import atomic_write
from fastrcnn_core.flags import to_arguments
from fastrcnn_core.runs.catalogue import name_taken, run_path
from fastrcnn_core.runs.control import INHERITED_LOCK, claim_run, clear_request
from fastrcnn_core.runs.folder import CONFIG_FILE, LOG_FILE, Run
from fastrcnn_core.runs.status import STATUS_FILE, status_at_start, write_status, written_status
from fastrcnn_core.runs.writer import create_run

NICENESS = 10  # of 0 to 19: chosen here; a tenth of the weight of a process that a person waits for


def training_command(
    config: Config, *, name: str, data: str, preset: PresetName = "paper"
) -> list[str]:
    """Return the arguments of the same run for `python -m fastrcnn_core`."""
    return ["train", "--run", name, "--data", data, *to_arguments(config, base=preset)]


def start_run(
    config: Config,
    *,
    name: str,
    data: str,
    preset: PresetName = "paper",
    folder: Path | None = None,
) -> Run:
    """Start training in a process of its own; return at once.

    The run's folder has its config before the process begins, so that a start that fails can be repeated: the process
    resumes a run that has no checkpoint yet.

    Args:
        name: a new run's name. data: a data set's setting.
        preset: named on the command line; the config decides.
        folder: of the runs, if not the usual one.

    Raises:
        RunError: there is a run of this name already, or it is invalid.
        OSError: the folder or the process cannot be made; nothing is left behind.
    """
    path = run_path(name, folder=folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir()
    except FileExistsError:
        raise name_taken(name) from None
    try:
        with claim_run(path) as lock:
            run = create_run(name, config=config, data=data, preset=preset, folder=folder)
            _spawn(run, lock)
    except OSError:  # a full disk, or too many processes: the name is free again
        shutil.rmtree(path, ignore_errors=True)
        raise
    return run


def resume_run(run: Run) -> Run:
    """Resume a run from its last checkpoint, or from the start if it has none, in a process of its own.

    Raises:
        RunError: the run is active or finished, or has no config.
        OSError: the process cannot be made; the run stays what it was.
    """
    if not run.has_settings:
        raise RunError(
            f"The run {run.name!r} has no {CONFIG_FILE}, so that its settings are unknown.",
            hint="Delete it, and begin another one.",
        )
    status = run.status()
    if status.is_active or status.state == "finished":
        raise RunError(
            f"The run {run.name!r} is {status.state}.",
            hint="Only a stopped, failed or crashed run can be resumed.",
        )
    file = run.folder / STATUS_FILE
    before = file.read_bytes() if file.exists() else None
    try:
        with claim_run(run.folder) as lock:
            _spawn(run, lock)
    except OSError:  # a full disk, or too many processes: the run is what it was
        if before is not None:
            with contextlib.suppress(OSError), atomic_write(file) as partial:
                partial.write_bytes(before)
        raise
    return run


def command_line(arguments: list[str]) -> list[str]:
    """Return the command line of a child process that runs `python -m fastrcnn_core` with these arguments."""
    return [sys.executable, "-m", "fastrcnn_core", *arguments]


def command_environment() -> dict[str, str]:
    """Return the environment in which a child process finds this package."""
    root = str(Path(fastrcnn_core.__file__).resolve().parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def lower_priority(process: int) -> None:
    """Lower the priority of a process, so that it takes what others leave of the processor."""
    if os.name == "posix":
        niceness = max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0))
        with contextlib.suppress(ProcessLookupError):  # it has ended already, and its log says why
            os.setpriority(os.PRIO_PROCESS, process, niceness)
        _lower_priority_of_session(process, niceness)


def _lower_priority_of_session(process: int, niceness: int) -> None:
    """Set the niceness of the process's session, where Linux shares the processor among sessions.

    There a process's own niceness counts only within its session. Source: sched(7), "The autogroup feature".
    """
    autogroup = Path(f"/proc/{process}/autogroup")
    if autogroup.exists():
        with contextlib.suppress(OSError):  # it has ended, or the system does not permit it
            autogroup.write_text(str(niceness), encoding="ascii")


def _spawn(run: Run, lock: int) -> None:
    """Spawn the run's process in a session of its own, its output in the run's log.

    Args:
        lock: file descriptor that holds the run's lock; the process inherits it (not on Windows).
    """
    waiting = write_status(run.folder, status_at_start(written_status(run.folder)))
    clear_request(run.folder)  # every later request is meant for the new process
    environment = command_environment() | {
        "PYTHONUNBUFFERED": "1",
        "FASTRCNN_RUNS": str(run.folder.parent),
        INHERITED_LOCK: str(lock),
    }
    command = ["train", "--run", run.name, "--resume"]
    with (run.folder / LOG_FILE).open("ab") as log:
        log.write(f"# {time.strftime('%Y-%m-%d %H:%M:%S')} {' '.join(command)}\n".encode())
        log.flush()
        process = subprocess.Popen(
            command_line(command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            **_process_options(lock),
        )
    if written_status(run.folder) == waiting:  # else the process has written a status of its own
        write_status(run.folder, dataclasses.replace(waiting, process=process.pid))
    lower_priority(process.pid)


def _process_options(lock: int) -> dict[str, Any]:
    if os.name == "posix":
        return {"start_new_session": True, "pass_fds": (lock,)}
    # DETACHED_PROCESS, CREATE_NEW_PROCESS_GROUP, BELOW_NORMAL_PRIORITY_CLASS
    return {"creationflags": 0x00000008 | 0x00000200 | 0x00004000}
