"""Failures of a training run: a NaN loss, a full disk, other data, a bug; what the status says and how it resumes."""

import dataclasses
import errno
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError

from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.errors import CheckpointError, ConfigError, DataError, RunError
from fastrcnn_core.runs.metrics import TensorBoardWriter
from fastrcnn_core.structures import StepReport
from fastrcnn_core.training import Trainer, loop, train
from tests.support.builders import tiny_config
from tests.support.datasets import write_tiny
from tests.support.training import at_step, losses, new_run, train_run, use_one_worker


@pytest.fixture(autouse=True)
def one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worker processes take longer to start than these pictures take."""
    use_one_worker(monkeypatch)


def test_a_run_is_not_trained_with_other_knobs_than_its_own(tiny: Path) -> None:
    run = new_run(tiny)
    with pytest.raises(ConfigError, match="other knobs"):
        train(tiny_config(epochs=1.0), open_dataset(str(tiny)), run)
    assert run.status().state == "failed"


@pytest.mark.parametrize("last", [0, 4])
def test_a_failed_run_promises_an_intact_checkpoint_only_if_there_is_one(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    run = new_run(tiny)

    def full(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    at_step(monkeypatch, last + 1, lambda: full())
    with pytest.raises(RunError, match="disk is full"):
        train_run(run)
    hint = run.status().hint
    assert ("The checkpoint of step 4 is intact" in hint) == bool(last)
    assert ("The run has no checkpoint yet" in hint) == (not last)


def test_a_nan_loss_fails_the_run_and_names_its_images_and_the_last_checkpoint(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(tiny)
    original = Trainer.step

    def spoil(self: Any, pictures: Any, **place: int) -> StepReport:
        if self.steps_done == 6:
            self.model.head.deltas.bias.data.fill_(float("nan"))
        return original(self, pictures, **place)

    monkeypatch.setattr(Trainer, "step", spoil)
    with pytest.raises(RunError, match="tiny"):
        train_run(run)
    status = run.status()
    assert status.state == "failed"
    assert "NaN or infinite loss at step 7" in status.message
    assert "tiny" in status.message
    assert run.latest_checkpoint().step == 4
    assert "The checkpoint of step 4 is intact" in status.hint
    assert torch.isfinite(run.load_model().head.deltas.bias).all()


@pytest.mark.parametrize("where", ["save_checkpoint", "save_file", "append_row"])
def test_a_full_disk_fails_the_run_with_an_intact_checkpoint(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    run = new_run(tiny)

    def fail(*arguments: Any, **named: Any) -> None:
        if where == "save_file":  # as safetensors tells it
            raise SafetensorError(
                "Error while serializing: I/O error: No space left on device (os error 28)"
            )
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    rooms = {"append_row": "fastrcnn_core.runs.writer", "save_file": "safetensors.torch"}
    room = rooms.get(where, loop.__name__)
    at_step(monkeypatch, 6, lambda: monkeypatch.setattr(f"{room}.{where}", fail))
    with pytest.raises(RunError, match="disk is full"):
        train_run(run)
    status = run.status()
    assert (status.state, run.latest_checkpoint().step) == ("failed", 4)
    assert "disk is full" in status.message
    assert "--resume" in status.hint
    assert not list(run.folder.rglob("*.partial*"))
    monkeypatch.undo()


@pytest.mark.parametrize(("step", "state"), [(6, "stopped"), (99, "finished")])
def test_a_disk_that_is_full_for_the_curves_takes_nothing_from_the_last_words(
    tiny: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    step: int,
    state: str,
) -> None:
    run = new_run(tiny)

    def fail(self: TensorBoardWriter) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(TensorBoardWriter, "close", fail)
    at_step(monkeypatch, step, run.request_stop)
    assert train_run(run).state == state
    assert run.status().state == state
    assert "curves for TensorBoard end early" in "".join(capsys.readouterr())


def test_another_fault_of_the_curves_is_not_hidden(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(tiny)

    def fail(self: TensorBoardWriter) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(TensorBoardWriter, "close", fail)
    at_step(monkeypatch, 6, run.request_stop)
    with pytest.raises(ZeroDivisionError):
        train_run(run)
    assert run.status().state == "stopped"


def test_after_the_disk_was_full_the_run_goes_on(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uninterrupted = new_run(tiny, name="uninterrupted")
    train_run(uninterrupted)
    run = new_run(tiny)

    def fail(*arguments: Any, **named: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        at_step(patch, 6, lambda: patch.setattr(loop, "save_state", fail))
        with pytest.raises(RunError):
            train_run(run)
    assert train_run(run).state == "finished"
    assert losses(run) == losses(uninterrupted)


@pytest.mark.parametrize("last", [3, 9])
def test_a_checkpoint_that_was_not_validated_is_validated_when_the_run_resumes(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    config = tiny_config()
    kept_out = dataclasses.replace(config.training, validation_share=0.25)
    run = new_run(tiny, dataclasses.replace(config, training=kept_out))

    def die(*arguments: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        at_step(patch, last, lambda: patch.setattr(loop, "_evaluate", die))
        with pytest.raises(ZeroDivisionError):
            train_run(run)
    train_run(run)
    judged = run.validation()["step"]
    assert last in judged
    assert judged == sorted(set(judged))


def test_a_bug_is_in_the_status_too(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = new_run(tiny)

    def explode() -> None:
        raise ZeroDivisionError("ours")

    at_step(monkeypatch, 1, explode)
    with pytest.raises(ZeroDivisionError):
        train_run(run)
    assert run.status().state == "failed"
    assert "ZeroDivisionError: ours" in run.status().message


def test_a_data_set_without_people_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    run = new_run(write_tiny(tmp_path / "empty", people=0))
    with pytest.raises(DataError, match="no ground-truth box"):
        train_run(run)
    assert run.status().state == "failed"


def test_a_run_does_not_go_on_with_other_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_tiny(tmp_path / "data")
    run = new_run(data)
    with monkeypatch.context() as patch:
        at_step(patch, 6, run.request_stop)
        train_run(run)
    write_tiny(tmp_path / "data", people=2)
    with pytest.raises(DataError, match="not the one"):
        train_run(run)


def test_a_run_does_not_go_on_with_other_classes(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(tiny)
    with monkeypatch.context() as patch:
        at_step(patch, 6, run.request_stop)
        train_run(run)
    dataset = open_dataset(str(tiny))
    object.__setattr__(dataset, "classes", ("dog", "cat"))
    with pytest.raises(CheckpointError, match="classes"):
        train(run.config(), dataset, run)


def test_a_run_that_failed_before_its_first_checkpoint_begins_again(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(tiny)

    def explode() -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        at_step(patch, 2, explode)
        with pytest.raises(ZeroDivisionError):
            train_run(run)
    assert train_run(run).state == "finished"
    assert run.metrics()["step"] == list(range(1, 13))
