"""Distributed training: the losses of a single process, one writer of the run's folder, one end for all."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch

from fastrcnn_core.config import Config
from fastrcnn_core.errors import ConfigError
from fastrcnn_core.flags import to_arguments
from fastrcnn_core.runs import Run, run_path
from fastrcnn_core.runs.writer import create_run
from fastrcnn_core.training.distributed import SINGLE_PROCESS, ProcessGroup, expect_enough_images
from tests.support.builders import tiny_config
from tests.support.training import train_run, use_one_worker

ROOT = Path(__file__).resolve().parents[1]


def with_three_pictures(config: Config) -> Config:
    """Train on shards of one and two images, with dropout: whatever depends on the rank would show."""
    return replace(
        config,
        sampling=replace(config.sampling, images_per_step=3),
        model=replace(config.model, dropout=0.5),
    )


@contextmanager
def two_processes(log: Path, *words: str) -> Iterator[psutil.Popen]:
    """`torchrun` with a `train` command; none of its processes outlives the block."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    process = psutil.Popen(
        [*command, "-m", "fastrcnn_core", "train", *words],
        cwd=ROOT,
        stdout=log.open("w"),
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        for child in [*process.children(recursive=True), process] if process.is_running() else []:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        process.wait()


def wait_for_step(run: Run, step: int, process: psutil.Popen) -> None:
    while not run.folder.exists() or run.status().step < step:
        assert process.poll() is None, "it ended early"
        time.sleep(0.05)


def test_the_shards_of_a_batch_are_disjoint_complete_and_not_empty() -> None:
    shards = [ProcessGroup(rank, 3).shard("abcdefgh") for rank in range(3)]
    assert ["".join(shard) for shard in shards] == ["ab", "cde", "fgh"]
    assert [ProcessGroup(rank, 3).shard_start(8) for rank in range(3)] == [0, 2, 5]
    local = [
        ProcessGroup(rank, 6, local_rank=rank % 2, local_size=2).local_shard("abc")
        for rank in (2, 3)
    ]
    assert ["".join(shard) for shard in local] == ["ac", "b"]


def test_more_processes_than_pictures_in_a_step_are_refused() -> None:
    expect_enough_images(ProcessGroup(0, 2), 2)
    with pytest.raises(ConfigError, match="3 processes cannot share the 2 images"):
        expect_enough_images(ProcessGroup(0, 3), 2)


def test_the_collectives_of_a_single_process_return_its_own_values() -> None:
    weight = torch.ones(3, requires_grad=True)
    loss = weight.sum()
    loss.backward()
    assert SINGLE_PROCESS.all_reduce_gradients(loss, [weight]) == 3
    assert weight.grad is not None
    assert weight.grad.tolist() == [1, 1, 1]
    assert SINGLE_PROCESS.all_gather("value") == ["value"]
    assert SINGLE_PROCESS.broadcast(lambda: "value") == "value"


@pytest.mark.slow
def test_two_processes_stop_and_go_on_together_with_the_losses_of_one(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_one_worker(monkeypatch)
    config = with_three_pictures(tiny_config(epochs=15.0, stages=1, validation=0.25))
    # Sums of a half and of a whole step round apart by more than 1e-3 in bfloat16.
    config = replace(config, training=replace(config.training, mixed_precision=False))
    single = create_run("one", config=config, data=str(tiny), preset="paper")
    train_run(single)
    two = Run(run_path("two"))
    log = tmp_path / "log.txt"
    words = ["--name", "two", "--data", str(tiny), *to_arguments(config)]
    with two_processes(log, *words) as process:
        wait_for_step(two, 5, process)
        two.request_stop()
        assert process.wait() == 0, log.read_text()
    assert two.status().state == "stopped"
    assert two.latest_checkpoint().step == two.status().step < 30
    with two_processes(log, "--name", "two", "--resume") as process:
        assert process.wait() == 0, log.read_text()
    assert log.read_text().count("finished at step 30 of 30") == 1
    assert two.environment()["processes"] == 2
    expected, metrics = single.metrics(), two.metrics()
    for name in ("step", "images", "flipped", "foreground", "background", "learning_rate"):
        assert metrics[name] == expected[name]
    for name in ("loss", "classification_loss", "box_loss", "gradient_norm"):
        assert metrics[name] == pytest.approx(expected[name], rel=1e-3, abs=1e-5)
    assert [saved.step for saved in two.checkpoints()][-1] == 30
    assert two.validation()["AP50"] == pytest.approx(single.validation()["AP50"], abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_when_one_dies_the_other_ends_with_a_sentence_and_the_run_can_go_on(
    tiny: Path, tmp_path: Path, rank: int
) -> None:
    config = with_three_pictures(tiny_config(epochs=1000.0))
    run = Run(run_path("run"))
    log = tmp_path / "log.txt"
    words = ["--name", "run", "--data", str(tiny), *to_arguments(config)]
    with two_processes(log, *words) as process:
        wait_for_step(run, 4, process)
        victims = [
            child for child in process.children() if child.environ().get("RANK") == str(rank)
        ]
        victims[0].kill()
        assert process.wait(timeout=120) != 0
    assert "Another of the processes that train together has ended" in log.read_text()
    assert run.status().state == ("crashed" if rank == 0 else "failed")
    assert "is intact" in run.status().hint or rank == 0
    last = run.latest_checkpoint()
    assert last.can_resume
    assert last.step <= run.metrics()["step"][-1]  # the status is written twice a second only
