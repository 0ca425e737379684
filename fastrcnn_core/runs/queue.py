"""One run at a time on a machine; the others wait, and can be seen waiting."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from fastrcnn_core.errors import RunError

QUEUE_LOCK = ".training.lock"
RUN_LOCK = ".lock"


class Turn:
    """The right to compute, which one process of all that share a folder of runs has at a time.

    The operating system takes it back from a process that dies, so nobody waits for the dead.
    """

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._lock = FileLock(runs / QUEUE_LOCK)

    def try_to_take(self) -> bool:
        """Take the turn if nobody has it; whether it is ours now, or was before."""
        if not self._lock.is_locked:
            self._runs.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                return False
        return True

    def give_back(self) -> None:
        """Let the next one compute; harmless without the turn."""
        self._lock.release()


@contextmanager
def owning(folder: Path) -> Iterator[None]:
    """Be the only process that writes this run.

    Raises:
        RunError: another one does.
    """
    lock = FileLock(folder / RUN_LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError(
            f"Another process trains the run {folder.name!r}.",
            hint="Wait for it, stop it, or begin a run of another name.",
        ) from None
    try:
        yield
    finally:
        lock.release()
