"""Status, locks and requests: whether a run's process lives, and how others coordinate with it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from fastrcnn_core.errors import RunError
from fastrcnn_core.runs import control
from fastrcnn_core.runs import status as status_module
from fastrcnn_core.runs.control import QueueLock, claim_run, is_run_locked, run_lock
from fastrcnn_core.runs.status import RunStatus, status_at_start, write_status
from fastrcnn_core.runs.writer import RunWriter
from tests.support.runs import hold_lock, new_run

ROOT = Path(__file__).resolve().parents[1]
HOLD = """
import sys, time
from pathlib import Path
from fastrcnn_core.runs.control import QueueLock, run_lock
folder = Path(sys.argv[2])
if sys.argv[1] == "queue":
    lock = QueueLock(folder)
    assert lock.acquire()
else:
    lock = run_lock(folder)
    lock.__enter__()
print("held", flush=True)
time.sleep(60)
"""


@contextmanager
def another_process(lock: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process that holds the queue's or a run's lock; it is killed at the end."""
    command = [sys.executable, "-c", HOLD, lock, str(folder)]
    holder = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
    finally:
        holder.kill()
        holder.wait()


def test_the_status_travels_through_the_folder() -> None:
    run = new_run()
    hold_lock(run)
    writer = RunWriter(run)
    writer.update(state="running", stage="training", step=3, total_steps=12)
    status = run.status()
    shown = (status.state, status.stage, status.step, status.progress)
    assert shown == ("running", "training", 3, 0.25)
    assert status.is_active
    writer.end(state="finished")
    assert run.status().state == "finished"


def test_small_changes_reach_the_disk_twice_a_second_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writer = RunWriter(new_run())
    hold_lock(writer.run)
    writer.update(state="running", step=1)
    monkeypatch.setattr("fastrcnn_core.runs.writer.time.monotonic", lambda: writer._written + 0.1)
    writer.update(step=2)
    assert writer.run.status().step == 1
    monkeypatch.setattr("fastrcnn_core.runs.writer.time.monotonic", lambda: writer._written + 0.6)
    writer.update(step=3)
    assert writer.run.status().step == 3


# Liveness


def test_a_killed_process_is_seen_as_crashed_at_once_even_as_a_zombie() -> None:
    run = new_run()
    with another_process("run", run.folder) as process:
        write_status(run.folder, RunStatus(state="running", step=7, process=process.pid))
        assert run.status().state == "running"
        process.send_signal(signal.SIGKILL)
        deadline = time.monotonic() + 10
        # A thread may hold the lock's file a moment longer than the process's first thread lives.
        while (status := run.status()).state == "running":
            assert time.monotonic() < deadline
        assert psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
    assert status.state == "crashed"
    assert "step 7" in status.message
    assert run.status().state == "crashed"


def test_a_recycled_pid_is_not_mistaken_for_the_runs_process() -> None:
    run = new_run()
    write_status(run.folder, RunStatus(state="running", process=os.getppid()))
    assert psutil.pid_exists(os.getppid())
    assert run.status().state == "crashed"


@pytest.mark.parametrize("state", ["queued", "preparing", "running", "paused"])
def test_a_process_that_holds_the_lock_lives_whatever_clock_and_pid_say(state: str) -> None:
    run = new_run()
    lock = hold_lock(run)
    long_ago = {"state": state, "process": 2**22 + 1, "started": 1.0, "updated": 2.0}
    (run.folder / "status.json").write_text(json.dumps(long_ago))
    assert run.status().state == state
    os.close(lock)
    assert run.status().state == "crashed"


def test_a_run_that_no_process_has_begun_never_started() -> None:
    run = new_run()
    assert run.status().state == "crashed"
    assert "never started" in run.status().message
    lock = hold_lock(run)
    assert run.status().state == "queued"
    os.close(lock)


def test_a_run_that_ends_while_a_reader_looks_has_not_crashed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = new_run()
    write_status(run.folder, RunStatus(state="running"))

    def end_first(folder: Path) -> bool:
        write_status(folder, RunStatus(state="finished"))
        return is_run_locked(folder)

    monkeypatch.setattr(status_module, "is_run_locked", end_first)
    assert run.status().state == "finished"


def test_many_readers_at_once_neither_see_each_other_nor_keep_the_process_out() -> None:
    run = new_run()
    with run_lock(run.folder):
        pass
    visited: list[bool] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            visited.append(is_run_locked(run.folder))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        time.sleep(0.2)
        assert visited
        assert not any(visited), "a reader took another one for the run's process"
        for _ in range(20):
            with run_lock(run.folder):
                assert is_run_locked(run.folder)
    finally:
        stop.set()
        for reader in readers:
            reader.join()


def test_a_run_of_an_earlier_version_has_its_keys_read_and_is_not_alive_without_a_lock() -> None:
    run = new_run()
    earlier = {
        "state": "failed",
        "way_out": "Take a smaller picture.",
        "rested": 3.5,
        "booted": 1.0,
    }
    (run.folder / "status.json").write_text(json.dumps(earlier))
    assert run.status().hint == "Take a smaller picture."
    assert run.status().paused_seconds == 3.5
    running = {"state": "running", "process": os.getpid(), "process_started": 1.0, "booted": 0.5}
    (run.folder / "status.json").write_text(json.dumps(running))
    assert run.status().state == "crashed"


def test_where_locks_cannot_be_probed_the_status_is_believed_and_training_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = new_run()
    os.close(hold_lock(run))
    write_status(run.folder, RunStatus(state="running"))

    def no_locks(file: int, *, shared: bool) -> bool:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(control, "_try_lock", no_locks)
    assert run.status().state == "running"
    with pytest.raises(RunError, match=r"no file locks .*FASTRCNN_RUNS"), run_lock(run.folder):
        pass


# Locks


def test_a_run_has_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_SECONDS_OF_READERS", 0.1)
    run = new_run()
    with (
        run_lock(run.folder),
        pytest.raises(RunError, match="Another process"),
        run_lock(run.folder),
    ):
        pass
    with another_process("run", run.folder):
        with pytest.raises(RunError, match="Another process"), run_lock(run.folder):
            pass
        with pytest.raises(RunError, match="Another process"), claim_run(run.folder):
            pass


def test_a_claim_passes_to_the_lock_that_follows_without_a_gap() -> None:
    run = new_run()
    with claim_run(run.folder):
        assert is_run_locked(run.folder)
        with run_lock(run.folder):
            assert is_run_locked(run.folder)
        assert not is_run_locked(run.folder)
    with claim_run(run.folder):
        pass
    assert not is_run_locked(run.folder)


def test_an_inherited_lock_of_another_file_is_not_taken_for_this_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = new_run("first"), new_run("second")
    lock = hold_lock(first)
    monkeypatch.setenv(control.INHERITED_LOCK, str(lock))
    with run_lock(second.folder):
        assert is_run_locked(second.folder)
    with run_lock(first.folder):
        assert control.INHERITED_LOCK not in os.environ
    assert not is_run_locked(first.folder), "the inherited file descriptor is closed at the end"


def test_one_computes_and_the_others_wait(tmp_path: Path) -> None:
    first, second = QueueLock(tmp_path), QueueLock(tmp_path)
    assert first.acquire()
    assert first.acquire(), "this process holds it already"
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_the_queue_does_not_wait_for_a_killed_process(tmp_path: Path) -> None:
    with another_process("queue", tmp_path):
        assert not QueueLock(tmp_path).acquire()
    last = QueueLock(tmp_path)
    assert last.acquire()
    last.release()


# Requests


def test_requests_are_read_back_and_a_new_process_begins_without_any() -> None:
    run = new_run()
    assert control.pending_request(run.folder) == "run"
    run.request_pause()
    assert control.pending_request(run.folder) == "pause"
    run.request_continue()
    assert control.pending_request(run.folder) == "run"
    write_status(run.folder, RunStatus(state="running"))  # a process that was killed
    run.request_stop()
    assert control.pending_request(run.folder) == "stop"
    RunWriter(run)
    assert control.pending_request(run.folder) == "run"


@pytest.mark.parametrize("is_written", [False, True])
def test_a_request_that_came_while_the_process_began_is_heeded_once(is_written: bool) -> None:
    run = new_run()
    if is_written:
        write_status(run.folder, status_at_start())
    run.request_stop()
    writer = RunWriter(run)
    assert control.pending_request(run.folder) == "stop"
    writer.end(state="stopped")
    assert control.pending_request(run.folder) == "run"


def test_a_request_that_cannot_be_read_is_no_request() -> None:
    run = new_run()
    for text in ("{", "[]", '{"request": "explode"}'):
        (run.folder / "control.json").write_text(text)
        assert control.pending_request(run.folder) == "run"
