"""The status of a run: its process writes it, everyone reads it; a process that died is recognised by its lock."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import psutil

from fastrcnn_core.files import write_text
from fastrcnn_core.runs.control import is_run_locked

RunState = Literal[
    "queued", "preparing", "running", "paused", "stopped", "finished", "failed", "crashed"
]
ACTIVE_STATES: tuple[RunState, ...] = ("queued", "preparing", "running", "paused")
STATUS_FILE = "status.json"
STARTING = "starting"  # the stage before the run's process has written a status of its own
_FORMER_NAMES = {"way_out": "hint", "rested": "paused_seconds"}  # in files of earlier versions


@dataclass(frozen=True, kw_only=True)
class RunStatus:
    """Status of a run.

    Args:
        state: `crashed` is never written: readers conclude it when an active run's lock is free.
        stage: the work of this moment, such as "proposals 12/136"; for people.
        step, total_steps: training steps done and planned; 0 of 0 until that is known.
        started: when the process began, seconds since 1970. updated: when this was written.
        paused_seconds: of these, how many it was paused or waited for its turn.
        seconds_left: an estimate, of the whole run while it trains, of the stage before; None where there is none.
        device: on which it trains, such as "cpu".
        message, hint: why it stopped or failed, and what one can do; empty where all is well.
        process: PID of its process; 0 while that is being started.
    """

    state: RunState
    stage: str = ""
    step: int = 0
    total_steps: int = 0
    started: float = 0.0
    updated: float = 0.0
    paused_seconds: float = 0.0
    seconds_left: float | None = None
    device: str = ""
    message: str = ""
    hint: str = ""
    process: int = 0

    @property
    def is_active(self) -> bool:
        """The run's process is there: it can be stopped, and will write more."""
        return self.state in ACTIVE_STATES

    @property
    def seconds(self) -> float:
        """Seconds that the process has been at work, pauses left out."""
        return max(0.0, self.updated - self.started - self.paused_seconds)

    @property
    def activity(self) -> str:
        """The stage where it says more than the state, such as "validating, picture 12 of 34"; else the state."""
        in_stage = self.state in ("queued", "preparing", "running") and self.stage != "training"
        return (self.stage if in_stage else "") or self.state

    @property
    def progress(self) -> float:
        """Share of the steps that are done, in [0, 1]."""
        return self.step / self.total_steps if self.total_steps else 0.0


def status_at_start(before: RunStatus | None = None, *, process: int = 0) -> RunStatus:
    """Return the status of a run whose process is being started, with the steps that it has done already."""
    done = before or RunStatus(state="queued")
    return RunStatus(
        state="queued",
        stage=STARTING,
        step=done.step,
        total_steps=done.total_steps,
        started=time.time(),
        process=process,
    )


def awaits_this_process(status: RunStatus) -> bool:
    """Tell whether the status is that of a run for which this process was started.

    On Windows a virtual environment's Python is a child of the process that was started.
    """
    return status.stage == STARTING and status.process in (os.getpid(), os.getppid())


def write_status(folder: Path, status: RunStatus) -> RunStatus:
    """Write the status atomically with the time of now; return it."""
    status = dataclasses.replace(status, updated=time.time())
    _write(folder, status)
    return status


def read_status(folder: Path) -> RunStatus:
    """Read the status of a run; an active run whose lock is free has crashed.

    The lock is taken before the first active status is written and released after the last status, so the status is
    read again where the lock is free: the run may have ended between the two.
    """
    status = written_status(folder)
    if not status.is_active or _has_process(folder, status):
        return status
    status = written_status(folder)
    return _crashed(status) if status.is_active else status


def written_status(folder: Path) -> RunStatus:
    """Read the status as it was written, whether or not its process lives."""
    try:
        values = json.loads((folder / STATUS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return RunStatus(state="queued", stage=STARTING)
    except (ValueError, OSError, RecursionError):
        return _damaged()
    if not isinstance(values, dict) or values.get("state") not in get_args(RunState):
        return _damaged()
    kinds = {item.name: str(item.type) for item in dataclasses.fields(RunStatus)}
    named = {_FORMER_NAMES.get(name, name): value for name, value in values.items()}
    fields = {name: value for name, value in named.items() if name in kinds}
    is_valid = all(_is_valid(value, kinds[name]) for name, value in fields.items())
    return RunStatus(**fields) if is_valid else _damaged()


def mark_stopped(folder: Path) -> None:
    """Write that a run of another machine has stopped; a finished or failed one stays so."""
    status = written_status(folder)
    state = status.state if status.state in ("finished", "failed") else "stopped"
    _write(folder, dataclasses.replace(status, state=state, process=0))


def _write(folder: Path, status: RunStatus) -> None:
    write_text(folder / STATUS_FILE, json.dumps(dataclasses.asdict(status), indent=1))


def _has_process(folder: Path, status: RunStatus) -> bool:
    """Tell whether a process holds the run's lock.

    On Windows no child inherits a lock: until the new process takes it, that this process exists must do.
    """
    if is_run_locked(folder):
        return True
    is_starting = os.name == "nt" and status.stage == STARTING and status.process != 0
    return is_starting and psutil.pid_exists(status.process)


def _crashed(status: RunStatus) -> RunStatus:
    where = "while it started" if status.stage == STARTING else f"at step {status.step}"
    died = f"Its process ended without a message {where}."
    return dataclasses.replace(
        status,
        state="crashed",
        seconds_left=None,
        message=died if status.process else "It never started.",
        hint="Resume it; log.txt in its folder may say what happened.",
    )


def _is_valid(value: Any, kind: str) -> bool:
    """Check a JSON value against a field's type; numbers are finite and not negative."""
    if kind in ("str", "RunState"):
        return isinstance(value, str)
    if value is None:
        return kind.endswith("None")
    is_number = isinstance(value, int if kind == "int" else int | float)
    return is_number and not isinstance(value, bool) and 0 <= value < math.inf


def _damaged() -> RunStatus:
    return RunStatus(
        state="failed",
        message=f"{STATUS_FILE} of this run is damaged, so that its state is unknown.",
        hint="Resume it, or delete it.",
    )
