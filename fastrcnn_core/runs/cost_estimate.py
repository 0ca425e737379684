"""Cost estimate of a run before it begins: extrapolated from a short probe, and the throughput of earlier runs.

Without PyTorch: the probe is a process of its own, so that a page stays light and nothing of the probe stays behind.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from fastrcnn_core.config import Config
from fastrcnn_core.errors import RunError, UserError
from fastrcnn_core.flags import to_arguments
from fastrcnn_core.runs.folder import Run
from fastrcnn_core.runs.metrics import Columns
from fastrcnn_core.runs.process import command_environment, command_line

MIN_STEPS = 10  # of an earlier run, whose first steps also warm caches up; chosen here
SECONDS_AT_MOST = 300.0  # chosen here: a step that takes minutes is no step for this machine


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Cost of a run on this machine as busy as it is now.

    Args:
        seconds: of each part, in order: starting, proposals, features, steps, validation, checkpoints.
        steps: how many training steps there will be. step_seconds: one of them.
        memory_bytes: the training process's peak in main memory.
        device_memory_bytes: its peak on the graphics card; None without one.
        device: where it will train, such as "CPU, 2 threads".
    """

    seconds: dict[str, float]
    steps: int
    step_seconds: float
    memory_bytes: int
    device_memory_bytes: int | None
    device: str

    @property
    def total_seconds(self) -> float:
        """Seconds from the start to the last checkpoint."""
        return sum(self.seconds.values())


def median_step_seconds(columns: Columns) -> float | None:
    """Compute a run's throughput, the median seconds of a training step; None if it did too few steps."""
    seconds = [value for value in columns["seconds"] if value is not None]
    return median(seconds) if len(seconds) >= MIN_STEPS else None


def comparable_runs(config: Config, runs: Iterable[Run]) -> tuple[Run, ...]:
    """Select the runs whose steps cost what this config's steps will cost; damaged ones are left out."""
    found = []
    for run in runs:
        with suppress(UserError):
            if _step_cost_key(run.config()) == _step_cost_key(config):
                found.append(run)
    return tuple(found)


def _step_cost_key(config: Config) -> tuple[Any, ...]:
    """Return the knobs on which the time of a step depends."""
    sampling, model = config.sampling, config.model
    return (
        config.image,
        (sampling.images_per_step, sampling.rois_per_image),
        (model.backbone, model.trainable_stages, model.hidden, model.roi_cells),
        config.training.device,
    )


def estimate_run(config: Config, *, data: str) -> Estimate:
    """Estimate the cost of a run with this config on this machine, by a probe of about ten seconds in its own process.

    The probe does the run's own work on one or two pictures, and keeps the proposals and features that it finds, so
    that the run need not compute them again. `python -m fastrcnn_core estimate` is the same from a terminal.

    Args:
        data: a data set's setting, as `--data` takes it.

    Raises:
        RunError: the run could not begin like that, or the probe takes more than five minutes.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "estimate.json"
        arguments = ["estimate", "--data", data, "--json", str(answer), *to_arguments(config)]
        try:
            done = subprocess.run(
                command_line(arguments),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS_AT_MOST,
                check=False,
                env=command_environment(),
            )
        except subprocess.TimeoutExpired:
            raise RunError(
                f"The probe did not finish within {SECONDS_AT_MOST:.0f} seconds.",
                hint="Choose smaller pictures, fewer proposals or a smaller backbone.",
            ) from None
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["It ended without a message."])[-1]
            raise RunError(f"The run could not begin like that: {last}", hint="")
        return Estimate(**json.loads(answer.read_text(encoding="utf-8")))
