"""Proposals of a whole data set: nothing is computed twice, and nothing that one picture does ends the run."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import joblib
import numpy as np
import psutil
import pytest

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.errors import ConfigError, StorageError, UserError
from fastrcnn_core.proposals import (
    BatchReport,
    ProposalOutcome,
    ProposalStore,
    propose,
    propose_all,
)
from fastrcnn_core.structures import AnnotatedImage, Image
from tests.support.datasets import write_tiny

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ProposalConfig(method="single", min_side=8, limit=50)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return open_dataset(str(write_tiny(tmp_path_factory.mktemp("tiny"), count=6)))


@pytest.fixture
def proposal_store(tmp_path: Path) -> ProposalStore:
    return ProposalStore(tmp_path / "proposals")


@pytest.fixture
def workers_end() -> Iterator[None]:
    """End the processes that loky keeps for the next call."""
    yield
    joblib.externals.loky.get_reusable_executor().shutdown(wait=True, kill_workers=True)


def expect_all_right(outcomes: list[ProposalOutcome], report: BatchReport, tiny: Dataset) -> None:
    assert report == BatchReport(done=6, cached=0, problems=(), is_complete=True)
    assert [outcome.name for outcome in outcomes] == list(tiny.names)
    for outcome in outcomes:
        image = tiny.read(outcome.name).image
        assert (outcome.height, outcome.width) == (image.height, image.width)
        np.testing.assert_array_equal(outcome.boxes, propose(image, CONFIG))


def collected(outcomes: list[ProposalOutcome]) -> Callable[[int, ProposalOutcome], None]:
    def collect(done: int, outcome: ProposalOutcome) -> None:
        outcomes.append(outcome)
        assert done == len(outcomes)

    return collect


# One machine


@pytest.mark.parametrize(("backend", "workers"), [("threading", 1), ("threading", 2), ("loky", 2)])
@pytest.mark.usefixtures("workers_end")
def test_outcomes_come_in_the_order_of_the_names_whoever_does_the_work(
    backend: str, workers: int, tiny: Dataset, proposal_store: ProposalStore
) -> None:
    outcomes: list[ProposalOutcome] = []
    report = propose_all(
        tiny.names,
        tiny.read,
        CONFIG,
        proposal_store,
        workers=workers,
        backend=backend,
        on_outcome=collected(outcomes),
    )
    expect_all_right(outcomes, report, tiny)
    assert len(list(proposal_store.folder.iterdir())) == 6


def test_no_pictures_at_all_are_a_complete_run(
    tiny: Dataset, proposal_store: ProposalStore
) -> None:
    report = propose_all([], tiny.read, CONFIG, proposal_store)
    assert report == BatchReport(done=0, cached=0, problems=(), is_complete=True)


def test_after_a_stop_the_same_call_goes_on_and_computes_nothing_twice(
    tiny: Dataset, proposal_store: ProposalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[str] = []

    def counted(image, config):  # type: ignore[no-untyped-def]
        searched.append(image.name)
        return propose(image, config)

    monkeypatch.setattr("fastrcnn_core.proposals.store.propose", counted)
    outcomes: list[ProposalOutcome] = []
    stopped = propose_all(
        tiny.names,
        tiny.read,
        CONFIG,
        proposal_store,
        on_outcome=collected(outcomes),
        should_stop=lambda: len(outcomes) == 2,
    )
    assert stopped == BatchReport(done=2, cached=0, problems=(), is_complete=False)
    again: list[ProposalOutcome] = []
    resumed = propose_all(
        tiny.names, tiny.read, CONFIG, proposal_store, on_outcome=collected(again)
    )
    assert resumed.is_complete
    assert resumed.done == 6
    assert [outcome.was_cached for outcome in again] == [True, True, False, False, False, False]
    assert sorted(searched) == sorted(tiny.names)


@pytest.mark.usefixtures("workers_end")
def test_a_stop_with_two_processes_loses_no_more_than_what_they_had_in_hand(
    tiny: Dataset, proposal_store: ProposalStore
) -> None:
    stopped = propose_all(
        tiny.names, tiny.read, CONFIG, proposal_store, workers=2, should_stop=lambda: True
    )
    assert stopped == BatchReport(done=1, cached=0, problems=(), is_complete=False)
    resumed = propose_all(tiny.names, tiny.read, CONFIG, proposal_store)
    assert (resumed.done, resumed.is_complete) == (6, True)
    assert resumed.cached >= 1


class Troubled:
    """A data set of which one picture raises whatever it is told to."""

    def __init__(self, data: Dataset, name: str, error: Exception) -> None:
        self.data, self.name, self.error = data, name, error

    def read(self, name: str) -> AnnotatedImage:
        if name == self.name:
            raise self.error
        return self.data.read(name)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            UserError("tiny03 is damaged.", hint="Get it again."),
            "tiny03 is damaged. Get it again.",
        ),
        (ZeroDivisionError("unexpected"), "ZeroDivisionError: unexpected"),
        (MemoryError("too big"), "MemoryError: too big"),
    ],
    ids=lambda child: type(child).__name__,
)
def test_a_bad_picture_is_reported_and_the_others_are_searched(
    error: Exception, message: str, tiny: Dataset, proposal_store: ProposalStore
) -> None:
    outcomes: list[ProposalOutcome] = []
    report = propose_all(
        tiny.names,
        Troubled(tiny, "tiny03", error).read,
        CONFIG,
        proposal_store,
        on_outcome=collected(outcomes),
    )
    assert report == BatchReport(
        done=5, cached=0, problems=(("tiny03", message),), is_complete=True
    )
    bad = outcomes[3]
    assert (bad.name, bad.boxes, bad.problem, bad.height) == ("tiny03", None, message, 0)


class Deadly(Troubled):
    """A data set that kills the process that reads one picture, as the operating system does when memory runs out."""

    def read(self, name: str) -> AnnotatedImage:
        if name == self.name:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.data.read(name)


@pytest.mark.usefixtures("workers_end")
def test_a_workers_death_is_told_in_words_with_a_way_out(
    tiny: Dataset, proposal_store: ProposalStore
) -> None:
    load = Deadly(tiny, "tiny02", Exception()).read
    with pytest.raises(UserError, match="killed, most likely for want of memory") as message:
        propose_all(tiny.names, load, CONFIG, proposal_store, workers=2)
    assert "fewer workers" in message.value.hint


class Full(ProposalStore):
    """A store that cannot be written to once it holds two pictures."""

    def _path(self, image: Image, config: ProposalConfig) -> Path:
        path, stored = super()._path(image, config), list(self.folder.glob("[!.]*.npy"))
        return path if path.exists() or len(stored) < 2 else stored[0] / "a file is no folder.npy"


@pytest.mark.parametrize(("backend", "workers"), [("threading", 1), ("loky", 2)])
@pytest.mark.usefixtures("workers_end")
def test_a_full_disk_ends_the_run_at_once_and_the_same_call_goes_on_when_there_is_room(
    backend: str, workers: int, tiny: Dataset, proposal_store: ProposalStore
) -> None:
    outcomes: list[ProposalOutcome] = []
    with pytest.raises(StorageError, match=r"cannot be kept in .*proposals \(.*FASTRCNN_CACHE"):
        propose_all(
            tiny.names,
            tiny.read,
            CONFIG,
            Full(proposal_store.folder),
            workers=workers,
            backend=backend,
            on_outcome=collected(outcomes),
        )
    assert len(outcomes) <= 3  # two processes may both have seen room for one more
    assert all(outcome.problem is None for outcome in outcomes)
    report = propose_all(tiny.names, tiny.read, CONFIG, proposal_store)
    assert (report.done, report.is_complete) == (6, True)
    assert report.cached >= 2


# Ctrl-C


def interrupted(
    folder: Path, cache: Path, number: signal.Signals, *words: str
) -> tuple[int, str, int]:
    """Interrupt a `propose` command as a terminal does: exit code, stderr, number of stored pictures."""
    command = [sys.executable, "-m", "fastrcnn_core", "propose", "--data", str(folder), *words]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "FASTRCNN_CACHE": str(cache)},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and len(list((cache / "proposals").glob("[!.]*.npy"))) < 2:
        time.sleep(0.01)
    os.killpg(process.pid, number)  # a terminal's Ctrl-C reaches every process
    _, message = process.communicate(timeout=120)
    return process.returncode, message, len(list((cache / "proposals").iterdir()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_between_two_pictures_and_the_same_command_goes_on(
    number: signal.Signals, tmp_path: Path
) -> None:
    folder, cache = write_tiny(tmp_path / "data", count=150), tmp_path / "cache"
    out = tmp_path / "boxes.json"
    words = ("--method", "quality", "--workers", "2", "--out", str(out))
    code, message, count = interrupted(folder, cache, number, *words)
    assert code == 128 + number
    assert message.strip().count("\n") == 0
    assert message.startswith(f"Stopped by {number.name} after ")
    assert "of 150 images. The same command continues from there." in message
    assert 2 <= count < 150
    assert not out.exists()
    store, config = ProposalStore(cache / "proposals"), ProposalConfig(method="quality")
    data = open_dataset(str(folder))
    stored = [store.look_up(data.read(name).image, config) is not None for name in data.names]
    assert sum(stored) == count  # every file is whole


@pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL elsewhere")
def test_workers_end_when_the_command_is_killed(tmp_path: Path) -> None:
    folder, cache = write_tiny(tmp_path / "data", count=150), tmp_path / "cache"
    command = [sys.executable, "-m", "fastrcnn_core", "propose", "--data", str(folder)]
    process = subprocess.Popen(
        [*command, "--method", "quality", "--workers", "2", "--out", str(tmp_path / "boxes.json")],
        cwd=ROOT,
        env={**os.environ, "FASTRCNN_CACHE": str(cache)},
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and len(list((cache / "proposals").glob("[!.]*.npy"))) < 2:
        time.sleep(0.01)
    family = psutil.Process(process.pid).children(recursive=True)
    workers = [child for child in family if "popen_loky_posix" in " ".join(child.cmdline())]
    assert len(workers) == 2
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=60)
    for worker in alive:
        worker.kill()
    assert not alive


# Clusters


@pytest.fixture(scope="module")
def cluster_address() -> Iterator[str]:
    """Start a Dask cluster with two workers in processes of their own."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


def test_a_dask_cluster_named_by_its_address_does_the_work(
    cluster_address: str, tiny: Dataset, proposal_store: ProposalStore
) -> None:
    outcomes: list[ProposalOutcome] = []
    report = propose_all(
        tiny.names,
        tiny.read,
        CONFIG,
        proposal_store,
        backend="dask",
        scheduler=cluster_address,
        on_outcome=collected(outcomes),
    )
    expect_all_right(outcomes, report, tiny)
    assert propose_all(tiny.names, tiny.read, CONFIG, proposal_store).cached == 6


def test_a_bad_picture_does_not_end_a_run_on_a_cluster(
    cluster_address: str, tmp_path: Path, proposal_store: ProposalStore
) -> None:
    data = open_dataset(str(write_tiny(tmp_path / "data", count=4)))
    (tmp_path / "data" / "PNGImages" / "tiny01.png").write_bytes(b"no picture")
    address = cluster_address.removeprefix("tcp://")  # as people write it
    report = propose_all(
        data.names, data.read, CONFIG, proposal_store, backend="dask", scheduler=address
    )
    assert (report.done, report.is_complete) == (3, True)
    ((name, message),) = report.problems
    assert name == "tiny01"
    assert "tiny01" in message


def test_without_an_address_dask_starts_workers_on_this_machine_and_ends_them(
    tmp_path: Path,
) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")
    folder = write_tiny(tmp_path / "data", count=3)
    words = ["--data", str(folder), "--method", "single", "--backend", "dask", "--workers", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "fastrcnn_core", "propose", *words],
        cwd=ROOT,
        env={**os.environ, "FASTRCNN_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "images     3, of which 0 were cached" in done.stdout


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "127.0.0.1:1", "no address", "foo://x:1"])
def test_an_address_at_which_no_scheduler_answers_is_told_in_words(
    address: str, tiny: Dataset, proposal_store: ProposalStore
) -> None:
    pytest.importorskip("distributed", reason="Dask is not installed")
    with pytest.raises(UserError, match=r"No Dask scheduler answers at .* Start one"):
        propose_all(
            tiny.names, tiny.read, CONFIG, proposal_store, backend="dask", scheduler=address
        )


def test_a_cluster_without_workers_is_told_in_words(
    tiny: Dataset, proposal_store: ProposalStore
) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    with (
        distributed.LocalCluster(
            n_workers=0, processes=False, dashboard_address=":0", protocol="tcp://"
        ) as cluster,
        pytest.raises(UserError, match=r"has no workers\. Start some with `dask worker tcp://"),
    ):
        propose_all(
            tiny.names,
            tiny.read,
            CONFIG,
            proposal_store,
            backend="dask",
            scheduler=cluster.scheduler_address,
        )


@pytest.mark.parametrize("package", ["ray", "distributed"])
def test_a_cluster_package_that_is_not_installed_is_told_with_the_command_that_installs_it(
    package: str, tiny: Dataset, proposal_store: ProposalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not there
    backend = {"ray": "ray", "distributed": "dask"}[package]
    with pytest.raises(UserError, match=f"{backend}.* is not installed") as message:
        propose_all(tiny.names, tiny.read, CONFIG, proposal_store, backend=backend)
    assert "pip install" in message.value.hint


def test_an_unknown_backend_is_told_with_those_that_there_are(
    tiny: Dataset, proposal_store: ProposalStore
) -> None:
    with pytest.raises(ConfigError, match=r"no backend 'spark'\. Take one of loky, threading"):
        propose_all(tiny.names, tiny.read, CONFIG, proposal_store, backend="spark")
