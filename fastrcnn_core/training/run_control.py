"""Control of a run's processes: pause and stop requests, signals, the queue of runs, and progress in the status.

The first process decides, all act alike: each check is a collective of the processes that train together.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from fastrcnn_core.runs import Run, RunCheckpoint, RunStatus, control
from fastrcnn_core.runs.control import QueueLock
from fastrcnn_core.runs.status import status_at_start
from fastrcnn_core.runs.writer import RunWriter
from fastrcnn_core.terminal import GracefulShutdown, echo
from fastrcnn_core.training.distributed import SINGLE_PROCESS, ProcessGroup

MIN_DONE = 4  # items from which on the time left is estimated; chosen here
SECONDS_BETWEEN_CHECKS = 0.2  # while the run is paused or queued
WAITING = "waiting for another run to end"
T = TypeVar("T")


class RunStopped(Exception):  # noqa: N818 - not an error
    """The end of a run on request or by a signal, whose number is `signal`; 0 on request."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.signal = signal_number


@dataclass(frozen=True)
class _Decision:
    """Continue; or wait and check again; or stop, if there is a message."""

    wait: bool = False
    message: str = ""
    signal: int = 0


class RunControl:
    """Pause and stop requests in the run's folder, and signals to its process, checked between two pieces of work.

    Args:
        run: whose requests. writer: records in the status what is done about them.
        queue: the queue's lock, released while the run is paused. shutdown: the signals received so far.
        processes: those that train together; only the first reads the folder and holds the queue's lock.
    """

    def __init__(
        self,
        run: Run,
        writer: RunWriter,
        queue: QueueLock,
        shutdown: GracefulShutdown,
        processes: ProcessGroup = SINGLE_PROCESS,
    ) -> None:
        self._run = run
        self._writer = writer
        self._queue = queue
        self._shutdown = shutdown
        self.processes = processes
        self._status_before_wait: RunStatus | None = None
        self._wait_started = 0.0

    def check(self, before_stop: Callable[[], object] = lambda: None) -> None:
        """Check for requests and signals; wait while the run is paused or queued.

        Args:
            before_stop: called first if the run is to stop, to save it.

        Raises:
            RunStopped: the run is to stop.
        """
        while True:
            received = self.processes.max(int(self._shutdown.received or 0))
            decision = self.processes.broadcast(lambda received=received: self._decide(received))  # type: ignore[misc]
            if decision.message:
                before_stop()
                raise RunStopped(decision.message, decision.signal)
            if not decision.wait:
                return
            time.sleep(SECONDS_BETWEEN_CHECKS)

    def pending(self) -> bool:
        """Tell whether a request or a signal is pending, for which long work should be interrupted."""
        request = control.pending_request(self._run.folder) if self.processes.is_first else "run"
        return self._shutdown.received is not None or request in ("stop", "pause")

    def echo(self, message: str) -> None:
        """Print a message once, however many processes there are."""
        if self.processes.is_first:
            echo(message)

    def for_each(self, items: Sequence[T], work: Callable[[T], object]) -> None:
        """Work on each item, with a check before each; processes may have different numbers of items."""
        for place in range(self.processes.max(len(items))):
            self.check()
            if place < len(items):
                work(items[place])

    def _decide(self, received: int) -> _Decision:
        request = control.pending_request(self._run.folder)
        if received or request == "stop":
            by = f"by {signal.Signals(received).name}" if received else "on request"
            message = f"Stopped {by} after step {self._writer.status.step}."
            return _Decision(message=message, signal=received)
        if request == "pause":
            self._queue.release()
            self._wait("paused", self._writer.status.stage)
            return _Decision(wait=True)
        if not self._queue.acquire():
            self._wait("queued", WAITING)
            return _Decision(wait=True)
        if self._status_before_wait is not None:
            before, self._status_before_wait = self._status_before_wait, None
            paused = self._paused_seconds(before)
            self._writer.update(state=before.state, stage=before.stage, paused_seconds=paused)
        return _Decision()

    def _wait(self, state: str, stage: str) -> None:
        if self._status_before_wait is None:
            self._status_before_wait, self._wait_started = self._writer.status, time.monotonic()
        paused = self._paused_seconds(self._status_before_wait)
        self._writer.update(state=state, stage=stage, seconds_left=None, paused_seconds=paused)

    def _paused_seconds(self, before: RunStatus) -> float:
        """Sum up the seconds of all waits, the present one included."""
        return before.paused_seconds + time.monotonic() - self._wait_started


class StageProgress:
    """Progress of a stage: counts its items in the run's status, with the seconds left, and on a progress bar.

    Args:
        stage: the status's words, such as "features {done}/{total}".
        seconds_after: of the run's work after this stage; 0 if the time left is to be that of the stage.
    """

    def __init__(
        self, stage: str, total: int, writer: RunWriter, bar: Any, *, seconds_after: float = 0.0
    ) -> None:
        self.done = 0
        self._stage, self._total = stage, total
        self._writer, self._bar = writer, bar
        self._seconds_after = seconds_after
        self._started = self._clock()

    def advance(self) -> None:
        """Count one more item as done."""
        self.done += 1
        self._bar.update()
        self.report()

    def report(self) -> None:
        """Write the count to the run's status."""
        stage = self._stage.format(done=self.done, total=self._total)
        self._writer.update(stage=stage, seconds_left=self._seconds_left())

    def _seconds_left(self) -> float | None:
        """Estimate the time left; None until a few items are done, for the first wait for workers and a compiler."""
        if self.done < MIN_DONE:
            return self._seconds_after or None
        per_item = (self._clock() - self._started) / self.done
        return per_item * (self._total - self.done) + self._seconds_after

    def _clock(self) -> float:
        """Read the seconds that the process has worked, pauses left out."""
        return time.monotonic() - self._writer.status.paused_seconds


class NullRunWriter(RunWriter):
    """A run writer that discards everything, for ranks other than 0; the folder may be on another machine."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.status = status_at_start(process=os.getpid())

    def update(self, **changes: Any) -> None:
        """Change the status in memory."""
        self.status = dataclasses.replace(self.status, **changes)

    def checkpoint(self, step: int, write: Callable[[Path], None], *, keep: int) -> RunCheckpoint:
        """Write nothing; the first process has the same weights."""
        return RunCheckpoint(step, self.run.folder)

    def _discard(self, *values: Any) -> None:
        """Discard what the first process writes."""

    end = update
    step = validation = environment = rewind = close = _discard  # type: ignore[assignment]
