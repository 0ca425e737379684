"""How a run is doing: written by its own process, read by everybody; a dead process is recognised as dead."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from fastrcnn_core.files import write_text
from fastrcnn_core.runs.birth import Birth, birth_of, is_alive

RunState = Literal[
    "queued", "preparing", "running", "paused", "stopped", "finished", "failed", "crashed"
]
ALIVE_STATES: tuple[RunState, ...] = ("queued", "preparing", "running", "paused")
STATUS_FILE = "status.json"
STARTING = "starting"  # the stage before the run's process has said a word
# What earlier versions called a field.
_FORMER_NAMES = {"way_out": "hint"}
# So long a run may have no process yet: from its folder to the status that names the process.
SECONDS_TO_START = 60.0


@dataclass(frozen=True, kw_only=True)
class RunStatus:
    """Where a run stands.

    Args:
        state: `crashed` is never written: it is what a reader concludes from a process that is gone.
        stage: what it does now, such as "proposals 12/136"; for people.
        step, total_steps: training steps done and planned; 0 of 0 until that is known.
        started: when the process began, seconds since 1970. updated: when this was written.
        rested: seconds of these in which it was paused or waited for its turn.
        seconds_left: an estimate, of the whole run while it learns, of the stage before; None where there is none.
        device: what it trains on, such as "cpu".
        message, hint: why it stopped or failed, and what one can do; empty where all is well.
        process: the number of its process; 0 while that is being started.
        process_started: when that began, so that a reused number fools nobody.
        booted: when the machine did; says more of the process than `process_started` where the clock was set.
    """

    state: RunState
    stage: str = ""
    step: int = 0
    total_steps: int = 0
    started: float = 0.0
    updated: float = 0.0
    rested: float = 0.0
    seconds_left: float | None = None
    device: str = ""
    message: str = ""
    hint: str = ""
    process: int = 0
    process_started: float = 0.0
    booted: float = 0.0

    @property
    def is_alive(self) -> bool:
        """Its process is there: it can be stopped, and will write more."""
        return self.state in ALIVE_STATES

    @property
    def seconds(self) -> float:
        """How long its process has been at work, rests left out."""
        return max(0.0, self.updated - self.started - self.rested)

    @property
    def activity(self) -> str:
        """The stage where it says more than the state, such as "validating, picture 12 of 34"; else the state."""
        in_stage = self.state in ("queued", "preparing", "running") and self.stage != "training"
        return (self.stage if in_stage else "") or self.state

    @property
    def progress(self) -> float:
        """Share of the steps that are done, in [0, 1]."""
        return self.step / self.total_steps if self.total_steps else 0.0


def this_process() -> RunStatus:
    """The first status of a run that this process begins."""
    return of_process(starting(), os.getpid())


def of_process(status: RunStatus, process: int) -> RunStatus:
    """The status as that of the process of this number. Raises psutil.NoSuchProcess."""
    birth = birth_of(process)
    return dataclasses.replace(
        status, process=process, process_started=birth.began, booted=birth.booted
    )


def with_steps_of(status: RunStatus, before: RunStatus) -> RunStatus:
    """The status of a run that goes on and has done these steps already."""
    return dataclasses.replace(status, step=before.step, total_steps=before.total_steps)


def write_status(folder: Path, status: RunStatus) -> RunStatus:
    """Write the status with the time of now, whole or not at all; returns it.

    A process that writes its own says anew when it began, by a clock that may have been set since.
    """
    if status.process == os.getpid():
        status = of_process(status, status.process)
    status = dataclasses.replace(status, updated=time.time())
    _write(folder, status)
    return status


def _write(folder: Path, status: RunStatus) -> None:
    write_text(folder / STATUS_FILE, json.dumps(dataclasses.asdict(status), indent=1))


def starting() -> RunStatus:
    """The status of a run whose process is being started and will soon speak for itself."""
    return RunStatus(state="queued", stage=STARTING, started=time.time())


def read_status(folder: Path) -> RunStatus:
    """How the run in this folder is doing, dead processes recognised."""
    status = _written(folder)
    if not status.is_alive or _is_running(status):
        return status
    where = "while it started" if status.stage == STARTING else f"at step {status.step}"
    died = f"Its process ended without a word {where}."
    return dataclasses.replace(
        status,
        state="crashed",
        seconds_left=None,
        message=died if status.process else "It never started.",
        hint="Resume it; log.txt in its folder may say what happened.",
    )


def _written(folder: Path) -> RunStatus:
    try:
        values = json.loads((folder / STATUS_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        claimed = folder.stat().st_mtime
        return dataclasses.replace(starting(), started=claimed, updated=claimed)
    except (ValueError, OSError, RecursionError):
        return _damaged()
    if not isinstance(values, dict) or values.get("state") not in get_args(RunState):
        return _damaged()
    known = {item.name: item for item in dataclasses.fields(RunStatus)}
    values = {_FORMER_NAMES.get(name, name): value for name, value in values.items()}
    said = {name: value for name, value in values.items() if name in known}
    fits = all(_fits(value, str(known[name].type)) for name, value in said.items())
    return RunStatus(**said) if fits else _damaged()


def _fits(value: Any, kind: str) -> bool:
    """Whether JSON's value is one of a field of this kind; numbers are finite and not negative."""
    if kind in ("str", "RunState"):
        return isinstance(value, str)
    if value is None:
        return kind.endswith("None")
    is_number = isinstance(value, int if kind == "int" else int | float)
    return is_number and not isinstance(value, bool) and 0 <= value < math.inf


def settle(folder: Path) -> None:
    """Say of a run whose process is not of this machine that it has stopped; one that ended by itself stays so."""
    status = _written(folder)
    state = status.state if status.state in ("finished", "failed") else "stopped"
    settled = dataclasses.replace(status, state=state, process=0, process_started=0.0, booted=0.0)
    _write(folder, settled)


def _damaged() -> RunStatus:
    """Nothing can be said of such a run, but it can be deleted."""
    return RunStatus(
        state="failed",
        message=f"{STATUS_FILE} of this run is damaged, so that nobody knows how it is doing.",
        hint="Resume it, or delete it.",
    )


def _is_running(status: RunStatus) -> bool:
    if status.process == 0:
        return time.time() - status.updated < SECONDS_TO_START
    birth = Birth(status.process, status.process_started, status.booted)
    return is_alive(birth, last_seen=status.updated)
