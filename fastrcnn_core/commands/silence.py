"""What the other processes of a team have in place of a run's writer: the first one writes for all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastrcnn_core.runs import Run, RunCheckpoint
from fastrcnn_core.runs.metrics import Row
from fastrcnn_core.runs.status import this_process
from fastrcnn_core.runs.writing import RunWriter
from fastrcnn_core.structures import StepReport


class SilentWriter(RunWriter):
    """Keeps the status of this process for itself, and leaves the folder alone: it may be on another machine."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.status = this_process()

    def tell(self, **changes: Any) -> None:
        """Change the status, which nobody reads."""
        self.status = dataclasses.replace(self.status, **changes)

    def end(self, **changes: Any) -> None:
        """No last words."""
        self.tell(**changes)

    def step(self, report: StepReport) -> None:
        """The first process keeps the numbers."""

    def validation(self, row: Row) -> None:
        """The first process judges."""

    def environment(self, values: dict[str, Any]) -> None:
        """The first process tells of its own machine."""

    def checkpoint(self, step: int, write: Callable[[Path], None], *, keep: int) -> RunCheckpoint:
        """The first process has the same weights."""
        return RunCheckpoint(step, self.run.folder)

    def go_back_to(self, step: int) -> None:
        """Nothing was written."""

    def close(self) -> None:
        """Nothing is open."""
