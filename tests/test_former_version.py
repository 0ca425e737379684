"""Files and links of the former version (see fixtures/former_version/README.md) are still read by this one."""

import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fastrcnn_core.checkpoints import load_checkpoint, read_card
from fastrcnn_core.config import DetectionConfig, PresetName, preset, stored_config
from fastrcnn_core.detection import predict, select
from fastrcnn_core.images import read_image
from fastrcnn_core.runs import Run, find_run, import_run, list_runs
from fastrcnn_core.training.optimiser import load_state
from tests.support.app import complaints, link, open_app

ARCHIVE = Path(__file__).parent / "fixtures" / "former_version" / "former_version.tar.xz"
WIDGETS = ("slider", "toggle", "selectbox", "text_input", "number_input", "button_group")
RENAMED = {"flip-average": "tta-flip", "zooms": "tta-scales"}  # widgets; links have either name
RENAMED |= {f"train-{former}": f"train-{name}" for former, name in RENAMED.items()}


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("former")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
def runs(former: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the former version's run into a folder of runs."""
    folder = tmp_path / "runs"
    shutil.copytree(former / "runs", folder)
    monkeypatch.setenv("FASTRCNN_RUNS", str(folder))
    return folder


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_its_run_opens_with_everything_in_it(runs: Path) -> None:
    (run,) = list_runs(runs)
    _expect_everything(run)
    status = run.status()
    assert (status.state, status.step, status.total_steps) == ("finished", 5, 5)
    assert [checkpoint.step for checkpoint in run.checkpoints()] == [2, 4, 5]
    assert load_state(run.latest_checkpoint().folder / "trainer.safetensors").step == 5


def test_its_exported_run_is_imported(former: Path) -> None:
    run = import_run(former / "former.zip")
    assert run == find_run("former")
    assert run.local_data() == "synthetic:6:0"
    assert run.status().state == "finished"
    _expect_everything(run)


def _expect_everything(run: Run) -> None:
    config = run.config()
    assert (config.model.hidden, config.model.roi_cells, config.image.shorter_side) == (8, 2, 128)
    assert config.training.epochs == 3.0
    assert (run.settings()["preset"], run.data_setting()) == ("minute", "synthetic:6:0")
    assert run.metrics()["step"] == [1, 2, 3, 4, 5]
    assert None not in run.metrics()["loss"]
    assert run.validation()["AP50"] == pytest.approx([0.0304, 0.0547, 0.0584], abs=1e-4)
    assert len(run.environment()["data"]["train"]) == 3
    assert run.data_hash()
    latest = run.latest_step()
    assert latest is not None
    assert run.saved_steps() == (1, 2, 3, 4, 5)
    assert sum(len(image.labels) for image in run.step(3).images) == 16


def test_its_run_that_was_killed_has_crashed_and_one_that_failed_says_why(runs: Path) -> None:
    run = Run(runs / "former")
    status = read(run.folder / "status.json")
    (run.folder / "status.json").write_text(json.dumps(status | {"state": "running"}))
    assert run.status().state == "crashed"
    message = {
        "state": "failed",
        "message": "The disk is full.",
        "way_out": "Make room.",
        "rested": 2.0,
    }
    (run.folder / "status.json").write_text(json.dumps(status | message))
    assert (run.status().message, run.status().hint) == ("The disk is full.", "Make room.")
    assert run.status().paused_seconds == 2.0


def test_its_checkpoint_detects_the_same(former: Path, runs: Path) -> None:
    expected = read(former / "detections.json")
    file = Run(runs / "former").latest_checkpoint().model_file
    assert (read_card(file)["run"], read_card(file)["step"]) == ("former", 5)
    model = load_checkpoint(file, device=torch.device("cpu"))
    proposals = np.array(expected["proposals"], np.float32)
    predictions = predict(model, read_image(former / "picture.png"), proposals)
    config = DetectionConfig(score_threshold=expected["score_threshold"])
    detections = select(predictions, config)
    assert detections.boxes.tolist() == pytest.approx(np.array(expected["boxes"]), abs=0.02)
    assert detections.scores.tolist() == pytest.approx(expected["scores"], abs=1e-4)
    assert detections.labels.tolist() == expected["labels"]
    assert detections.roi_index.tolist() == expected["roi_index"]
    assert detections.suppressed.roi_index.tolist() == expected["suppressed"]


@pytest.mark.parametrize("name", ["minute", "notebook", "paper"])
def test_its_stored_presets_are_read_as_todays(former: Path, name: PresetName) -> None:
    assert stored_config(read(former / "configs.json")[name]) == preset(name)


@pytest.mark.parametrize("number", range(8))
def test_its_links_show_what_they_showed(
    former: Path, runs: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    saved = read(former / "links.json")[number]
    app = open_app(saved["page"], **saved["query"])
    assert not complaints(app)
    shown = {item.key: item.value for kind in WIDGETS for item in getattr(app, kind)}
    expected = {RENAMED.get(key, key): value for key, value in saved["widgets"].items()}
    assert {key: shown.get(key) for key in expected} == expected
    choices = {"data", "picture", "detector", "device", "run", "step", "checkpoint", "box", "roi"}
    query = {word: value for word, value in saved["query"].items() if word in choices}

    remaining = link(app)
    assert {word: remaining.get(word) for word in query} == query
