"""Start and resume a run in a process of its own; the process may die before it trains."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from fastrcnn_core import training
from fastrcnn_core.__main__ import main
from fastrcnn_core.config import Config, TrainingConfig, preset
from fastrcnn_core.errors import RunError
from fastrcnn_core.runs import (
    Run,
    control,
    free_name,
    process,
    resume_run,
    start_run,
    training_command,
)
from fastrcnn_core.runs.process import NICENESS
from fastrcnn_core.runs.status import RunStatus, status_at_start, write_status
from fastrcnn_core.runs.writer import create_run
from tests.support.builders import tiny_config
from tests.support.datasets import write_tiny
from tests.support.runs import new_run
from tests.support.training import train_run, use_one_worker


class NoProcess:
    """In place of a run's process: it is there, and does nothing."""

    pid = os.getpid()

    def __init__(self, arguments: list[str], **options: object) -> None:
        self.arguments = arguments


def begin_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start no process: the test plays it."""
    monkeypatch.setattr(subprocess, "Popen", NoProcess)
    monkeypatch.setattr(process, "lower_priority", lambda pid: None)


def pretend_to_start(monkeypatch: pytest.MonkeyPatch, code: str) -> list[subprocess.Popen[bytes]]:
    """Run this code in place of each training that is started; return the list of their processes."""
    begin, begun = subprocess.Popen, []

    def pretend(arguments: list[str], **options: Any) -> subprocess.Popen[bytes]:
        begun.append(begin([sys.executable, "-c", code], **options))
        return begun[-1]

    monkeypatch.setattr(subprocess, "Popen", pretend)
    return begun


@pytest.mark.skipif(os.name != "posix", reason="Windows has classes of priority instead")
def test_a_run_that_the_app_starts_gives_way_to_whoever_clicks() -> None:
    before = set(psutil.Process().children())
    start_run(Config(), name="polite", data="synthetic:4:0")
    (child,) = set(psutil.Process().children()) - before
    try:
        niceness = max(NICENESS, psutil.Process().nice())
        assert child.nice() == niceness
        session = Path(f"/proc/{child.pid}/autogroup")  # where Linux shares among sessions
        if session.exists():
            assert session.read_text().split()[-1] == str(niceness)
    finally:
        child.kill()


def test_the_command_says_what_differs_from_the_preset() -> None:
    config = Config(training=TrainingConfig(epochs=3.0))
    command = training_command(config, name="a", data="synthetic", preset="paper")
    assert command == [
        *("train", "--run", "a", "--data", "synthetic"),
        *("--preset", "paper", "--epochs", "3.0"),
    ]
    assert training_command(preset("minute"), name="a", data="d", preset="minute")[5:] == [
        "--preset",
        "minute",
    ]


def test_a_process_that_takes_long_to_begin_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = pretend_to_start(monkeypatch, "import time; time.sleep(600)")
    run = start_run(Config(), name="slow", data="synthetic:4:0")
    try:
        assert (run.status().state, run.status().process) == ("queued", begun[0].pid)
    finally:
        begun[0].kill()
        begun[0].wait()
    assert run.status().state == "crashed"


def test_a_process_that_dies_before_it_begins_is_seen_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = new_run()
    write_status(run.folder, RunStatus(state="stopped", step=3, total_steps=8))
    begun = pretend_to_start(monkeypatch, "raise SystemExit(3)")
    resume_run(run)
    begun[0].wait()
    status = run.status()
    assert (status.state, status.step, status.total_steps) == ("crashed", 3, 8)
    assert "while it started" in status.message


def test_a_stop_that_is_pressed_while_a_run_starts_is_heeded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begin_nothing(monkeypatch)
    run = create_run("run", config=tiny_config(), data=str(write_tiny(tmp_path)), preset="paper")
    write_status(run.folder, RunStatus(state="stopped"))
    run.request_stop()  # asked of an earlier process
    resume_run(run)
    assert control.pending_request(run.folder) == "run"
    run.request_stop()
    assert train_run(run).state == "stopped"
    assert run.status().state == "stopped"
    assert not run.metrics()["step"]


def test_a_run_that_cannot_be_started_leaves_its_name_free(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(OSError, match="No space left"):
        start_run(Config(), name="late", data="synthetic:4:0")
    assert free_name("late") == "late"


def test_a_run_that_cannot_be_resumed_stays_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    run = new_run("full")
    write_status(run.folder, RunStatus(state="failed", step=7, message="The disk is full."))
    before = run.status()

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(OSError, match="No space left"):
        resume_run(run)
    assert run.status() == before


def test_a_run_without_its_config_is_not_begun_again() -> None:
    run = new_run("bare")
    write_status(run.folder, RunStatus(state="failed"))
    (run.folder / "config.json").unlink()
    with pytest.raises(RunError, match=r"has no config.json.* Delete it"):
        resume_run(run)
    assert run.status().state == "failed"


def test_a_run_whose_data_cannot_be_opened_says_so_and_can_be_begun_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    use_one_worker(monkeypatch)
    data = tmp_path / "away"
    with monkeypatch.context() as patch:
        begin_nothing(patch)
        run = start_run(tiny_config(epochs=1.0), name="run", data=str(data))
    command = ["train", "--run", "run", "--resume"]
    assert main(command) == 1
    assert run.status().state == "failed"
    assert str(data) in run.status().message
    write_tiny(data)
    with monkeypatch.context() as patch:
        begin_nothing(patch)
        resume_run(run)
    assert main(command) == 0
    assert (run.status().state, run.status().step) == ("finished", 4)


def test_a_process_that_refuses_to_go_on_says_so_in_the_status_that_waits_for_it() -> None:
    run = new_run()
    command = ["train", "--run", run.name, "--resume", "--epochs", "9"]
    write_status(run.folder, RunStatus(state="stopped", step=3))
    assert main(command) == 1
    assert run.status().state == "stopped", "the run was not started for this process"
    write_status(run.folder, status_at_start(process=os.getpid()))
    assert main(command) == 1
    assert run.status().state == "failed"
    assert "--epochs would change it" in run.status().message


def test_a_run_that_a_terminal_begins_names_its_process_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    visited: list[tuple[str, int]] = []

    def look(config: object, dataset: object, run: Run, *, processes: object) -> None:
        visited.append((run.status().state, run.status().process))

    monkeypatch.setattr(training, "train", look)
    assert main(["train", "--run", "typed", "--data", str(write_tiny(tmp_path))]) == 0
    assert visited == [("queued", os.getpid())]
