"""Cost estimate of a run: measured on an image or two, and extrapolated."""

import dataclasses
from pathlib import Path

import pytest

from fastrcnn_core.__main__ import main
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.errors import DataError, RunError
from fastrcnn_core.flags import to_arguments
from fastrcnn_core.runs import estimate_run
from fastrcnn_core.runs.cost_estimate import Measured, Workload, extrapolate, read_estimate
from fastrcnn_core.runs.writer import create_run
from fastrcnn_core.training import cost_estimate, setup
from fastrcnn_core.training.cost_estimate import estimate_cost
from tests.support.builders import tiny_config
from tests.support.datasets import write_tiny
from tests.support.training import train_run

MEASURED = Measured(
    starting=3.0,
    reading=0.01,
    first_search=1.0,
    search=0.5,
    view=0.25,
    step=0.125,
    judged=0.2,
    checkpoint=0.75,
    memory=1000,
    device_memory=None,
    view_bytes=10,
    picture_bytes=7,
    device="CPU, 2 threads",
)
WORK = Workload(
    pictures=100,
    searches=80,
    workers=2,
    views=40,
    steps=600,
    judged=60,
    checkpoints=6,
    held_views=30,
    held_pictures=98,
    most_view_bytes=200,
    most_picture_bytes=10_000,
)


def test_each_part_is_one_of_it_times_how_often_it_is_done() -> None:
    estimate = extrapolate(MEASURED, WORK)
    assert estimate.seconds == {
        "starting": 3.0 + 2 * 100 * 0.01,
        "proposals": 1.0 + 80 * 0.5 / 2,
        "features": 40 * 0.25,
        "steps": 600 * 0.125,
        "validation": 60 * 0.2,
        "checkpoints": 6 * 0.75,
    }
    assert estimate.total_seconds == 5.0 + 21.0 + 10.0 + 75.0 + 12.0 + 4.5


def test_memory_grows_with_what_the_run_remembers_until_it_begins_to_forget() -> None:
    assert extrapolate(MEASURED, WORK).memory_bytes == 1000 + 200 + 98 * 7
    few = dataclasses.replace(WORK, held_views=3)
    assert extrapolate(MEASURED, few).memory_bytes == 1000 + 3 * 10 + 98 * 7


def test_the_probe_counts_the_work_of_the_run_that_would_follow(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (setup, cost_estimate):
        monkeypatch.setattr(module, "worker_count", lambda tasks: 1)
    config, dataset = tiny_config(validation=0.25), open_dataset(str(tiny))
    counted: list[Workload] = []

    def keep(measured: Measured, work: Workload) -> object:
        counted.append(work)
        return extrapolate(measured, work)

    monkeypatch.setattr(cost_estimate, "extrapolate", keep)
    before = estimate_cost(config, dataset)
    run = create_run("run", config=config, data=str(tiny), preset="paper")
    train_run(run)
    assert before.steps == run.status().total_steps == 9
    assert counted[0].checkpoints == len(run.validation()["step"]) == 3
    assert counted[0].judged == 3 * 2
    assert (counted[0].searches, counted[0].views) == (8, 12)
    assert min(before.seconds.values()) > 0
    after = estimate_cost(config, dataset)
    assert (counted[1].searches, counted[1].views) == (0, 0)
    assert after.seconds["proposals"] == after.seconds["features"] == 0


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
    estimate = read_estimate(file)
    assert list(estimate.seconds) == list(extrapolate(MEASURED, WORK).seconds)
    printed = capsys.readouterr().out
    assert f"{estimate.total_seconds:.1f} s, 12 steps" in printed
    assert estimate.device in printed


@pytest.mark.slow
def test_the_app_asks_in_a_process_of_its_own_and_hears_why_not(tiny: Path) -> None:
    assert estimate_run(tiny_config(), data=str(tiny)).steps == 12
    with pytest.raises(RunError, match="could not begin like that"):
        estimate_run(tiny_config(), data=str(tiny / "nowhere"))
