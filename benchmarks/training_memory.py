"""Peak memory of a training process.

    python benchmarks/training_memory.py [--data DIR] [--epochs 2]

Starts `train` with the preset `minute` and a frozen backbone, `efficientnet_lite0` and `resnet50`, as a user would,
with an empty cache, and reads what the process holds ten times a second; the workers that search proposals before the
first step are not the training process and are told apart. Bars: 2 GB and 4 GB.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import psutil
import tyro

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fastrcnn_core.datasets import default_dataset_setting

BARS = {"efficientnet_lite0": 2.0, "resnet50": 4.0}  # GB
BETWEEN = 0.1  # seconds


def main(
    data: Annotated[str | None, tyro.conf.arg(help="As `train` takes it.")] = None,
    epochs: Annotated[float, tyro.conf.arg(help="Of each run.")] = 2.0,
) -> None:
    """Print the most that each process held, beside its bar."""
    setting = data or default_dataset_setting()
    with tempfile.TemporaryDirectory() as scratch:
        for backbone, bar in BARS.items():
            own, workers = peak(backbone, setting, epochs, Path(scratch))
            print(
                f"{backbone} frozen: {own / 1e9:.2f} GB (bar ≤ {bar:g}); workers {workers / 1e9:.2f} GB"
            )


def peak(backbone: str, setting: str, epochs: float, scratch: Path) -> tuple[int, int]:
    """Most bytes of the training process, and of all of its workers together."""
    words = f"train --preset minute --backbone {backbone} --name {backbone} --epochs {epochs}"
    process = subprocess.Popen(
        [sys.executable, "-m", "fastrcnn_core", *words.split(), "--data", setting],
        env=os.environ
        | {"FASTRCNN_RUNS": f"{scratch}/runs", "FASTRCNN_CACHE": f"{scratch}/{backbone}"},
        cwd=Path(__file__).resolve().parents[1],
    )
    own = workers = 0
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        own = max(own, _held(watched))
        workers = max(workers, sum(map(_held, watched.children(recursive=True))))
        time.sleep(BETWEEN)
    if process.returncode:
        raise SystemExit(f"The run of {backbone} failed.")
    return own, workers


def _held(process: psutil.Process) -> int:
    try:
        held: int = process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0
    return held


if __name__ == "__main__":
    tyro.cli(main)
