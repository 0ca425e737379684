"""A run is a folder: what a reader finds in it. Nothing here writes but the requests to its process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastrcnn_core.config import Config, stored_config
from fastrcnn_core.errors import CheckpointError, RunError
from fastrcnn_core.runs import control
from fastrcnn_core.runs.brought import is_brought, same_data_here
from fastrcnn_core.runs.kept import kept_steps, read_kept
from fastrcnn_core.runs.live import LiveStep, read_live
from fastrcnn_core.runs.metrics import METRICS_FILE, VALIDATION_FILE, Columns, read_columns
from fastrcnn_core.runs.status import RunStatus, read_status

if TYPE_CHECKING:
    from fastrcnn_core.model import FastRCNN

CONFIG_FILE = "config.json"
ENVIRONMENT_FILE = "environment.json"
LOG_FILE = "log.txt"
CHECKPOINTS = "checkpoints"
MODEL_FILE = "model.safetensors"
TRAINER_FILE = "trainer.safetensors"


@dataclass(frozen=True)
class RunCheckpoint:
    """A trained model that a run left behind after a step.

    Args:
        step: training steps done. folder: where its files lie.
    """

    step: int
    folder: Path

    @property
    def model_file(self) -> Path:
        return self.folder / MODEL_FILE

    @property
    def can_resume(self) -> bool:
        """The optimiser's state is still there; only the newest checkpoints keep it."""
        return (self.folder / TRAINER_FILE).exists()


@dataclass(frozen=True)
class Run:
    """A training run, read from its folder while it goes or years later."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def has_settings(self) -> bool:
        """What it was begun with is there, so that it can go on."""
        return (self.folder / CONFIG_FILE).exists()

    def settings(self) -> dict[str, Any]:
        """What it was begun with: "config", "preset", "data" (a data set's setting) and "created", seconds since 1970.

        Raises:
            RunError: the file is missing or damaged.
        """
        return _read_object(self.folder / CONFIG_FILE, run=self.name)

    def config(self) -> Config:
        """Every knob of the run. Raises RunError or ConfigError if its file is missing or damaged."""
        return stored_config(self.settings()["config"])

    def data_setting(self) -> str:
        """The data set that it was trained on, as `--data` takes it."""
        return str(self.settings()["data"])

    def data_here(self) -> str:
        """What to open for its pictures on this machine. Raises DataError if it came in a zip and they are not here."""
        said = self.data_setting()
        return same_data_here(said) if is_brought(self.folder) else said

    def environment(self) -> dict[str, Any]:
        """Code version, libraries, data hash, split, device and times; empty until the run has written them."""
        path = self.folder / ENVIRONMENT_FILE
        return _read_object(path, run=self.name) if path.exists() else {}

    def data_hash(self) -> str | None:
        """The content of its data set when it was begun; None until the run has written it."""
        known: str | None = self.environment().get("data", {}).get("hash")
        return known

    def status(self) -> RunStatus:
        """How it is doing now."""
        return read_status(self.folder)

    def metrics(self, known: Columns | None = None) -> Columns:
        """Every step's numbers as columns; hand in the last answer to read only what came since."""
        return read_columns(self.folder / METRICS_FILE, known)

    def validation(self, known: Columns | None = None) -> Columns:
        """What was measured on the validation part at checkpoints: "step", "epoch", "AP", "AP50", …"""
        return read_columns(self.folder / VALIDATION_FILE, known)

    def live(self) -> LiveStep | None:
        """A recent step with its RoIs and what the head said of them."""
        return read_live(self.folder)

    def kept_steps(self) -> tuple[int, ...]:
        """The numbers of the steps that can be looked at, RoI by RoI, in order."""
        return kept_steps(self.folder)

    def step(self, number: int) -> LiveStep:
        """A kept step with its RoIs and what the head said of them. Raises RunError."""
        return read_kept(self.folder, number)

    def log(self, characters: int = 4000) -> str:
        """The end of what its process printed."""
        path = self.folder / LOG_FILE
        if not path.exists():
            return ""
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4 * characters))  # at most four bytes each
            return file.read().decode("utf-8", errors="replace")[-characters:]

    def checkpoints(self) -> tuple[RunCheckpoint, ...]:
        """All that are there, oldest first."""
        folders = (self.folder / CHECKPOINTS).glob("step-*")
        steps = {it: it.name.removeprefix("step-") for it in folders}
        found = [RunCheckpoint(int(step), it) for it, step in steps.items() if step.isdecimal()]
        return tuple(sorted(found, key=lambda checkpoint: checkpoint.step))

    def latest_checkpoint(self) -> RunCheckpoint:
        """The newest.

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
        """The model of a checkpoint, the newest if none is named; ready to detect on the device of that name.

        Raises:
            CheckpointError: there is none, or it is damaged. DeviceError: there is no such device.
        """
        from fastrcnn_core.checkpoints import load_checkpoint
        from fastrcnn_core.devices import choose_device

        chosen = checkpoint or self.latest_checkpoint()
        return load_checkpoint(chosen.model_file, device=choose_device(device))

    def request_pause(self) -> None:
        """Ask it to rest after this step; `request_continue` wakes it."""
        control.ask(self.folder, "pause")

    def request_continue(self) -> None:
        """Ask it to go on."""
        control.ask(self.folder, "run")

    def request_stop(self) -> None:
        """Ask it to write a checkpoint and end; it can be resumed."""
        control.ask(self.folder, "stop")


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
