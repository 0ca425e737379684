"""Coordination of processes through the folders of runs: one writes a run, one computes, readers leave requests.

Locks are the operating system's (flock on Linux and macOS, msvcrt.locking on Windows): it releases those of a process
that ends or is killed, at once. So a run's process lives exactly as long as it holds the lock of the run's folder.

On a network file system this holds between machines if the file system shares its locks (NFS 4, NFS 3 with lockd,
Lustre mounted with flock). Where locks are local to a machine (NFS mounted with nolock or local_lock), a run of another
machine is shown as crashed although it goes on: look at it there. Where there are no locks at all, training is refused.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from fastrcnn_core.errors import RunError
from fastrcnn_core.files import write_text

Request = Literal["run", "pause", "stop"]
REQUEST_FILE = "control.json"
QUEUE_LOCK = ".training.lock"
RUN_LOCK = ".lock"
INHERITED_LOCK = (
    "FASTRCNN_RUN_LOCK"  # environment variable: the file descriptor of a lock that the parent took
)
_SECONDS_OF_READERS = 1.0  # a reader that looks at the lock holds it for microseconds
_RETRY_SECONDS = 0.02
_claims: dict[Path, int] = {}


def request(folder: Path, wish: Request) -> None:
    """Leave a request for the run's process, which looks before each step; a later request replaces it."""
    write_text(folder / REQUEST_FILE, json.dumps({"request": wish}))


def pending_request(folder: Path) -> Request:
    """Return the last request; "run" if there is none or it cannot be read."""
    try:
        wish = json.loads((folder / REQUEST_FILE).read_text(encoding="utf-8")).get("request")
    except (FileNotFoundError, ValueError, AttributeError):
        return "run"
    return wish if wish in ("pause", "stop") else "run"


def clear_request(folder: Path) -> None:
    """Remove a request that is done, or was meant for an earlier process."""
    (folder / REQUEST_FILE).unlink(missing_ok=True)


class QueueLock:
    """The right to compute, held by one process at a time of all that share a folder of runs."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._lock = FileLock(runs / QUEUE_LOCK)

    def acquire(self) -> bool:
        """Acquire the lock without waiting; return whether this process holds it now."""
        if not self._lock.is_locked:
            self._runs.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                return False
        return True

    def release(self) -> None:
        """Release the lock; without effect if this process does not hold it."""
        self._lock.release()


@contextmanager
def run_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a run's folder: only its holder writes there, and the run is alive as long.

    Raises:
        RunError: another process holds it, or the file system has no locks.
    """
    claimed = _claims.pop(folder.resolve(), None)
    lock = _acquire(folder) if claimed is None else claimed
    try:
        yield
    finally:
        os.close(lock)


@contextmanager
def claim_run(folder: Path) -> Iterator[int]:
    """Lock a run's folder, made if need be, for the `run_lock` that follows in this process or in a child process.

    A run that begins is thereby alive from its first file on, while its process still imports PyTorch.

    Yields:
        The lock's file descriptor; a child that inherits it holds the lock too (not on Windows).

    Raises:
        RunError: another process holds the lock, or the file system has no locks.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key = folder.resolve()
    lock = _claims[key] = _acquire(key)
    try:
        yield lock
    finally:
        if key in _claims:
            os.close(_claims.pop(key))


def is_run_locked(folder: Path) -> bool:
    """Probe the lock of a run's folder: whether a process holds it. The probe disturbs neither that nor other probes.

    True where the lock cannot be probed: the run's status is then believed.
    """
    try:
        file = os.open(folder / RUN_LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    try:
        return not _try_lock(file, shared=True)
    except OSError:
        return True
    finally:
        os.close(file)


def _acquire(folder: Path) -> int:
    """Return a file descriptor that holds the lock of a run's folder, the parent process's if it left one."""
    path = folder / RUN_LOCK
    inherited = _inherited(path)
    if inherited is not None:
        return inherited
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    deadline = time.monotonic() + _SECONDS_OF_READERS
    try:
        while not _try_lock(file, shared=False):
            if time.monotonic() > deadline:
                raise RunError(
                    f"Another process trains the run {folder.name!r}.",
                    hint="Wait for it, stop it, or begin a run of another name.",
                )
            time.sleep(_RETRY_SECONDS)
    except OSError as error:
        os.close(file)
        raise RunError(
            f"The file system of {folder.parent} has no file locks ({error.strerror or error}).",
            hint="Keep the runs on another disk: FASTRCNN_RUNS names their folder.",
        ) from error
    except RunError:
        os.close(file)
        raise
    return file


def _inherited(path: Path) -> int | None:
    """Return the file descriptor of the lock that the parent process handed over; None if it is not of this file."""
    number = os.environ.get(INHERITED_LOCK, "")
    try:
        if not number.isdecimal() or not os.path.samestat(os.fstat(int(number)), path.stat()):
            return None
    except OSError:  # the environment is an older process's
        return None
    del os.environ[INHERITED_LOCK]
    os.set_inheritable(int(number), False)
    return int(number)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: int, *, shared: bool) -> bool:
        """Lock the file's first byte; there is no shared lock, so a probe that meets another one tries again."""
        for attempt in range(5 if shared else 1):
            try:
                msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
            except PermissionError:
                time.sleep(0.002 * attempt)
            else:
                if shared:
                    msvcrt.locking(file, msvcrt.LK_UNLCK, 1)
                return True
        return False

else:
    import fcntl

    def _try_lock(file: int, *, shared: bool) -> bool:
        """Lock the file without waiting; return whether that succeeded. Source: flock(2)."""
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
