"""Runs for the tests of the Training page, and what the page shows of them."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from fastrcnn_core.config import Config
from fastrcnn_core.runs import (
    Run,
    RunState,
    process,
)
from fastrcnn_core.runs.metrics import METRICS_FILE, append_row
from fastrcnn_core.runs.status import ACTIVE_STATES, RunStatus, status_at_start, write_status
from fastrcnn_core.runs.step_snapshots import LATEST_FILE
from fastrcnn_core.runs.writer import create_run
from tests.support.app import SECONDS
from tests.support.builders import tiny_config
from tests.support.datasets import write_tiny
from tests.support.runs import hold_lock


@pytest.fixture(autouse=True)
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten tiny pictures that the server is started with."""
    folder = write_tiny(tmp_path / "street")
    monkeypatch.setenv("FASTRCNN_DATA", str(folder))
    return folder


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Collect the arguments of each process that would be started; start none."""
    commands: list[list[str]] = []

    def remember(run: Run, lock: int) -> None:
        commands.append(["train", "--run", run.name, "--resume"])
        (run.folder / "log.txt").touch()
        write_status(run.folder, status_at_start())
        os.dup(lock)  # as the process would, this test holds the run's lock

    monkeypatch.setattr(process, "_spawn", remember)
    return commands


def a_run(
    street: Path,
    name: str = "first",
    *,
    state: RunState = "finished",
    steps: int = 0,
    config: Config | None = None,
    is_locked: bool = True,
    **status: Any,
) -> Run:
    """Write a run's folder as its process would have left it."""
    chosen = config or tiny_config()
    run = create_run(name, config=chosen, data=str(street), preset="minute")
    for step in range(1, steps + 1):
        append_row(run.folder / METRICS_FILE, row(step))
    values: dict[str, Any] = {"step": steps, "total_steps": 60, "device": "CPU, 1 thread"} | status
    write_status(run.folder, RunStatus(state=state, **values))
    if state in ACTIVE_STATES and is_locked:
        hold_lock(run)
    return run


def row(step: int) -> dict[str, Any]:
    return {
        "step": step,
        "epoch": step / 4,
        "loss": 1.0 / step,
        "classification_loss": 0.75 / step,
        "box_loss": 0.25 / step,
        "learning_rate": 0.01,
        "foreground": 2,
        "background": 6,
        "accuracy": 0.75,
        "foreground_accuracy": 0.5,
        "foreground_called_background": 0.5,
        "seconds": 0.25,
    }


def write_step(run: Run, *, step: int = 40, history: bool = False) -> None:
    """Write a step of the run: one picture, a positive that the head takes for background and a negative.

    Args:
        kept: it is one of those that stay, not the recent one.
    """
    picture = {
        "name": "tiny00",
        "flipped": True,
        "boxes": [[10, 8, 30, 56], [50, 20, 70, 40]],
        "labels": [1, 0],
        "iou": [0.8, 0.1],
        "gt_index": [0, -1],
        "scores": [[0.9, 0.1], [0.95, 0.05]],
        "classification_loss": [2.303, 0.051],
        "box_loss": [0.2, 0.0],
    }
    file = run.folder / (f"steps/{step:06d}.json" if history else LATEST_FILE)
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"step": step, "pictures": [picture]}))


def charts(app: AppTest) -> list[dict[str, Any]]:
    """Return what Plotly draws, figure by figure."""
    return [json.loads(element.proto.spec) for element in app.get("plotly_chart")]


def until_no_thread(name: str) -> None:
    """Wait until the background work of this name has ended."""
    deadline = time.monotonic() + SECONDS
    while any(element.name == name for element in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def progress(app: AppTest) -> Any:
    return app.get("progress")[0].proto


def labels(app: AppTest) -> list[str]:
    return [element.label for element in app.button]


def drawn(app: AppTest) -> list[dict[str, Any]]:
    """Return the pictures' scenes, as the canvas gets them."""
    return [
        json.loads(element.proto.json)
        for element in app.get("bidi_component")
        if "layers" in element.proto.json
    ]
