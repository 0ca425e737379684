"""What a run's own process writes into its folder: files appear whole, and a full disk spares the last checkpoint."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock

from fastrcnn_core.config import Config, PresetName
from fastrcnn_core.errors import UserError
from fastrcnn_core.files import write_text
from fastrcnn_core.knobs import to_dict
from fastrcnn_core.runs import control
from fastrcnn_core.runs.brought import forget_brought
from fastrcnn_core.runs.events import EventFiles
from fastrcnn_core.runs.finding import run_path, taken
from fastrcnn_core.runs.folder import (
    CHECKPOINTS,
    CONFIG_FILE,
    ENVIRONMENT_FILE,
    TRAINER_FILE,
    Run,
    RunCheckpoint,
)
from fastrcnn_core.runs.kept import forget_after, keep_step
from fastrcnn_core.runs.left_overs import remove_left_overs
from fastrcnn_core.runs.live import write_live
from fastrcnn_core.runs.metrics import (
    METRICS_FILE,
    VALIDATION_FILE,
    Row,
    append_row,
    keep_rows,
    numbers_of,
)
from fastrcnn_core.runs.status import STARTING, this_process, with_steps_of, write_status
from fastrcnn_core.structures import StepReport

NAMES_LOCK = ".names.lock"
BALLAST_FILE = ".ballast"  # given up when the disk is full, so that the last words can be written
BALLAST_BYTES = 2**16
SECONDS_BETWEEN_STATUS = 0.5
SECONDS_BETWEEN_LIVE = 1.0


def create_run(
    name: str, *, config: Config, data: str, preset: PresetName, folder: Path | None = None
) -> Run:
    """A new run's folder with its config; a folder that holds nothing but a log yet is taken over.

    Raises:
        RunError: there is a run of this name, or no run can have it.
    """
    path = run_path(name, folder=folder)
    path.mkdir(parents=True, exist_ok=True)
    settings = {
        "created": time.time(),
        "preset": preset,
        "data": data,
        "config": to_dict(config),
    }
    with FileLock(path.parent / NAMES_LOCK):
        if Run(path).has_settings:
            raise taken(name)
        write_text(path / CONFIG_FILE, json.dumps(settings, indent=1))
    return Run(path)


def move_data(run: Run, data: str) -> None:
    """The run's data set is found there now; whether it is the same one is checked when the run goes on."""
    write_text(run.folder / CONFIG_FILE, json.dumps(run.settings() | {"data": data}, indent=1))
    forget_brought(run.folder)


def tell_of_failure(run: Run, error: UserError) -> None:
    """Say in the status why this process ends before it begins to train, if the run was waiting for this process."""
    status = run.status()
    # On Windows a virtual environment's Python is a child of what was started.
    if status.stage == STARTING and status.process in (os.getpid(), os.getppid()):
        failed = dataclasses.replace(status, state="failed", message=error.problem, hint=error.hint)
        write_status(run.folder, failed)


class RunWriter:
    """Keeps the run's files while its process works; only that process may have one."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.status = with_steps_of(this_process(), run.status())
        self._written = 0.0
        self._live_written = 0.0
        self._events = EventFiles(run.folder)
        # A process takes seconds to get here, and may have been asked to stop meanwhile.
        control.forget_what_came_before(run.folder, self.status.process_started)
        remove_left_overs(run.folder)
        remove_left_overs(self._checkpoints)
        (run.folder / BALLAST_FILE).write_bytes(bytes(BALLAST_BYTES))
        self.tell()

    def tell(self, **changes: Any) -> None:
        """Change the status; it reaches the disk at once if the state changes, else twice a second."""
        state_before = self.status.state
        self.status = dataclasses.replace(self.status, **changes)
        is_due = time.monotonic() - self._written >= SECONDS_BETWEEN_STATUS
        if is_due or self.status.state != state_before:
            self.status = write_status(self.run.folder, self.status)
            self._written = time.monotonic()

    def end(self, **changes: Any) -> None:
        """The last words. They fit on a full disk."""
        (self.run.folder / BALLAST_FILE).unlink(missing_ok=True)
        self.status = dataclasses.replace(self.status, seconds_left=None, **changes)
        write_status(self.run.folder, self.status)
        control.forget(self.run.folder)

    def step(self, report: StepReport) -> None:
        """Keep a step's numbers, its RoIs if it is one that stays, and now and then those of the last."""
        row = numbers_of(report)
        append_row(self.run.folder / METRICS_FILE, row)
        self._events.add("training", row, step=report.step)
        keep_step(self.run.folder, report, total_steps=self.status.total_steps)
        if time.monotonic() - self._live_written >= SECONDS_BETWEEN_LIVE:
            write_live(self.run.folder, report)
            self._live_written = time.monotonic()

    def validation(self, row: Row) -> None:
        """Keep what was measured at a checkpoint; `row["step"]` says at which."""
        append_row(self.run.folder / VALIDATION_FILE, row)
        self._events.add("validation", row, step=row["step"])

    def environment(self, values: dict[str, Any]) -> None:
        """Keep what a later reader needs; replaces what was there."""
        write_text(self.run.folder / ENVIRONMENT_FILE, json.dumps(values, indent=1))

    def checkpoint(self, step: int, write: Callable[[Path], None], *, keep: int) -> RunCheckpoint:
        """Let `write` fill a folder that appears whole or not at all; older ones make room.

        Args:
            keep: at most so many stay, the newest and others spread over the run; only it can be resumed.
        """
        self._checkpoints.mkdir(exist_ok=True)
        target = self._checkpoints / f"step-{step:06d}"
        checkpoint = RunCheckpoint(step, target)
        if checkpoint.can_resume:  # a resumed run that is stopped before its first step
            return checkpoint
        partial = self._checkpoints / f".{uuid.uuid4().hex}.partial"
        partial.mkdir()
        try:
            write(partial)
            os.replace(partial, target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        self._make_room(keep)
        return checkpoint

    def go_back_to(self, step: int) -> None:
        """Forget what came after this step: a resumed run does it again."""
        for name in (METRICS_FILE, VALIDATION_FILE):
            keep_rows(self.run.folder / name, lambda row: row.get("step", 0) <= step)
        forget_after(self.run.folder, step)
        self._events.go_back_to(step)

    def close(self) -> None:
        """Finish what is written in the background."""
        self._events.close()

    @property
    def _checkpoints(self) -> Path:
        return self.run.folder / CHECKPOINTS

    def _make_room(self, keep: int) -> None:
        found = list(self.run.checkpoints())
        for older in found[:-1]:
            (older.folder / TRAINER_FILE).unlink(missing_ok=True)
        while len(found) > max(keep, 1):
            self._remove(found.pop(_least_missed(found)))

    def _remove(self, checkpoint: RunCheckpoint) -> None:
        """It disappears whole; what a killed process did not get to remove, the next one removes."""
        partial = self._checkpoints / f".{uuid.uuid4().hex}.partial"
        checkpoint.folder.rename(partial)
        shutil.rmtree(partial)


def _least_missed(found: list[RunCheckpoint]) -> int:
    """Which of at least two checkpoints leaves the smallest gap; never the newest."""
    steps = [0, *(it.step for it in found)]
    return min(range(len(found) - 1), key=lambda place: steps[place + 2] - steps[place])
