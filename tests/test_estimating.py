"""Cost estimate of a run: measured on an image or two, and extrapolated."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fastrcnn_core.__main__ import main
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.errors import DataError, RunError
from fastrcnn_core.flags import to_arguments
from fastrcnn_core.runs import Estimate, estimate_run
from fastrcnn_core.runs.writer import create_run
from fastrcnn_core.training import probe, setup
from fastrcnn_core.training.probe import Work, estimate_cost
from fastrcnn_core.training.setup import TrainingSplit
from tests.support.builders import tiny_config
from tests.support.datasets import write_tiny
from tests.support.training import train_run


def test_the_probe_counts_the_work_of_the_run_that_would_follow(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (setup, probe):
        monkeypatch.setattr(module, "worker_count", lambda tasks: 1)
    config, dataset = tiny_config(validation=0.25), open_dataset(str(tiny))
    counted: list[Work] = []

    def keep(*arguments: Any) -> Work:
        counted.append(count_work(*arguments))
        return counted[-1]

    count_work = probe.count_work
    monkeypatch.setattr(probe, "count_work", keep)
    before = estimate_cost(config, dataset)
    run = create_run("run", config=config, data=str(tiny), preset="paper")
    train_run(run)
    assert before.steps == run.status().total_steps == 9
    assert counted[0].checkpoints == len(run.validation()["step"]) == 3
    assert counted[0].validated == 3 * 2
    assert (counted[0].searches, counted[0].features) == (8, 12)
    assert min(before.seconds.values()) > 0
    after = estimate_cost(config, dataset)
    assert (counted[1].searches, counted[1].features) == (0, 0)
    assert after.seconds["proposals"] == after.seconds["features"] == 0


def test_each_part_is_one_of_it_times_how_often_it_is_done(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half_a_second(call: Callable[[], Any]) -> tuple[float, Any]:
        return 0.5, call()

    monkeypatch.setattr(probe, "worker_count", lambda tasks: 2)
    monkeypatch.setattr(probe, "_timed", half_a_second)
    seconds = estimate_cost(tiny_config(validation=0.25), open_dataset(str(tiny))).seconds
    assert seconds.pop("starting") > 0.5  # its process has started, and 8 images are read twice
    assert seconds == {
        "proposals": 8 * 0.5 / 2,
        "features": 12 * 0.5,
        "steps": 9 * 0.5,
        "validation": 3 * 2 * 0.5 / 2,  # two images are timed together
        "checkpoints": 3 * 0.5,
    }


def test_memory_grows_with_what_the_run_remembers_until_it_begins_to_forget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pixels, maps = np.zeros(7, np.uint8), SimpleNamespace(bytes_in_memory=lambda: 20)
    example = [SimpleNamespace(image=SimpleNamespace(pixels=pixels))]
    loader: Any = SimpleNamespace(get=lambda name: example)
    trainer: Any = SimpleNamespace(features=maps)
    split = TrainingSplit(("name",) * 32, ("name",) * 68)
    assert probe.later_bytes(trainer, loader, split, ["a", "b"]) == 98 * 7 + 30 * 10
    monkeypatch.setattr(probe, "FEATURE_BYTES", 200)
    assert probe.later_bytes(trainer, loader, split, ["a", "b"]) == 98 * 7 + 200


def test_a_network_that_trains_throughout_remembers_no_features(tiny: Path) -> None:
    estimate = estimate_cost(tiny_config(stages=6), open_dataset(str(tiny)))
    assert estimate.seconds["features"] == 0
    assert estimate.seconds["validation"] == 0
    assert estimate.memory_bytes > 2**27  # PyTorch alone takes more


def test_the_probe_refuses_what_the_run_would_refuse(tmp_path: Path) -> None:
    data = write_tiny(tmp_path / "empty", people=0)
    with pytest.raises(DataError, match="no ground-truth box"):
        estimate_cost(tiny_config(), open_dataset(str(data)))


def test_the_command_prints_the_parts_and_writes_what_the_app_reads(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "estimate.json"
    words = ["estimate", "--data", str(tiny), "--json", str(file), *to_arguments(tiny_config())]
    assert main(words) == 0
    estimate = Estimate(**json.loads(file.read_text()))
    printed = capsys.readouterr().out
    assert f"{estimate.total_seconds:.1f} s, 12 steps" in printed
    assert estimate.device in printed


@pytest.mark.slow
def test_the_app_asks_in_a_process_of_its_own_and_hears_why_not(tiny: Path) -> None:
    assert estimate_run(tiny_config(), data=str(tiny)).steps == 12
    with pytest.raises(RunError, match="could not begin like that"):
        estimate_run(tiny_config(), data=str(tiny / "nowhere"))
