"""What a run will cost, before it begins: a short probe measures this machine, simple arithmetic does the rest.

Without PyTorch: the probe is a process of its own, so that a page stays light and nothing of the probe stays behind.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import fastrcnn_core
from fastrcnn_core.config import Config
from fastrcnn_core.errors import RunError
from fastrcnn_core.flags import to_arguments

TIMES_READ = 2  # each picture, before the first step: for its proposals, and for its features
SECONDS_AT_MOST = 300.0  # chosen here: a step that takes minutes is no step for this machine


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What the probe's clock and the operating system said; seconds and bytes.

    Args:
        starting: from the process's birth until the network was there. reading: one picture from its file.
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
    """How often a run does each thing.

    Args:
        pictures: that are trained on or kept out for validation.
        searches: those whose proposals are not in the store yet. workers: processes that search side by side.
        views: frozen features that are not in the store yet. steps: training steps.
        judged: validation pictures over all checkpoints. checkpoints: how many are written.
        held_views, held_pictures: how many more than the probe the run will have in memory.
        most_view_bytes, most_picture_bytes: where the run begins to forget.
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
    """What a run will cost on this machine as busy as it is now.

    Args:
        seconds: by what they go into, in order: starting, proposals, features, steps, validation, checkpoints.
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
        """Everything from Start to the last checkpoint."""
        return sum(self.seconds.values())


def extrapolate(measured: Measured, work: Workload) -> Estimate:
    """From one of each to all of them."""
    kept = min(work.held_views * measured.view_bytes, work.most_view_bytes)
    kept += min(work.held_pictures * measured.picture_bytes, work.most_picture_bytes)
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
        memory_bytes=measured.memory + kept,
        device_memory_bytes=measured.device_memory,
        device=measured.device,
    )


def estimate_run(config: Config, *, data: str) -> Estimate:
    """What a run with this config will cost here, measured by a probe of about ten seconds in a process of its own.

    The probe does the run's own work on one or two pictures, and keeps the proposals and features that it finds, so
    that the run need not compute them again. `python -m fastrcnn_core estimate` is the same from a terminal.

    Args:
        data: a data set's setting, as `--data` takes it.

    Raises:
        RunError: the run could not begin like that, or its step takes longer than anybody waits for.
    """
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "estimate.json"
        words = ["estimate", "--data", data, "--json", str(answer), *to_arguments(config)]
        try:
            done = _run(words)
        except subprocess.TimeoutExpired:
            raise RunError(
                f"The probe did not finish within {SECONDS_AT_MOST:.0f} seconds.",
                hint="Choose smaller pictures, fewer proposals or a smaller backbone.",
            ) from None
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["It ended without a word."])[-1]
            raise RunError(f"The run could not begin like that: {last}", hint="")
        return read_estimate(answer)


def write_estimate(estimate: Estimate) -> str:
    """The estimate as JSON."""
    return json.dumps(dataclasses.asdict(estimate), indent=1)


def read_estimate(path: Path) -> Estimate:
    """What `write_estimate` wrote."""
    return Estimate(**json.loads(path.read_text(encoding="utf-8")))


def _run(words: list[str]) -> subprocess.CompletedProcess[str]:
    here = str(Path(fastrcnn_core.__file__).resolve().parents[1])
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.run(
        [sys.executable, "-m", "fastrcnn_core", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS_AT_MOST,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
    )
