"""Whole runs on a tiny data set: they finish, stop, rest, break and go on, and the folder always tells."""

import dataclasses
import errno
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import torch
from safetensors import SafetensorError

from fastrcnn_core.config import Config, OptimiserConfig
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.detector import Detector
from fastrcnn_core.errors import CheckpointError, DataError, RunError
from fastrcnn_core.evaluation import inference
from fastrcnn_core.runs import Run, find_run, resume_run, start_run
from fastrcnn_core.runs.control import QueueLock
from fastrcnn_core.runs.metrics import TensorBoardWriter
from fastrcnn_core.runs.writer import RunWriter, create_run
from fastrcnn_core.structures import StepReport
from fastrcnn_core.training import Trainer, loop, run_control, train
from tests.support.builders import tiny_config, wait_until
from tests.support.datasets import write_tiny
from tests.support.training import train_run, use_one_worker


@pytest.fixture(autouse=True)
def one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worker processes take longer to start than these pictures take."""
    use_one_worker(monkeypatch)


def new_run(data: Path, config: Config | None = None, name: str = "run") -> Run:
    return create_run(name, config=config or tiny_config(), data=str(data), preset="paper")


def at_step(monkeypatch: pytest.MonkeyPatch, step: int, act: Callable[[], None]) -> None:
    """Let something happen when the run has done a step."""
    keep = RunWriter.step

    def keep_and_act(self: RunWriter, report: StepReport) -> None:
        keep(self, report)
        if report.step == step:
            act()

    monkeypatch.setattr(RunWriter, "step", keep_and_act)


def losses(run: Run) -> list[float]:
    return run.metrics()["loss"]


def test_a_run_finishes_and_leaves_everything_a_later_reader_needs(tiny: Path) -> None:
    run = new_run(tiny)
    assert train_run(run).state == "finished"
    status = run.status()
    assert (status.state, status.step, status.total_steps) == ("finished", 12, 12)
    assert [it.step for it in run.checkpoints()] == [4, 8, 12]
    assert run.metrics()["step"] == list(range(1, 13))
    environment = run.environment()
    assert len(environment["data"]["hash"]) == 32
    assert len(environment["data"]["train"]) == 8
    assert environment["libraries"]["torch"] == torch.__version__.split("+")[0]
    assert run.load_model().classes == ("person",)


@pytest.mark.parametrize("mixed", [True, False])
def test_it_learns_to_find_the_bright_boxes(tmp_path: Path, mixed: bool) -> None:
    config = tiny_config(epochs=5.0, validation=0.25)
    config = dataclasses.replace(
        config,
        model=dataclasses.replace(config.model, hidden=64, dropout=0.0),
        sampling=dataclasses.replace(config.sampling, rois_per_image=32),
        training=dataclasses.replace(config.training, mixed_precision=mixed),
    )
    run = new_run(write_tiny(tmp_path / "tiny", count=30), config)
    train_run(run)
    judged, loss = run.validation(), run.metrics()["loss"]
    assert judged["step"] == run.metrics()["step"][8::9]
    assert sum(loss[:9]) > 1.3 * sum(loss[-9:])
    # Not the last: so few pictures are soon learned by heart.
    assert max(judged["AP50"]) > 0.3
    assert 0.5 < judged["proposal_recall_50"][0] <= 1.0


def test_the_validation_part_is_not_trained_on(tiny: Path) -> None:
    run = new_run(tiny, tiny_config(validation=0.25))
    train_run(run)
    seen = {name for names in run.metrics()["images"] for name in names}
    data = run.environment()["data"]
    assert seen == set(data["train"])
    assert len(data["validation"]) == 2
    assert not seen & set(data["validation"] + data["test"])


def test_a_stopped_run_goes_on_as_if_nothing_had_happened(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken = new_run(tiny, tiny_config(stages=1), name="unbroken")
    train_run(unbroken)
    broken = new_run(tiny, tiny_config(stages=1), name="broken")
    with monkeypatch.context() as patch:
        at_step(patch, 6, broken.request_stop)
        assert train_run(broken).state == "stopped"
    assert (broken.status().state, broken.status().step) == ("stopped", 6)
    assert broken.latest_checkpoint().step == 6
    assert train_run(broken).state == "finished"
    assert broken.metrics()["images"] == unbroken.metrics()["images"]
    assert losses(broken) == losses(unbroken)
    ends = [run.load_model().weights_key for run in (broken, unbroken)]
    assert ends[0] == ends[1]


def test_a_resumed_run_that_is_stopped_in_the_queue_has_not_forgotten_its_steps(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(tiny)
    with monkeypatch.context() as patch:
        at_step(patch, 3, run.request_stop)
        train_run(run)
    other = QueueLock(run.folder.parent)
    assert other.acquire()
    watch = SimpleNamespace(sleep=lambda _: run.request_stop(), monotonic=time.monotonic)
    monkeypatch.setattr(run_control, "time", watch)
    train_run(run)
    other.release()
    status = run.status()
    assert (status.state, status.step, status.total_steps) == ("stopped", 3, 12)
    assert "after step 3" in status.message


def test_a_stopped_run_with_all_knobs_goes_on_as_if_nothing_had_happened(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = every_knob(tiny_config(stages=1))
    unbroken, broken = (new_run(tiny, config, name=name) for name in ("unbroken", "broken"))
    train_run(unbroken)
    with monkeypatch.context() as patch:
        at_step(patch, 6, broken.request_stop)
        assert train_run(broken).state == "stopped"
    assert train_run(broken).state == "finished"
    assert losses(broken) == losses(unbroken)
    ends = [run.load_model().weights_key for run in (broken, unbroken)]
    assert ends[0] == ends[1]


def test_what_is_kept_and_judged_is_the_average_of_the_weights(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = []
    run_inference = inference.run_inference

    def watch(detector: Detector, *args: Any, **words: Any) -> Any:
        judged.append(detector.model.weights_key)
        return run_inference(detector, *args, **words)

    monkeypatch.setattr(inference, "run_inference", watch)
    runs = []
    for average in (None, 0.5):
        config = tiny_config(epochs=1.0, validation=0.25)
        training = dataclasses.replace(config.training, average=average)
        run = new_run(tiny, dataclasses.replace(config, training=training), name=f"run {average}")
        train_run(run)
        runs.append(run)
        assert judged[-1] == run.load_model().weights_key
    assert losses(runs[0]) == losses(runs[1])
    assert judged[0] != judged[1]


def every_knob(config: Config) -> Config:
    """All that a step can do besides the defaults."""
    return dataclasses.replace(
        config,
        optimiser=OptimiserConfig(learning_rate=0.01, schedule="cosine", backbone_rate=0.2),
        training=dataclasses.replace(config.training, average=0.9, jitter=0.3, colour_jitter=0.2),
    )


def test_a_run_rests_and_lets_others_compute(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = new_run(tiny)
    seen: list[str] = []
    clock = [0.0]
    at_step(monkeypatch, 5, run.request_pause)

    def wake_up(seconds: float) -> None:
        seen.append(run.status().state)
        clock[0] += 1000.0
        if len(seen) == 1:
            other = new_run(tiny, name="other")
            with monkeypatch.context() as patch:
                patch.setattr(loop, "GracefulShutdown", _NoSignals)
                assert train_run(other).state == "finished"
        run.request_continue()

    monkeypatch.setattr(
        run_control, "time", SimpleNamespace(sleep=wake_up, monotonic=lambda: clock[0])
    )
    assert train_run(run).state == "finished"
    assert seen == ["paused"]
    status = run.status()
    assert status.state == "finished"
    assert status.paused_seconds == 1000.0
    assert dataclasses.replace(status, updated=status.started + 1007).seconds == 7.0


class _NoSignals:
    received = None

    def __enter__(self) -> "_NoSignals":
        return self

    def __exit__(self, *details: object) -> None: ...


def test_ctrl_c_ends_with_a_checkpoint_and_130(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = new_run(tiny)
    at_step(monkeypatch, 2, lambda: os.kill(os.getpid(), signal.SIGINT))
    with pytest.raises(KeyboardInterrupt, match="Stopped by SIGINT after step 2"):
        train_run(run)
    assert (run.status().state, run.latest_checkpoint().step) == ("stopped", 2)


def test_a_loss_that_is_no_number_ends_the_run_with_its_pictures_and_a_checkpoint(
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
    assert "step 7" in status.message
    assert "tiny" in status.message
    assert run.latest_checkpoint().step == 4
    assert torch.isfinite(run.load_model().head.deltas.bias).all()


@pytest.mark.parametrize("where", ["save_checkpoint", "save_file", "append_row"])
def test_a_full_disk_ends_the_run_in_words_with_an_intact_checkpoint(
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
    unbroken = new_run(tiny, name="unbroken")
    train_run(unbroken)
    run = new_run(tiny)

    def fail(*arguments: Any, **named: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        at_step(patch, 6, lambda: patch.setattr(loop, "save_state", fail))
        with pytest.raises(RunError):
            train_run(run)
    assert train_run(run).state == "finished"
    assert losses(run) == losses(unbroken)


@pytest.mark.parametrize("last", [3, 9])
def test_a_checkpoint_that_was_not_judged_any_more_is_judged_when_the_run_goes_on(
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


def test_a_fault_of_ours_is_in_the_status_too(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


@pytest.mark.slow
def test_killed_at_any_moment_it_resumes_where_its_checkpoint_was(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the app does it: a process of its own, from any folder, killed without a chance to say anything."""
    config = tiny_config(epochs=40.0)
    training = dataclasses.replace(config.training, average=0.9)
    config = dataclasses.replace(config, training=training)
    monkeypatch.chdir(tmp_path)
    unbroken = start_run(config, name="unbroken", data=str(tiny))
    killed = start_run(config, name="killed", data=str(tiny))
    assert unbroken.status().is_alive
    wait_until(lambda: len(killed.checkpoints()) >= 2)
    process = psutil.Process(killed.status().process)
    assert process.pid != os.getpid()
    process.kill()
    wait_until(lambda: killed.status().state == "crashed")
    assert killed.status().step < 160
    resume_run(killed)
    with pytest.raises(RunError, match=r"is queued|is preparing|is running"):
        resume_run(killed)
    for run in (unbroken, killed):
        wait_until(lambda run=run: not run.status().is_alive)  # type: ignore[misc]
        assert run.status().state == "finished", run.log()
    assert killed.metrics()["step"] == list(range(1, 161))
    assert losses(find_run("killed")) == losses(unbroken)
    assert killed.load_model().weights_key == unbroken.load_model().weights_key
