"""A run is a folder: what its process writes, what readers make of it, and how it is asked, queued and moved."""

import dataclasses
import errno
import json
import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch

from fastrcnn_core import archives, training
from fastrcnn_core.__main__ import main
from fastrcnn_core.config import Config, OptimiserConfig, TrainingConfig, preset
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.errors import CheckpointError, DataError, RunError
from fastrcnn_core.files import runs_folder
from fastrcnn_core.runs import (
    Run,
    archive,
    contents,
    control,
    delete_run,
    deleted_run,
    empty_bin,
    export_run,
    find_run,
    free_name,
    import_run,
    list_runs,
    rename_run,
    restore_run,
    resume_run,
    start_run,
    starting,
    training_command,
)
from fastrcnn_core.runs import status as status_module
from fastrcnn_core.runs.contents import bytes_on_disk
from fastrcnn_core.runs.folder import MODEL_FILE, TRAINER_FILE
from fastrcnn_core.runs.giving_way import NICENESS
from fastrcnn_core.runs.metrics import METRICS_FILE, append_row, keep_rows, read_columns
from fastrcnn_core.runs.queue import Turn, owning
from fastrcnn_core.runs.status import RunStatus, this_process, write_status
from fastrcnn_core.runs.writing import RunWriter, create_run, move_data
from fastrcnn_core.structures import Losses, SampledRoIs, StepReport
from tests.support.builders import tiny_config
from tests.support.datasets import write_tiny
from tests.support.training import train_run


def new_run(name: str = "first") -> Run:
    return create_run(name, config=Config(), data="synthetic:4:0", preset="paper")


def report(step: int, loss: float = 1.0) -> StepReport:
    rois = SampledRoIs(
        boxes=torch.tensor([[0.0, 0, 10, 20], [5, 5, 15, 15]]),
        labels=torch.tensor([1, 0]),
        targets=torch.zeros(2, 4),
        iou=torch.tensor([0.8, 0.2]),
        gt_index=torch.tensor([0, 0]),
        candidate_index=torch.tensor([3, 4]),
    )
    one = torch.tensor(1.0)
    return StepReport(
        step=step,
        epoch=step / 2,
        images=("street",),
        flipped=(True,),
        loss=loss,
        classification_loss=0.5,
        box_loss=0.5,
        learning_rate=0.01,
        foreground=1,
        background=1,
        accuracy=0.5,
        foreground_accuracy=None,
        foreground_called_background=None,
        gradient_norm=2.0,
        seconds=0.1,
        rois=(rois,),
        losses=Losses(one, one, torch.tensor([0.1, 0.2]), torch.tensor([0.3, 0.0])),
        scores=torch.tensor([[0.2, 0.8], [0.9, 0.1]]),
    )


def write_model(folder: Path) -> None:
    (folder / MODEL_FILE).write_text("weights")
    (folder / TRAINER_FILE).write_text("memory")


# What a run is


def test_a_run_remembers_every_knob_and_its_data() -> None:
    config = Config(optimiser=OptimiserConfig(learning_rate=0.123, drop_at=(0.5, 0.9)))
    create_run("tuned", config=config, data="synthetic:4:0", preset="minute")
    run = find_run("tuned")
    assert run.config() == config
    assert run.data_setting() == "synthetic:4:0"
    assert run.settings()["preset"] == "minute"


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "a\\b", "x" * 65, "a\nb", "end. "]
)
def test_a_run_cannot_be_called_anything_that_is_no_folder_name(name: str) -> None:
    with pytest.raises(RunError, match="cannot be called"):
        new_run(name)


def test_a_name_is_taken_once() -> None:
    new_run("mine")
    with pytest.raises(RunError, match="already"):
        new_run("mine")
    with pytest.raises(RunError, match="already"):
        start_run(Config(), name="mine", data="synthetic")
    assert free_name("mine") == "mine-2"
    assert free_name("other") == "other"


@pytest.mark.skipif(os.name != "posix", reason="Windows has classes of priority instead")
def test_a_run_that_the_app_starts_gives_way_to_whoever_clicks() -> None:
    before = set(psutil.Process().children())
    start_run(Config(), name="polite", data="synthetic:4:0")
    (process,) = set(psutil.Process().children()) - before
    try:
        niceness = max(NICENESS, psutil.Process().nice())
        assert process.nice() == niceness
        session = Path(f"/proc/{process.pid}/autogroup")  # where Linux shares among sessions
        if session.exists():
            assert session.read_text().split()[-1] == str(niceness)
    finally:
        process.kill()


def test_runs_are_listed_newest_first_and_other_folders_are_not_runs() -> None:
    for name in ("old", "new"):
        new_run(name)
        time.sleep(0.02)
    (runs_folder() / "holiday").mkdir()
    assert [run.name for run in list_runs()] == ["new", "old"]


def test_a_run_that_is_not_there_is_refused_with_those_that_are() -> None:
    new_run("street")
    with pytest.raises(RunError, match="There are: street"):
        find_run("stret")


def test_a_damaged_config_is_told_in_words() -> None:
    run = new_run()
    (run.folder / "config.json").write_text("{")
    with pytest.raises(RunError, match="damaged"):
        run.config()


def test_a_run_without_a_checkpoint_says_so() -> None:
    with pytest.raises(CheckpointError, match="no checkpoint yet"):
        new_run().latest_checkpoint()


# How it is doing


def test_the_status_travels_through_the_folder() -> None:
    run = new_run()
    writer = RunWriter(run)
    writer.tell(state="running", stage="training", step=3, total_steps=12)
    status = run.status()
    assert (status.state, status.stage, status.step, status.progress) == (
        "running",
        "training",
        3,
        0.25,
    )
    assert status.is_alive
    writer.end(state="finished")
    assert run.status().state == "finished"


def test_small_changes_reach_the_disk_twice_a_second_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writer = RunWriter(new_run())
    writer.tell(state="running", step=1)
    monkeypatch.setattr("fastrcnn_core.runs.writing.time.monotonic", lambda: writer._written + 0.1)
    writer.tell(step=2)
    assert writer.run.status().step == 1
    monkeypatch.setattr("fastrcnn_core.runs.writing.time.monotonic", lambda: writer._written + 0.6)
    writer.tell(step=3)
    assert writer.run.status().step == 3


def test_a_process_that_is_gone_is_recognised_as_dead() -> None:
    run = new_run()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    born = psutil.Process(ended.pid).create_time()
    write_status(
        run.folder,
        RunStatus(state="running", step=7, process=ended.pid, process_started=born),
    )
    ended.wait()
    status = run.status()
    assert status.state == "crashed"
    assert "step 7" in status.message


def test_a_zombie_is_dead_too() -> None:
    run = new_run()
    child = subprocess.Popen([sys.executable, "-c", ""])
    born = psutil.Process(child.pid).create_time()
    write_status(run.folder, RunStatus(state="running", process=child.pid, process_started=born))
    deadline = time.monotonic() + 10
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert run.status().state == "crashed"
    child.wait()


def test_another_process_with_the_same_number_fools_nobody() -> None:
    run = new_run()
    other = psutil.Process().parent()
    assert other is not None
    write_status(
        run.folder,
        RunStatus(state="running", process=other.pid, process_started=other.create_time() - 100),
    )
    assert run.status().state == "crashed"
    write_status(
        run.folder,
        RunStatus(state="running", process=other.pid, process_started=other.create_time()),
    )
    assert run.status().state == "running"


@pytest.mark.parametrize("seconds", [-7200.0, 7200.0])
def test_a_clock_that_is_set_does_not_kill_a_run_that_rests(seconds: float) -> None:
    run = new_run()
    other = psutil.Process().parent()
    assert other is not None
    booted = psutil.boot_time()
    said = RunStatus(
        state="paused",
        process=other.pid,
        process_started=other.create_time() + seconds,
        booted=booted + seconds,
    )
    write_status(run.folder, said)
    assert run.status().state == "paused"
    write_status(run.folder, dataclasses.replace(said, booted=booted))
    assert run.status().state == "crashed", "another process of the same number"
    before = {"booted": booted - 10**6, "updated": booted - 1, "state": "running"}
    earlier = {"process_started": other.create_time() - 10**6, "process": other.pid}
    (run.folder / "status.json").write_text(json.dumps(before | earlier))
    assert run.status().state == "crashed", "the machine was booted since"


def test_a_living_process_says_anew_when_it_began() -> None:
    run = new_run()
    writer = RunWriter(run)
    own = psutil.Process().create_time()
    before_the_clock_was_set = {"process_started": own - 7200, "booted": 0.0}
    writer.status = dataclasses.replace(writer.status, **before_the_clock_was_set)
    writer.tell(state="running")
    assert run.status().state == "running"
    assert run.status().process_started == pytest.approx(own, abs=1.5)


def pretend_to_start(monkeypatch: pytest.MonkeyPatch, code: str) -> list[subprocess.Popen[bytes]]:
    """What is started from now on runs this code instead of a training; the list of it."""
    begin, begun = subprocess.Popen, []

    def pretend(arguments: list[str], **options: Any) -> subprocess.Popen[bytes]:
        begun.append(begin([sys.executable, "-c", code], **options))
        return begun[-1]

    monkeypatch.setattr(subprocess, "Popen", pretend)
    return begun


def test_a_process_that_takes_long_to_begin_is_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = pretend_to_start(monkeypatch, "import time; time.sleep(600)")
    run = start_run(Config(), name="slow", data="synthetic:4:0")
    try:
        monkeypatch.setattr(status_module, "SECONDS_TO_START", -1.0)
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


def test_a_run_that_was_just_asked_for_is_queued_and_later_called_dead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = new_run()
    assert run.status().state == "queued"
    monkeypatch.setattr(status_module, "SECONDS_TO_START", -1.0)
    assert run.status().state == "crashed"


# What it measured


def test_metrics_are_columns_and_grow_from_where_one_stopped_reading() -> None:
    run = new_run()
    writer = RunWriter(run)
    writer.step(report(1, loss=3.0))
    first = run.metrics()
    assert first["loss"] == [3.0]
    writer.step(report(2, loss=2.0))
    second = run.metrics(first)
    assert second["loss"] == [3.0, 2.0]
    assert second["foreground_accuracy"] == [None, None]
    assert len(second) == 2
    assert len(first) == 1
    assert run.metrics(second) == second


def test_numbers_that_are_none_are_none_in_json() -> None:
    run = new_run()
    RunWriter(run).step(report(1, loss=float("inf")))
    assert run.metrics()["loss"] == [None]


def test_a_torn_last_line_waits_and_a_torn_line_inside_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n{"ste')
    half = read_columns(path)
    assert half["step"] == [1]
    path.write_text('{"step": 1}\n{"step": 2}\n')
    assert read_columns(path, half)["step"] == [1, 2]
    path.write_text('{"step": 1}\n{"ste')
    append_row(path, {"step": 3})
    assert read_columns(path)["step"] == [1, 3]


def test_rows_after_the_checkpoint_are_taken_back_and_readers_start_anew(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    for step in (1, 2, 3):
        append_row(path, {"step": step})
    known = read_columns(path)
    keep_rows(path, lambda row: row["step"] <= 1)
    for step in (2, 3, 4):
        append_row(path, {"step": step, "again": True})
    assert read_columns(path, known)["again"] == [None, True, True, True]


def test_a_file_that_became_shorter_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n{"step": 2}\n')
    known = read_columns(path)
    path.write_text('{"step": 7}\n')
    assert read_columns(path, known)["step"] == [7]


def test_no_file_is_no_rows(tmp_path: Path) -> None:
    assert len(read_columns(tmp_path / "metrics.jsonl")) == 0


def test_the_live_step_shows_each_picture_with_its_rois() -> None:
    run = new_run()
    assert run.live() is None
    RunWriter(run).step(report(5))
    live = run.live()
    assert live is not None
    (picture,) = live.pictures
    assert (live.step, picture.name, picture.flipped) == (5, "street", True)
    assert picture.boxes.tolist() == [[0, 0, 10, 20], [5, 5, 15, 15]]
    assert picture.labels.tolist() == [1, 0]
    assert picture.scores[:, 1].tolist() == pytest.approx([0.8, 0.1])
    assert picture.classification_loss.tolist() == pytest.approx([0.1, 0.2])


def test_tensorboard_files_lie_beside() -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = new_run()
    writer = RunWriter(run)
    writer.step(report(1, loss=3.0))
    writer.validation({"step": 1, "AP50": 0.5})
    writer.close()
    events = EventAccumulator(str(run.folder / "tensorboard"))
    events.Reload()
    assert [it.value for it in events.Scalars("training/loss")] == [3.0]
    assert [it.value for it in events.Scalars("validation/AP50")] == [0.5]


# Checkpoints


def test_a_checkpoint_appears_whole_or_not_at_all() -> None:
    writer = RunWriter(new_run())
    writer.checkpoint(1, write_model, keep=5)

    def break_off(folder: Path) -> None:
        (folder / MODEL_FILE).write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        writer.checkpoint(2, break_off, keep=5)
    assert [it.step for it in writer.run.checkpoints()] == [1]
    assert writer.run.latest_checkpoint().can_resume
    assert [it.name for it in (writer.run.folder / "checkpoints").iterdir()] == ["step-000001"]


def test_what_a_killed_process_left_behind_is_swept_up() -> None:
    run = new_run()
    RunWriter(run)
    half = run.folder / "checkpoints" / ".abc.partial"
    half.mkdir(parents=True)
    (run.folder / ".status.abc.partial.json").write_text("{")
    RunWriter(run)
    assert not half.exists()
    assert not list(run.folder.glob("*.partial*"))


def test_old_checkpoints_make_room_and_the_rest_is_spread_over_the_run() -> None:
    writer = RunWriter(new_run())
    for step in range(10, 110, 10):
        writer.checkpoint(step, write_model, keep=4)
    kept = writer.run.checkpoints()
    assert len(kept) == 4
    assert kept[-1].step == 100
    assert kept[0].step <= 40
    assert [it.can_resume for it in kept] == [False, False, False, True]


def test_a_checkpoint_that_a_kill_interrupts_while_it_goes_is_listed_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writer = RunWriter(new_run())
    for step in (1, 2):
        writer.checkpoint(step, write_model, keep=2)
    remove = shutil.rmtree

    def be_killed(folder: Path, **options: object) -> None:
        if not options:
            (folder / MODEL_FILE).unlink()
            raise KeyboardInterrupt
        remove(folder, **options)

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", be_killed)
        with pytest.raises(KeyboardInterrupt):
            writer.checkpoint(3, write_model, keep=2)
    left = writer.run.checkpoints()
    assert [it.step for it in left] == [2, 3]
    assert all(it.model_file.exists() for it in left)
    RunWriter(writer.run)
    folders = (writer.run.folder / "checkpoints").iterdir()
    assert sorted(it.name for it in folders) == ["step-000002", "step-000003"]


# What is asked of it


def test_requests_are_read_back_and_a_new_process_begins_without_any() -> None:
    run = new_run()
    assert control.asked(run.folder) == "run"
    run.request_pause()
    assert control.asked(run.folder) == "pause"
    run.request_continue()
    assert control.asked(run.folder) == "run"
    run.request_stop()
    assert control.asked(run.folder) == "stop"
    before = psutil.Process().create_time() - 60
    os.utime(run.folder / control.CONTROL_FILE, (before, before))
    RunWriter(run)
    assert control.asked(run.folder) == "run"


def test_a_request_that_came_while_the_process_began_is_heeded_once() -> None:
    run = new_run()
    run.request_stop()
    writer = RunWriter(run)
    assert control.asked(run.folder) == "stop"
    writer.end(state="stopped")
    assert control.asked(run.folder) == "run"


class NoProcess:
    """In place of a run's process: it is there, and does nothing."""

    pid = os.getpid()

    def __init__(self, arguments: list[str], **options: object) -> None:
        self.arguments = arguments


def begin_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """This test plays the process that would be started."""
    monkeypatch.setattr(subprocess, "Popen", NoProcess)
    monkeypatch.setattr(starting, "give_way", lambda process: None)


def test_a_stop_that_is_pressed_while_a_run_starts_is_heeded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begin_nothing(monkeypatch)
    run = create_run("run", config=tiny_config(), data=str(write_tiny(tmp_path)), preset="paper")
    write_status(run.folder, RunStatus(state="stopped"))
    run.request_stop()  # asked of an earlier process
    resume_run(run)
    assert control.asked(run.folder) == "run"
    run.request_stop()
    assert train_run(run).state == "stopped"
    assert run.status().state == "stopped"
    assert not run.metrics()["step"]


def test_a_request_that_cannot_be_read_is_no_request() -> None:
    run = new_run()
    for text in ("{", "[]", '{"request": "explode"}'):
        (run.folder / "control.json").write_text(text)
        assert control.asked(run.folder) == "run"


def test_one_computes_and_the_others_wait(tmp_path: Path) -> None:
    first, second = Turn(tmp_path), Turn(tmp_path)
    assert first.try_to_take()
    assert first.try_to_take(), "it is mine already"
    assert not second.try_to_take()
    first.give_back()
    assert second.try_to_take()
    second.give_back()


def test_nobody_waits_for_the_dead(tmp_path: Path) -> None:
    hold = f"""
import os
from pathlib import Path
from fastrcnn_core.runs.queue import Turn
turn = Turn(Path({str(tmp_path)!r}))
print("mine" if turn.try_to_take() else "taken", flush=True)
import time
time.sleep(60)
"""
    root = Path(__file__).resolve().parents[1]
    holder = subprocess.Popen(
        [sys.executable, "-c", hold], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "mine\n"
    assert not Turn(tmp_path).try_to_take()
    holder.kill()
    holder.wait()
    last = Turn(tmp_path)
    assert last.try_to_take()
    last.give_back()


def test_a_run_has_one_process() -> None:
    run = new_run()
    with owning(run.folder), pytest.raises(RunError, match="Another process"), owning(run.folder):
        pass


# The command that starts it


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
    with pytest.raises(RunError, match=r"Nobody knows .* Delete it"):
        resume_run(run)
    assert run.status().state == "failed"


def test_a_run_whose_data_cannot_be_opened_says_so_and_can_be_begun_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
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
    assert run.status().state == "stopped", "nobody waited for this process"
    write_status(run.folder, status_module.of_process(status_module.starting(), os.getpid()))
    assert main(command) == 1
    assert run.status().state == "failed"
    assert "--epochs would change it" in run.status().message


def test_a_run_that_a_terminal_begins_names_its_process_at_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[int] = []

    def look(config: object, dataset: object, run: Run, *, processes: object) -> None:
        seen.append(run.status().process)

    monkeypatch.setattr(training, "train", look)
    assert main(["train", "--run", "typed", "--data", str(write_tiny(tmp_path))]) == 0
    assert seen == [os.getpid()]


# Leaving and arriving


def exported(tmp_path: Path) -> Path:
    run = new_run("teacher")
    writer = RunWriter(run)
    writer.step(report(1))
    writer.checkpoint(1, write_model, keep=5)
    writer.close()
    writer.end(state="finished")
    return export_run(run, tmp_path / "teacher.zip")


def test_a_run_travels_in_one_zip(tmp_path: Path) -> None:
    path = exported(tmp_path)
    delete_run(find_run("teacher"))
    assert list_runs() == ()
    run = import_run(path)
    assert run.name == "teacher"
    assert run.config() == Config()
    assert run.metrics()["step"] == [1]
    assert run.latest_checkpoint().model_file.read_text() == "weights"
    assert run.status().state == "finished"
    assert list((run.folder / "tensorboard").iterdir())


def test_a_run_that_goes_on_meanwhile_is_exported_and_measured_without_what_is_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = import_run(exported(tmp_path), name="going")
    size = bytes_on_disk(run.folder)
    assert size == sum(it.stat().st_size for it in run.folder.rglob("*") if it.is_file())
    half = run.folder / "checkpoints" / ".123.partial"
    half.mkdir()
    (half / MODEL_FILE).write_text("wei")
    vanished = [*contents.whole_files(run.folder), run.folder / "checkpoints" / "gone.json"]
    for module in (contents, archive):
        monkeypatch.setattr(module, "whole_files", lambda folder: vanished)
    assert bytes_on_disk(run.folder) == size
    with zipfile.ZipFile(export_run(run, tmp_path / "going.zip")) as packed:
        assert {"going/config.json", "going/metrics.jsonl"} <= set(packed.namelist())
        assert not [name for name in packed.namelist() if "partial" in name or "gone" in name]


def test_what_a_killed_import_left_behind_goes_with_a_later_one_but_no_import_of_now(
    tmp_path: Path,
) -> None:
    path = exported(tmp_path)
    old, young = (runs_folder() / f".{it * 32}.partial" for it in "ab")
    for folder in (old, young):
        (folder / "teacher").mkdir(parents=True)
    two_days_ago = time.time() - 2 * 24 * 60 * 60
    os.utime(old, (two_days_ago, two_days_ago))
    import_run(path)
    assert (old.exists(), young.exists()) == (False, True)


def test_a_name_that_somebody_takes_at_the_same_moment_is_not_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class brings its teacher's zip at once: two see that the same name is free."""
    path = exported(tmp_path)
    seen_free = iter(["teacher", "teacher-2"])
    monkeypatch.setattr(archive, "free_name", lambda *_, **__: next(seen_free))
    assert import_run(path).name == "teacher-2"


def test_a_long_name_that_is_taken_stays_a_name() -> None:
    long = new_run("n" * 64).name
    assert free_name(long) == "n" * 62 + "-2"


def test_a_zip_that_macos_has_packed_again_is_a_run(tmp_path: Path) -> None:
    files = GOOD | {"__MACOSX/a/._config.json": "?", "a/._status.json": "?", "a/.DS_Store": "?"}
    run = import_run(zipped(tmp_path / "run.zip", files), name="again")
    assert not list(run.folder.glob("._*"))


def test_an_imported_run_can_have_another_name_and_takes_nobodys(tmp_path: Path) -> None:
    path = exported(tmp_path)
    (there,) = list_runs()
    assert import_run(path).name == f"{there.name}-2"
    assert import_run(path, name="copy").name == "copy"
    path.write_bytes(b"not looked at")
    with pytest.raises(RunError, match="already"):
        import_run(path, name=there.name)


@pytest.mark.parametrize(
    "entry",
    ["../evil.json", "/evil.json", "run/../../evil.json", "run\\..\\evil.json", "C:/evil.json"],
)
def test_a_zip_that_points_outside_is_refused(tmp_path: Path, entry: str) -> None:
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, "{}")
    with pytest.raises(RunError, match="points outside"):
        import_run(path, name="evil")
    assert not list(runs_folder().parent.rglob("evil.json"))
    assert list_runs() == ()


def test_other_kinds_of_files_stay_in_the_zip(tmp_path: Path) -> None:
    path = exported(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("teacher/evil.py", "boom")
    assert not (import_run(path, name="copy").folder / "evil.py").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 torn", b"plain text"])
def test_a_file_that_is_no_zip_is_told_in_words(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run.zip"
    path.write_bytes(content)
    with pytest.raises(RunError, match="damaged or no zip"):
        import_run(path)
    assert list_runs() == ()


GOOD = {"a/config.json": json.dumps({"config": {}, "data": "synthetic", "created": 0})}


def zipped(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"holiday/notes.txt": "sun"}, "not a run"),
        ({"a/config.json": "{}", "b/config.json": "{}"}, "not a run"),
        ({"a/config.json": "no JSON"}, "not understood"),
        ({"a/config.json": "[" * 100_000}, "not understood"),
        ({"a/config.json": "{}"}, "not understood"),
        ({"a/config.json": '{"config": {"training": {"magic": 1}}}'}, "not understood"),
        ({"a/config.json": '{"config": 3, "data": "synthetic"}'}, "not understood"),
        (
            {"a/config.json": '{"config": {}, "data": "synthetic", "created": 1e30}'},
            "not understood",
        ),
        (GOOD | {"a/environment.json": '{"data": 3}'}, "not understood"),
        (GOOD | {"a/metrics.jsonl": '{"step": "one"}\n'}, "not understood"),
        (GOOD | {"a/brought.json/x.json": ""}, "cannot be kept"),
        ({it.replace("a/", ".hidden/"): text for it, text in GOOD.items()}, "cannot be called"),
    ],
)
def test_a_zip_without_a_run_that_is_understood_brings_nothing(
    tmp_path: Path, files: dict[str, str], said: str
) -> None:
    with pytest.raises(RunError, match=said):
        import_run(zipped(tmp_path / "run.zip", files))
    assert not list(runs_folder().glob("*"))


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"state": "finished", "step": 3}, "finished"),
        ({"state": "failed", "message": "It broke."}, "failed"),
        ({"state": "queued", "process": 0, "updated": 1e12}, "stopped"),
        ({"state": "running", "process": os.getpid()}, "stopped"),
        ({"state": "running", "process": -1}, "failed"),
        ({"state": "running", "process": "x"}, "failed"),
        ({"state": "running", "step": None}, "failed"),
        ({"state": "dancing"}, "failed"),
        ([], "failed"),
    ],
)
def test_a_brought_run_never_seems_to_go_on(tmp_path: Path, status: object, state: str) -> None:
    files = GOOD | {"a/status.json": json.dumps(status)}
    run = import_run(zipped(tmp_path / "run.zip", files))
    assert run.status().state == state
    delete_run(run)
    assert list_runs() == ()


def test_a_brought_run_may_hold_folders_that_are_no_checkpoints(tmp_path: Path) -> None:
    files = GOOD | {f"a/checkpoints/step-{it}/model.safetensors": "" for it in ("x", "12", "-3")}
    run = import_run(zipped(tmp_path / "run.zip", files))
    assert [it.step for it in run.checkpoints()] == [12]


def test_of_a_long_log_only_the_end_is_read() -> None:
    run = new_run()
    (run.folder / "log.txt").write_text("é" * 50_000 + "the end", encoding="utf-8")
    assert run.log(10) == "ééé" + "the end"
    assert len(run.log()) == 4000


def test_a_disk_that_is_full_is_told_and_keeps_no_half_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = exported(tmp_path)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(archives.shutil, "copyfileobj", full)
    with pytest.raises(RunError, match="No space left"):
        import_run(path, name="copy")
    assert [it.name for it in runs_folder().iterdir() if it.is_dir()] == ["teacher"]


@pytest.fixture
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The data set that this machine uses: a folder called Street."""
    folder = str(write_tiny(tmp_path / "own" / "Street"))
    monkeypatch.setenv("FASTRCNN_DATA", folder)
    return folder


def sent(tmp_path: Path, data: str) -> Run:
    """A run on this data that was exported and brought back."""
    run = create_run("a", config=tiny_config(), data=data, preset="paper")
    assert run.data_here() == data
    return import_run(export_run(run, tmp_path / "a.zip"), name="b")


@pytest.mark.parametrize(
    "said",
    ["synthetic:8:1", "/home/teacher/Street", "C:\\lessons\\Street\\", "/x/Street + synthetic:8:1"],
)
def test_a_brought_run_finds_its_data_among_what_is_used_here(
    tmp_path: Path, street: str, said: str
) -> None:
    brought = sent(tmp_path, said)
    folder = said.partition(" + ")[0]
    assert brought.data_setting() == said
    assert brought.data_here() == (
        said if said.startswith("synthetic") else said.replace(folder, street)
    )


def test_a_folder_around_the_data_set_is_looked_into(
    tmp_path: Path, street: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    around = Path(street).parent
    Path(street).rename(around / "PennFudanPed")
    monkeypatch.setenv("FASTRCNN_DATA", str(around))
    setting = open_dataset(around).setting
    assert sent(tmp_path, f"/somewhere/{Path(setting).name}").data_here() == setting


@pytest.mark.parametrize(
    "said",
    ["/etc", "/data/Street/..", "Street/../../etc", "", "~", "synthetic:/etc", "synthetic:.."],
)
def test_no_path_that_a_zip_names_is_opened(tmp_path: Path, street: str, said: str) -> None:
    brought = sent(tmp_path, said)
    with pytest.raises(DataError, match="does not use here"):
        brought.data_here()


def test_a_brought_run_that_goes_on_opens_no_path_of_the_zip(tmp_path: Path, street: str) -> None:
    elsewhere = str(write_tiny(tmp_path / "elsewhere"))
    brought = sent(tmp_path, elsewhere)
    with pytest.raises(DataError, match="does not use here"):
        train_run(brought)
    move_data(brought, elsewhere)  # its owner has named the folder
    assert brought.data_here() == elsewhere


def test_a_running_run_is_not_deleted() -> None:
    run = new_run()
    RunWriter(run)
    with pytest.raises(RunError, match="still going"):
        delete_run(run)
    write_status(run.folder, this_process())
    assert run.folder.exists()


def test_a_deleted_run_comes_back_until_another_one_is_deleted() -> None:
    first, second = new_run("first"), new_run("second")
    for run in (first, second):
        write_status(run.folder, RunStatus(state="finished"))
    with pytest.raises(RunError, match="no deleted run"):
        restore_run()
    delete_run(first)
    assert ([run.name for run in list_runs()], deleted_run()) == (["second"], "first")
    assert restore_run().config() == Config()
    assert deleted_run() is None
    delete_run(first)
    delete_run(second)
    assert (list_runs(), deleted_run()) == ((), "second")
    new_run("second")
    with pytest.raises(RunError, match="already"):
        restore_run()
    empty_bin()
    assert deleted_run() is None


def test_a_run_is_renamed_with_all_that_it_has_and_takes_nobodys_name() -> None:
    run = new_run("minute")
    write_status(run.folder, RunStatus(state="finished", step=4))
    new_run("taken")
    with pytest.raises(RunError, match="already"):
        rename_run(run, "taken")
    with pytest.raises(RunError, match="cannot be called"):
        rename_run(run, "../outside")
    assert rename_run(run, "with flips").status().step == 4
    assert {run.name for run in list_runs()} == {"with flips", "taken"}


def test_a_running_run_keeps_its_name() -> None:
    run = new_run()
    write_status(run.folder, this_process())
    with pytest.raises(RunError, match="still going"):
        rename_run(run, "other")


def test_everything_in_the_zip_lies_below_the_runs_name(tmp_path: Path) -> None:
    with zipfile.ZipFile(exported(tmp_path)) as archive:
        names = archive.namelist()
    assert all(name.startswith("teacher/") for name in names)
    assert f"teacher/{METRICS_FILE}" in names
