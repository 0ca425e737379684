"""Writer of a run's folder, for its own process: writes are atomic, and a full disk spares the last checkpoint."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from filelock import FileLock

import fastrcnn_core
from fastrcnn_core.config import Config, PresetName
from fastrcnn_core.errors import UserError
from fastrcnn_core.files import remove_partial_files, write_text
from fastrcnn_core.knobs import to_dict
from fastrcnn_core.runs.catalogue import name_taken, run_path
from fastrcnn_core.runs.control import clear_request
from fastrcnn_core.runs.folder import (
    CHECKPOINTS,
    CONFIG_FILE,
    ENVIRONMENT_FILE,
    IMPORTED_FILE,
    TRAINER_FILE,
    Run,
    RunCheckpoint,
)
from fastrcnn_core.runs.metrics import (
    METRICS_FILE,
    VALIDATION_FILE,
    Row,
    TensorBoardWriter,
    append_row,
    filter_rows,
    metrics_row,
)
from fastrcnn_core.runs.status import (
    STARTING,
    awaits_this_process,
    status_at_start,
    write_status,
    written_status,
)
from fastrcnn_core.runs.step_snapshots import append_history, truncate_history, write_latest
from fastrcnn_core.structures import StepReport

NAMES_LOCK = ".names.lock"
BALLAST_FILE = ".ballast"  # removed when the run ends, so that its last status fits on a full disk
BALLAST_BYTES = 2**16
_LIBRARIES = (  # on whose versions numbers depend
    "torch",
    "torchvision",
    "timm",
    "numpy",
    "numba",
    "scipy",
    "pillow",
    "pycocotools",
    "safetensors",
)
SECONDS_BETWEEN_STATUS = 0.5
SECONDS_BETWEEN_SNAPSHOTS = 1.0


def create_run(
    name: str, *, config: Config, data: str, preset: PresetName, folder: Path | None = None
) -> Run:
    """Create a run's folder with its config; a folder that holds nothing but a log yet is taken over.

    Raises:
        RunError: there is a run of this name, or it is invalid.
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
            raise name_taken(name)
        write_text(path / CONFIG_FILE, json.dumps(settings, indent=1))
    return Run(path)


def set_data(run: Run, data: str) -> None:
    """Set where the run's data set is now, which this machine trusts; training checks that it is the same one."""
    write_text(run.folder / CONFIG_FILE, json.dumps(run.settings() | {"data": data}, indent=1))
    (run.folder / IMPORTED_FILE).unlink(missing_ok=True)


def report_failed_start(run: Run, error: UserError) -> None:
    """Write into the status why this process ends before it begins to train, if it was started for this run."""
    status = written_status(run.folder)
    if awaits_this_process(status):
        failed = dataclasses.replace(status, state="failed", message=error.problem, hint=error.hint)
        write_status(run.folder, failed)


class RunWriter:
    """Writer of a run's files, for the process that holds the run's lock."""

    def __init__(self, run: Run) -> None:
        before = written_status(run.folder)
        if (
            before.stage != STARTING
        ):  # else a request of now is meant for this process, which took seconds to start
            clear_request(run.folder)
        self.run = run
        self.status = status_at_start(before, process=os.getpid())
        self._written = 0.0
        self._latest_written = 0.0
        self._tensorboard = TensorBoardWriter(run.folder)
        remove_partial_files(run.folder)
        remove_partial_files(self._checkpoints)
        (run.folder / BALLAST_FILE).write_bytes(bytes(BALLAST_BYTES))
        self.update()

    def update(self, **changes: Any) -> None:
        """Update the status; it is written at once if the state changes, else twice a second."""
        state_before = self.status.state
        self.status = dataclasses.replace(self.status, **changes)
        is_due = time.monotonic() - self._written >= SECONDS_BETWEEN_STATUS
        if is_due or self.status.state != state_before:
            self.status = write_status(self.run.folder, self.status)
            self._written = time.monotonic()

    def end(self, **changes: Any) -> None:
        """Write the last status, for which there is room on a full disk."""
        (self.run.folder / BALLAST_FILE).unlink(missing_ok=True)
        self.status = dataclasses.replace(self.status, seconds_left=None, **changes)
        write_status(self.run.folder, self.status)
        clear_request(self.run.folder)

    def step(self, report: StepReport) -> None:
        """Write a step's metrics, its RoIs if it belongs to the history, and once a second the latest step."""
        row = metrics_row(report)
        append_row(self.run.folder / METRICS_FILE, row)
        self._tensorboard.add("training", row, step=report.step)
        append_history(self.run.folder, report, total_steps=self.status.total_steps)
        if time.monotonic() - self._latest_written >= SECONDS_BETWEEN_SNAPSHOTS:
            write_latest(self.run.folder, report)
            self._latest_written = time.monotonic()

    def validation(self, row: Row) -> None:
        """Write the validation metrics of a checkpoint, that of step `row["step"]`."""
        append_row(self.run.folder / VALIDATION_FILE, row)
        self._tensorboard.add("validation", row, step=row["step"])

    def environment(self, values: dict[str, Any]) -> None:
        """Write what a later reader needs; replaces what was there."""
        write_text(self.run.folder / ENVIRONMENT_FILE, json.dumps(values, indent=1))

    def checkpoint(self, step: int, write: Callable[[Path], None], *, keep: int) -> RunCheckpoint:
        """Write a checkpoint atomically: `write` fills its folder; older checkpoints are thinned out.

        Args:
            keep: at most so many stay, the newest and others spread over the run; only the newest can be resumed.
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
        self._thin_out(keep)
        return checkpoint

    def rewind(self, step: int) -> None:
        """Remove what was written after this step: a resumed run does it again."""
        for name in (METRICS_FILE, VALIDATION_FILE):
            filter_rows(self.run.folder / name, lambda row: row.get("step", 0) <= step)
        truncate_history(self.run.folder, step)
        self._tensorboard.rewind(step)

    def close(self) -> None:
        """Write what waits in the background."""
        self._tensorboard.close()

    @property
    def _checkpoints(self) -> Path:
        return self.run.folder / CHECKPOINTS

    def _thin_out(self, keep: int) -> None:
        checkpoints = list(self.run.checkpoints())
        for older in checkpoints[:-1]:
            (older.folder / TRAINER_FILE).unlink(missing_ok=True)
        while len(checkpoints) > max(keep, 1):
            self._remove(checkpoints.pop(_smallest_gap(checkpoints)))

    def _remove(self, checkpoint: RunCheckpoint) -> None:
        """Remove a checkpoint atomically; the next process removes what a killed one left of it."""
        partial = self._checkpoints / f".{uuid.uuid4().hex}.partial"
        checkpoint.folder.rename(partial)
        shutil.rmtree(partial)


def _smallest_gap(checkpoints: list[RunCheckpoint]) -> int:
    """Return the index of the checkpoint whose removal leaves the smallest gap; never the newest of at least two."""
    steps = [0, *(checkpoint.step for checkpoint in checkpoints)]
    return min(range(len(checkpoints) - 1), key=lambda index: steps[index + 2] - steps[index])


def software() -> dict[str, Any]:
    """Describe the code (version, git commit, whether files differ from it), libraries and kind of machine.

    Nothing tells whose machine it is; libraries are those on which numbers depend, None where one is not installed.
    """
    root = Path(fastrcnn_core.__file__).resolve().parents[1]
    commit = _git(root, "rev-parse", "HEAD") if (root / ".git").exists() else None
    changed = None if commit is None else bool(_git(root, "status", "--porcelain"))
    versions = {name: _version(name) for name in _LIBRARIES}
    return {
        "code": {"version": fastrcnn_core.__version__, "commit": commit, "changed": changed},
        "libraries": {"python": platform.python_version()} | versions,
        "machine": {"system": platform.system(), "architecture": platform.machine()},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _git(root: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
