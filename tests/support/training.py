"""Whole training runs in the tests' own process."""

from __future__ import annotations

import pytest

from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.runs import Run, RunStatus
from fastrcnn_core.training import setup, train


def train_run(run: Run) -> RunStatus:
    """Train a run with its own config and data set, as the command does."""
    return train(run.config(), open_dataset(run.local_data()), run)


def use_one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Search in one worker process: more take longer to start than small pictures take to search."""
    monkeypatch.setattr(setup, "worker_count", lambda tasks: 1)
