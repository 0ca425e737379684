"""Cost estimate of a run before it begins: extrapolated from a short probe, and the throughput of earlier runs.

Without PyTorch: the probe is a process of its own, so that a page stays light and nothing of the probe stays behind.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import fastrcnn_core
from fastrcnn_core.config import Config
from fastrcnn_core.errors import RunError, UserError
from fastrcnn_core.flags import to_arguments
from fastrcnn_core.runs.folder import Run
from fastrcnn_core.runs.metrics import Columns

TIMES_READ = 2  # each picture before the first step: for its proposals and for its features
MIN_STEPS = 10  # of an earlier run, whose first steps also warm caches up; chosen here
SECONDS_AT_MOST = 300.0  # chosen here: a step that takes minutes is no step for this machine


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Measurements of the probe, in seconds and bytes.

    Args:
        starting: from the process's start until the network was there. reading: one picture from its file.
        search: Selective Search of one picture on one core. first_search: what a process's first costs beyond that.
        view: the frozen stages on one picture, or on its mirror image.
        step: one training step. judged: detection on one validation picture. checkpoint: writing one.
        memory: the probe's own peak. device_memory: the graphics card's; None without one.
        view_bytes, picture_bytes: what one remembered view, one remembered picture takes.
        device: where it computed, for people.
    """

    starting: float
    reading: float
    first_search: float
    search: float
    view: float
    step: float
    judged: float
    checkpoint: float
    memory: int
    device_memory: int | None
    view_bytes: int
    picture_bytes: int
    device: str


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Number of times that a run does each part of its work.

    Args:
        pictures: that are trained on or kept out for validation.
        searches: those whose proposals are not in the store yet. workers: processes that search side by side.
        views: frozen features that are not in the store yet. steps: training steps.
        judged: validation pictures over all checkpoints. checkpoints: how many are written.
        held_views, held_pictures: how many more than the probe the run will have in memory.
        most_view_bytes, most_picture_bytes: limits of the caches, from which on they evict.
    """

    pictures: int
    searches: float
    workers: int
    views: float
    steps: int
    judged: int
    checkpoints: int
    held_views: int
    held_pictures: int
    most_view_bytes: int
    most_picture_bytes: int


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


@dataclass(frozen=True)
class Throughput:
    """Throughput of an earlier run.

    Args:
        run: its name. seconds: of a training step, the median.
    """

    run: str
    seconds: float


def throughput_of(run: str, columns: Columns) -> Throughput | None:
    """Compute a run's throughput from its metrics; None if it did too few steps."""
    seconds = [value for value in columns["seconds"] if value is not None]
    return Throughput(run, median(seconds)) if len(seconds) >= MIN_STEPS else None


def comparable_runs(config: Config, runs: Iterable[Run]) -> tuple[Run, ...]:
    """Select the runs whose steps cost what this config's steps will cost."""
    return tuple(run for run in runs if _key_of(run) == _step_cost_key(config))


def _key_of(run: Run) -> tuple[Any, ...] | None:
    try:
        return _step_cost_key(run.config())
    except UserError:  # a damaged run tells nothing
        return None


def _step_cost_key(config: Config) -> tuple[Any, ...]:
    """Return the knobs on which the time of a step depends."""
    sampling, model = config.sampling, config.model
    return (
        config.image,
        (sampling.images_per_step, sampling.rois_per_image),
        (model.backbone, model.trainable_stages, model.hidden, model.roi_cells),
        config.training.device,
    )


def extrapolate(measured: Measured, work: Workload) -> Estimate:
    """Extrapolate the probe's measurements to the whole run."""
    cached = min(work.held_views * measured.view_bytes, work.most_view_bytes)
    cached += min(work.held_pictures * measured.picture_bytes, work.most_picture_bytes)
    return Estimate(
        seconds={
            "starting": measured.starting + TIMES_READ * measured.reading * work.pictures,
            "proposals": measured.first_search + measured.search * work.searches / work.workers,
            "features": measured.view * work.views,
            "steps": measured.step * work.steps,
            "validation": measured.judged * work.judged,
            "checkpoints": measured.checkpoint * work.checkpoints,
        },
        steps=work.steps,
        step_seconds=measured.step,
        memory_bytes=measured.memory + cached,
        device_memory_bytes=measured.device_memory,
        device=measured.device,
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
            done = _run(arguments)
        except subprocess.TimeoutExpired:
            raise RunError(
                f"The probe did not finish within {SECONDS_AT_MOST:.0f} seconds.",
                hint="Choose smaller pictures, fewer proposals or a smaller backbone.",
            ) from None
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["It ended without a message."])[-1]
            raise RunError(f"The run could not begin like that: {last}", hint="")
        return read_estimate(answer)


def write_estimate(estimate: Estimate) -> str:
    """Serialise the estimate as JSON."""
    return json.dumps(dataclasses.asdict(estimate), indent=1)


def read_estimate(path: Path) -> Estimate:
    """Read the JSON of `write_estimate`."""
    return Estimate(**json.loads(path.read_text(encoding="utf-8")))


def _run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    root = str(Path(fastrcnn_core.__file__).resolve().parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [sys.executable, "-m", "fastrcnn_core", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS_AT_MOST,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )
