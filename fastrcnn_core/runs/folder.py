"""A run is a folder: read its config, status, metrics and checkpoints. It writes only requests to its process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastrcnn_core.config import Config, stored_config
from fastrcnn_core.datasets import (
    SEPARATOR,
    default_dataset_setting,
    downloaded_folder,
    is_downloaded,
    is_synthetic,
    open_dataset,
)
from fastrcnn_core.errors import CheckpointError, DataError, RunError
from fastrcnn_core.runs.control import request
from fastrcnn_core.runs.metrics import METRICS_FILE, VALIDATION_FILE, Columns, read_columns
from fastrcnn_core.runs.status import RunStatus, read_status
from fastrcnn_core.runs.step_snapshots import (
    StepSnapshot,
    history_steps,
    read_history,
    read_latest,
)

if TYPE_CHECKING:
    from fastrcnn_core.model import FastRCNN

CONFIG_FILE = "config.json"
ENVIRONMENT_FILE = "environment.json"
LOG_FILE = "log.txt"
CHECKPOINTS = "checkpoints"
MODEL_FILE = "model.safetensors"
TRAINER_FILE = "trainer.safetensors"
IMPORTED_FILE = "brought.json"  # marks an imported run: its data setting, which could name any path, is not trusted


@dataclass(frozen=True)
class RunCheckpoint:
    """A checkpoint that a run wrote after a step.

    Args:
        step: training steps done. folder: of its files.
    """

    step: int
    folder: Path

    @property
    def model_file(self) -> Path:
        return self.folder / MODEL_FILE

    @property
    def can_resume(self) -> bool:
        """The trainer's state is still there; only the newest checkpoint keeps it."""
        return (self.folder / TRAINER_FILE).exists()


@dataclass(frozen=True)
class Run:
    """A training run, read from its folder while it is active or years later."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def has_settings(self) -> bool:
        """The config with which the run was begun is there, so that it can be resumed."""
        return (self.folder / CONFIG_FILE).exists()

    def settings(self) -> dict[str, Any]:
        """Read config.json: "config", "preset", "data" (a data set's setting) and "created", seconds since 1970.

        Raises:
            RunError: the file is missing or damaged.
        """
        return _read_object(self.folder / CONFIG_FILE, run=self.name)

    def config(self) -> Config:
        """Read every knob of the run. Raises RunError or ConfigError if its file is missing or damaged."""
        return stored_config(self.settings()["config"])

    def data_setting(self) -> str:
        """Return the data set of the run, as `--data` takes it."""
        return str(self.settings()["data"])

    def local_data(self) -> str:
        """Return the run's data set on this machine. Raises DataError if the run was imported and it is not here."""
        setting = self.data_setting()
        is_imported = (self.folder / IMPORTED_FILE).exists()
        return local_data(setting) if is_imported else setting

    def environment(self) -> dict[str, Any]:
        """Read code version, libraries, data hash, split, device and times; empty until the run has written them."""
        path = self.folder / ENVIRONMENT_FILE
        return _read_object(path, run=self.name) if path.exists() else {}

    def data_hash(self) -> str | None:
        """Return the content hash of the run's data set; None until the run has written it."""
        data_hash: str | None = self.environment().get("data", {}).get("hash")
        return data_hash

    def status(self) -> RunStatus:
        """Read the status; a run whose process died is `crashed`."""
        return read_status(self.folder)

    def metrics(self, earlier: Columns | None = None) -> Columns:
        """Read every step's metrics as columns; pass the last result to read only what was appended since."""
        return read_columns(self.folder / METRICS_FILE, earlier)

    def validation(self, earlier: Columns | None = None) -> Columns:
        """Read the validation metrics of the checkpoints as columns: "step", "epoch", "AP", "AP50", …"""
        return read_columns(self.folder / VALIDATION_FILE, earlier)

    def latest_step(self) -> StepSnapshot | None:
        """Read a recent step with its RoIs and their scores; None if there is none yet. Raises RunError."""
        return read_latest(self.folder)

    def saved_steps(self) -> tuple[int, ...]:
        """List the numbers of the steps that were saved with their RoIs, in order."""
        return history_steps(self.folder)

    def step(self, number: int) -> StepSnapshot:
        """Read a saved step with its RoIs and their scores. Raises RunError."""
        return read_history(self.folder, number)

    def log(self, characters: int = 4000) -> str:
        """Read the end of the log, which the run's process printed."""
        path = self.folder / LOG_FILE
        if not path.exists():
            return ""
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4 * characters))  # at most four bytes each
            return file.read().decode("utf-8", errors="replace")[-characters:]

    def checkpoints(self) -> tuple[RunCheckpoint, ...]:
        """List the checkpoints, oldest first."""
        folders = (self.folder / CHECKPOINTS).glob("step-*")
        steps = {item: item.name.removeprefix("step-") for item in folders}
        found = [RunCheckpoint(int(step), item) for item, step in steps.items() if step.isdecimal()]
        return tuple(sorted(found, key=lambda checkpoint: checkpoint.step))

    def latest_checkpoint(self) -> RunCheckpoint:
        """Return the newest checkpoint.

        Raises:
            CheckpointError: the run has none yet.
        """
        found = self.checkpoints()
        if not found:
            raise CheckpointError(
                f"The run {self.name!r} has no checkpoint yet.",
                hint="Wait for its first epoch to end, or choose another run.",
            )
        return found[-1]

    def load_model(
        self, checkpoint: RunCheckpoint | None = None, *, device: str = "cpu"
    ) -> FastRCNN:
        """Load the model of a checkpoint, by default the newest, onto the device of this name.

        Raises:
            CheckpointError: there is none, or it is damaged. DeviceError: there is no such device.
        """
        from fastrcnn_core.checkpoints import load_checkpoint
        from fastrcnn_core.devices import choose_device

        chosen = checkpoint or self.latest_checkpoint()
        return load_checkpoint(chosen.model_file, device=choose_device(device))

    def request_pause(self) -> None:
        """Ask the run to pause after this step; `request_continue` resumes it."""
        request(self.folder, "pause")

    def request_continue(self) -> None:
        """Ask a paused run to go on."""
        request(self.folder, "run")

    def request_stop(self) -> None:
        """Ask the run to write a checkpoint and end; it can be resumed."""
        request(self.folder, "stop")


def local_data(setting: str) -> str:
    """Return the setting of the same data set on this machine.

    Street scenes are the same everywhere. For a folder or an annotation file it is the one of the same name that this
    machine uses; the run's data hash tells whether its content is the same.

    Raises:
        DataError: this machine uses nothing of that name, or what it uses cannot be opened.
    """
    parts = setting.split(SEPARATOR)
    settings = () if all(map(is_synthetic, parts)) else _local_settings()
    by_name = {Path(path).name: path for path in settings}
    return SEPARATOR.join(_local_part(part, by_name) for part in parts)


def _local_part(part: str, by_name: dict[str, str]) -> str:
    if is_synthetic(part):
        return part
    name = part.replace("\\", "/").rstrip("/").rpartition("/")[2]  # as another system may write it
    if name not in by_name:
        raise DataError(
            f"The run was imported and trained on {name or 'a data set'}, which this app does not use here.",
            hint="Start the app with FASTRCNN_DATA naming your own copy of that data set.",
        )
    return by_name[name]


def _local_settings() -> list[str]:
    """List the data sets of this machine, as runs write them: of `FASTRCNN_DATA`, and the downloaded Penn-Fudan."""
    named = default_dataset_setting().split(SEPARATOR)
    downloaded = [str(downloaded_folder())] if is_downloaded() else []
    return [open_dataset(name).setting for name in [*downloaded, *named] if not is_synthetic(name)]


def _read_object(path: Path, *, run: str) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        values = None
    if not isinstance(values, dict):
        raise RunError(
            f"{path.name} of the run {run!r} is missing or damaged.",
            hint="Choose another run, or delete this one.",
        )
    return values
