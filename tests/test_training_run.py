"""Training runs on a tiny data set: they finish, stop, pause, fail and resume; the run's folder has their status."""

import dataclasses
import os
import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
import torch

from fastrcnn_core.__main__ import main
from fastrcnn_core.config import Config, OptimiserConfig
from fastrcnn_core.detector import Detector
from fastrcnn_core.errors import RunError
from fastrcnn_core.evaluation import inference
from fastrcnn_core.runs import find_run, resume_run, start_run
from fastrcnn_core.runs.control import QueueLock
from fastrcnn_core.runs.writer import RunWriter
from fastrcnn_core.training import loop, run_control
from tests.support.builders import tiny_config, wait_until
from tests.support.datasets import write_tiny
from tests.support.training import at_step, losses, new_run, train_run, use_one_worker


@pytest.fixture(autouse=True)
def one_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worker processes take longer to start than these pictures take."""
    use_one_worker(monkeypatch)


def test_a_run_finishes_and_leaves_everything_a_later_reader_needs(tiny: Path) -> None:
    run = new_run(tiny)
    assert train_run(run).state == "finished"
    status = run.status()
    assert (status.state, status.step, status.total_steps) == ("finished", 12, 12)
    assert [saved.step for saved in run.checkpoints()] == [4, 8, 12]
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
    trained = {name for names in run.metrics()["images"] for name in names}
    data = run.environment()["data"]
    assert trained == set(data["train"])
    assert len(data["validation"]) == 2
    assert not trained & set(data["validation"] + data["test"])


def test_a_stopped_run_goes_on_as_if_nothing_had_happened(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uninterrupted = new_run(tiny, tiny_config(stages=1), name="uninterrupted")
    train_run(uninterrupted)
    broken = new_run(tiny, tiny_config(stages=1), name="broken")
    with monkeypatch.context() as patch:
        at_step(patch, 6, broken.request_stop)
        assert train_run(broken).state == "stopped"
    assert (broken.status().state, broken.status().step) == ("stopped", 6)
    assert broken.latest_checkpoint().step == 6
    assert train_run(broken).state == "finished"
    assert broken.metrics()["images"] == uninterrupted.metrics()["images"]
    assert losses(broken) == losses(uninterrupted)
    ends = [run.load_model().weights_key for run in (broken, uninterrupted)]
    assert ends[0] == ends[1]


def test_a_resumed_run_that_is_stopped_in_the_queue_has_not_forgotten_its_steps(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(tiny)
    with monkeypatch.context() as patch:
        at_step(patch, 3, run.request_stop)
        train_run(run)
    queue = QueueLock(run.folder.parent)
    assert queue.acquire()
    watch = SimpleNamespace(sleep=lambda _: run.request_stop(), monotonic=time.monotonic)
    monkeypatch.setattr(run_control, "time", watch)
    train_run(run)
    queue.release()
    status = run.status()
    assert (status.state, status.step, status.total_steps) == ("stopped", 3, 12)
    assert "after step 3" in status.message


def test_a_stopped_run_with_all_knobs_goes_on_as_if_nothing_had_happened(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = every_knob(tiny_config(stages=1))
    uninterrupted, broken = (
        new_run(tiny, config, name=name) for name in ("uninterrupted", "broken")
    )
    train_run(uninterrupted)
    with monkeypatch.context() as patch:
        at_step(patch, 6, broken.request_stop)
        assert train_run(broken).state == "stopped"
    assert train_run(broken).state == "finished"
    assert losses(broken) == losses(uninterrupted)
    ends = [run.load_model().weights_key for run in (broken, uninterrupted)]
    assert ends[0] == ends[1]


def test_the_ema_of_the_weights_is_saved_and_validated(
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
    """Switch on what a step can do besides the defaults."""
    return dataclasses.replace(
        config,
        optimiser=OptimiserConfig(learning_rate=0.01, schedule="cosine", backbone_rate=0.2),
        training=dataclasses.replace(config.training, average=0.9, jitter=0.3, colour_jitter=0.2),
    )


def test_a_paused_run_lets_others_compute(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = new_run(tiny)
    states: list[str] = []
    clock = [0.0]
    at_step(monkeypatch, 5, run.request_pause)

    def wake_up(seconds: float) -> None:
        states.append(run.status().state)
        clock[0] += 1000.0
        if len(states) == 1:
            waiting = new_run(tiny, name="waiting")
            with monkeypatch.context() as patch:
                patch.setattr(loop, "GracefulShutdown", _NoSignals)
                assert train_run(waiting).state == "finished"
        run.request_continue()

    monkeypatch.setattr(
        run_control, "time", SimpleNamespace(sleep=wake_up, monotonic=lambda: clock[0])
    )
    assert train_run(run).state == "finished"
    assert states == ["paused"]
    status = run.status()
    assert status.state == "finished"
    assert status.paused_seconds == 1000.0
    assert dataclasses.replace(status, updated=status.started + 1007).seconds == 7.0


class _NoSignals:
    received = None

    def __enter__(self) -> "_NoSignals":
        return self

    def __exit__(self, *details: object) -> None: ...


@pytest.mark.parametrize(("number", "error"), [(2, KeyboardInterrupt), (15, SystemExit)])
def test_a_signal_stops_the_run_with_a_checkpoint_and_pythons_own_exception(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[BaseException]
) -> None:
    run = new_run(tiny)
    at_step(monkeypatch, 2, lambda: os.kill(os.getpid(), number))
    with pytest.raises(error) as raised:
        train_run(run)
    assert number == signal.SIGINT or raised.value.args == (143,)
    assert (run.status().state, run.latest_checkpoint().step) == ("stopped", 2)


def test_the_command_exits_with_130_after_ctrl_c(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = new_run(tiny)
    at_step(monkeypatch, 2, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert main(["train", "--run", run.name, "--resume"]) == 130
    assert "stopped at step 2 of 12" in capsys.readouterr().out


def test_a_run_trains_outside_the_main_thread(tiny: Path) -> None:
    run = new_run(tiny, tiny_config(epochs=0.5))
    thread = threading.Thread(target=train_run, args=(run,))
    thread.start()
    thread.join()
    assert run.status().state == "finished"


def test_the_status_counts_proposals_features_and_validation_images_with_the_time_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal, as in the app's process."""
    stages: dict[str, float | None] = {}
    update = RunWriter.update

    def record(self: RunWriter, **changes: Any) -> None:
        update(self, **changes)
        stages[self.status.activity] = self.status.seconds_left

    monkeypatch.setattr(RunWriter, "update", record)
    config = tiny_config(epochs=0.5, validation=0.5)
    assert train_run(new_run(write_tiny(tmp_path / "data", count=15), config)).state == "finished"
    for stage in ("proposals {}/12", "features {}/12", "validating, picture {} of 6"):
        counts = range(int(stage.split()[-1].split("/")[-1]) + 1)
        assert {stage.format(count) for count in counts} <= stages.keys()
        assert stages[stage.format(1)] is None
        assert stages[stage.format(5)] is not None


@pytest.mark.slow
def test_killed_at_any_moment_it_resumes_where_its_checkpoint_was(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the app does it: a process of its own, from any folder, killed without a chance to say anything."""
    config = tiny_config(epochs=16.0)
    training = dataclasses.replace(config.training, average=0.9)
    config = dataclasses.replace(config, training=training)
    monkeypatch.chdir(tmp_path)
    uninterrupted = start_run(config, name="uninterrupted", data=str(tiny))
    killed = start_run(config, name="killed", data=str(tiny))
    assert uninterrupted.status().is_active
    wait_until(lambda: len(killed.checkpoints()) >= 2)
    process = psutil.Process(killed.status().process)
    assert process.pid != os.getpid()
    process.kill()
    wait_until(lambda: killed.status().state == "crashed")
    assert killed.status().step < 64
    resume_run(killed)
    with pytest.raises(RunError, match=r"is queued|is preparing|is running"):
        resume_run(killed)
    for run in (uninterrupted, killed):
        wait_until(lambda run=run: not run.status().is_active, seconds=300)  # type: ignore[misc]
        assert run.status().state == "finished", run.log()
    assert killed.metrics()["step"] == list(range(1, 65))
    assert losses(find_run("killed")) == losses(uninterrupted)
    assert killed.load_model().weights_key == uninterrupted.load_model().weights_key
