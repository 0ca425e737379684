"""A run is a folder: its names, metrics, checkpoints, deletion and renaming."""

import errno
import shutil
import time
from pathlib import Path

import pytest

from fastrcnn_core.config import Config, OptimiserConfig
from fastrcnn_core.errors import CheckpointError, RunError
from fastrcnn_core.files import runs_folder
from fastrcnn_core.runs import (
    delete_run,
    deleted_run,
    empty_trash,
    find_run,
    free_name,
    list_runs,
    rename_run,
    restore_run,
    start_run,
)
from fastrcnn_core.runs.folder import MODEL_FILE
from fastrcnn_core.runs.metrics import append_row, filter_rows, read_columns
from fastrcnn_core.runs.status import RunStatus, write_status
from fastrcnn_core.runs.writer import RunWriter, create_run
from tests.support.runs import hold_lock, new_run, step_report, write_checkpoint_files


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


def test_a_long_name_that_is_taken_stays_a_name() -> None:
    long = new_run("n" * 64).name
    assert free_name(long) == "n" * 62 + "-2"


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


def test_of_a_long_log_only_the_end_is_read() -> None:
    run = new_run()
    (run.folder / "log.txt").write_text("é" * 50_000 + "the end", encoding="utf-8")
    assert run.log(10) == "ééé" + "the end"
    assert len(run.log()) == 4000


# Metrics


def test_metrics_are_columns_and_grow_from_where_one_stopped_reading() -> None:
    run = new_run()
    writer = RunWriter(run)
    writer.step(step_report(1, loss=3.0))
    first = run.metrics()
    assert first["loss"] == [3.0]
    writer.step(step_report(2, loss=2.0))
    second = run.metrics(first)
    assert second["loss"] == [3.0, 2.0]
    assert second["foreground_accuracy"] == [None, None]
    assert len(second) == 2
    assert len(first) == 1
    assert run.metrics(second) == second


def test_numbers_that_are_none_are_none_in_json() -> None:
    run = new_run()
    RunWriter(run).step(step_report(1, loss=float("inf")))
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
    columns = read_columns(path)
    filter_rows(path, lambda row: row["step"] <= 1)
    for step in (2, 3, 4):
        append_row(path, {"step": step, "again": True})
    assert read_columns(path, columns)["again"] == [None, True, True, True]


def test_a_file_that_became_shorter_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\n{"step": 2}\n')
    columns = read_columns(path)
    path.write_text('{"step": 7}\n')
    assert read_columns(path, columns)["step"] == [7]


def test_no_file_is_no_rows(tmp_path: Path) -> None:
    assert len(read_columns(tmp_path / "metrics.jsonl")) == 0


def test_tensorboard_files_lie_beside() -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = new_run()
    writer = RunWriter(run)
    writer.step(step_report(1, loss=3.0))
    writer.validation({"step": 1, "AP50": 0.5})
    writer.close()
    events = EventAccumulator(str(run.folder / "tensorboard"))
    events.Reload()
    assert [scalar.value for scalar in events.Scalars("training/loss")] == [3.0]
    assert [scalar.value for scalar in events.Scalars("validation/AP50")] == [0.5]


# Checkpoints


def test_a_checkpoint_appears_whole_or_not_at_all() -> None:
    writer = RunWriter(new_run())
    writer.checkpoint(1, write_checkpoint_files, keep=5)

    def break_off(folder: Path) -> None:
        (folder / MODEL_FILE).write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        writer.checkpoint(2, break_off, keep=5)
    assert [checkpoint.step for checkpoint in writer.run.checkpoints()] == [1]
    assert writer.run.latest_checkpoint().can_resume
    assert [item.name for item in (writer.run.folder / "checkpoints").iterdir()] == ["step-000001"]


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
        writer.checkpoint(step, write_checkpoint_files, keep=4)
    checkpoints = writer.run.checkpoints()
    assert len(checkpoints) == 4
    assert checkpoints[-1].step == 100
    assert checkpoints[0].step <= 40
    assert [item.can_resume for item in checkpoints] == [False, False, False, True]


def test_a_checkpoint_that_a_kill_interrupts_while_it_goes_is_listed_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writer = RunWriter(new_run())
    for step in (1, 2):
        writer.checkpoint(step, write_checkpoint_files, keep=2)
    remove = shutil.rmtree

    def be_killed(folder: Path, **options: object) -> None:
        if not options:
            (folder / MODEL_FILE).unlink()
            raise KeyboardInterrupt
        remove(folder, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", be_killed)
        with pytest.raises(KeyboardInterrupt):
            writer.checkpoint(3, write_checkpoint_files, keep=2)
    left = writer.run.checkpoints()
    assert [item.step for item in left] == [2, 3]
    assert all(item.model_file.exists() for item in left)
    RunWriter(writer.run)
    folders = (writer.run.folder / "checkpoints").iterdir()
    assert sorted(folder.name for folder in folders) == ["step-000002", "step-000003"]


# Deletion and renaming


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
    empty_trash()
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


def test_an_active_run_is_neither_deleted_nor_renamed() -> None:
    run = new_run()
    hold_lock(run)
    for state in ("running", "stopped"):  # its process may be about to resume it
        write_status(run.folder, RunStatus(state=state))
        with pytest.raises(RunError, match="still going"):
            delete_run(run)
        with pytest.raises(RunError, match="still going"):
            rename_run(run, "other")
    assert run.folder.exists()
