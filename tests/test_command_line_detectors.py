"""The commands `evaluate` and `detect`: what they print and write, and which detector they take."""

import contextlib
import io
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

import fastrcnn_core
from fastrcnn_core import detector
from fastrcnn_core.commands import detect
from fastrcnn_core.commands.detect import expand
from fastrcnn_core.config import Config
from fastrcnn_core.datasets import Annotation, open_dataset
from fastrcnn_core.datasets.coco_writing import to_coco
from fastrcnn_core.detector import Detector
from fastrcnn_core.evaluation import inference
from fastrcnn_core.model import ranks_of
from fastrcnn_core.runs import find_run
from fastrcnn_core.runs.writer import create_run
from tests.support.builders import tiny_config, write_untrained
from tests.support.commands import exit_code
from tests.support.datasets import write_tiny
from tests.support.file_server import serving
from tests.support.training import train_run

ROOT = Path(__file__).resolve().parents[1]
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Write an untrained detector of people for tiny images."""
    return write_untrained(tmp_path / "tiny.safetensors", ("person",))


# evaluate


def test_evaluate_writes_at_least_the_promised_figures(
    tiny: Path, checkpoint: Path, tmp_path: Path, capsys: Captured
) -> None:
    figures, results = tmp_path / "figures.json", tmp_path / "results.json"
    words = ("--checkpoint", checkpoint, "--data", tiny, "--device", "cpu")
    assert exit_code("evaluate", *words, "--json", figures, "--results", results) == 0
    written = json.loads(figures.read_text())
    promised = {"AP", "AP50", "AP75", "images", "ground_truth", "proposal_recall_50"}
    assert promised <= set(written)
    assert (written["images"], written["ground_truth"]) == (2, 2)
    assert "AP50" in capsys.readouterr().out
    assert {row["image"] for row in json.loads(results.read_text())} <= {"tiny00", "tiny01"}


def test_evaluate_judges_what_a_run_kept_out_of_training(
    tiny: Path, tmp_path: Path, capsys: Captured
) -> None:
    figures = tmp_path / "figures.json"
    words = ["evaluate", "--data", tiny, "--split", "validation", "--json", figures]
    for name, share in (("whole", 0.0), ("choosing", 0.25)):
        train_run(
            create_run(
                name,
                config=tiny_config(epochs=0.1, validation=share),
                data=str(tiny),
                preset="paper",
            )
        )
    assert exit_code(*words, "--run", "choosing") == 0
    judged = json.loads(figures.read_text())
    kept_out = find_run("choosing").environment()["data"]["validation"]
    assert judged["images"] == len(kept_out) == 2
    assert exit_code(*words, "--run", "whole") == 2
    assert "No validation split is known" in capsys.readouterr().err
    elsewhere = write_tiny(tmp_path / "other", count=12)
    assert exit_code(*words[:1], "--data", elsewhere, *words[3:], "--run", "choosing") == 1
    assert "trained on other data" in capsys.readouterr().err


def test_evaluate_judges_a_compressed_head(
    tiny: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    judged = []
    real = inference.run_inference

    def spy(detector: Detector, *args: Any, **words: Any) -> Any:
        judged.append(ranks_of(detector.model))
        return real(detector, *args, **words)

    monkeypatch.setattr(inference, "run_inference", spy)
    words = ("evaluate", "--checkpoint", checkpoint, "--data", tiny, "--device", "cpu")
    assert exit_code(*words, "--svd-ranks", "8:4") == 0
    assert exit_code(*words) == 0
    assert judged == [(8, 4), None]
    assert exit_code(*words, "--svd-ranks", "8") == 2
    assert "256:64" in capsys.readouterr().err
    assert exit_code(*words, "--svd-ranks", "8:99") == 2
    assert "16 singular values" in capsys.readouterr().err


def test_evaluate_takes_the_knobs_of_the_checkpoints_card(
    tiny: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configs = []
    real = detector.checkpoint_config

    def spy(file: Path) -> Config:
        configs.append(real(file))
        return configs[-1]

    monkeypatch.setattr("fastrcnn_core.detector.checkpoint_config", spy)
    assert exit_code("evaluate", "--checkpoint", checkpoint, "--data", tiny) == 0
    assert configs[0].proposals == tiny_config().proposals


def test_a_checkpoint_of_other_classes_is_refused(
    tiny: Path, tmp_path: Path, capsys: Captured
) -> None:
    path = write_untrained(tmp_path / "pets.safetensors", ("dog", "cat"))
    assert exit_code("evaluate", "--checkpoint", path, "--data", tiny) == 1
    assert "knows dog, cat; the data has person: no class in common" in capsys.readouterr().err


def test_a_run_without_a_checkpoint_cannot_be_evaluated(tiny: Path, capsys: Captured) -> None:
    create_run("young", config=Config(), data=str(tiny), preset="paper")
    assert exit_code("evaluate", "--run", "young", "--data", tiny) == 1
    assert "no checkpoint yet" in capsys.readouterr().err


def test_two_detectors_are_one_too_many(checkpoint: Path, capsys: Captured) -> None:
    assert exit_code("evaluate", "--run", "a", "--checkpoint", checkpoint) == 1
    assert "Both --run and --checkpoint" in capsys.readouterr().err


# detect


def test_detect_writes_coco_results_with_the_files_stem(
    tiny: Path, checkpoint: Path, tmp_path: Path, capsys: Captured
) -> None:
    out = tmp_path / "found.json"
    pictures = [tiny / "PNGImages" / f"tiny0{i}.png" for i in (0, 1)]
    words = ("--checkpoint", checkpoint, "--score-threshold", "0", "--detection-limit", "3")
    assert exit_code("detect", *words, "--json", out, *pictures) == 0
    rows = json.loads(out.read_text())
    assert [row["image"] for row in rows] == ["tiny00"] * 3 + ["tiny01"] * 3
    assert set(rows[0]) == {"image", "category_id", "category", "bbox", "score"}
    x, y, width, height = rows[0]["bbox"]
    assert 0 <= x <= x + width <= 96.01
    assert 0 <= y <= y + height <= 64.01
    assert "3 detections" in capsys.readouterr().out


def test_detect_draws_each_picture_with_its_boxes(
    tiny: Path, checkpoint: Path, tmp_path: Path
) -> None:
    source, out = tiny / "PNGImages" / "tiny00.png", tmp_path / "drawn"
    twin = tmp_path / "elsewhere" / "TINY00.png"
    twin.parent.mkdir()
    twin.write_bytes(source.read_bytes())
    words = ("--checkpoint", checkpoint, "--score-threshold", "0", "--detection-limit", "3")
    assert exit_code("detect", *words, "--out", out, source, twin) == 0
    assert {file.name for file in out.iterdir()} == {"tiny00.png", "TINY00-2.png"}
    plain, drawn = (np.asarray(Picture.open(path)) for path in (source, out / "tiny00.png"))
    assert drawn.shape[:2] == plain.shape[:2]
    changed = (drawn[:, :, :3] != plain).any(axis=2)
    assert 0 < changed.sum() < changed.size
    assert exit_code("detect", *words, "--out", out, "--format", "svg", source) == 0
    assert (out / "tiny00.svg").read_text().startswith("<?xml")


def test_a_folder_that_cannot_be_drawn_into_ends_detect_with_one_sentence(
    tiny: Path, checkpoint: Path, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "file").write_text("no folder")
    picture = tiny / "PNGImages" / "tiny00.png"
    assert exit_code("detect", "--checkpoint", checkpoint, "--out", tmp_path / "file", picture) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_one_bad_picture_is_reported_and_the_others_go_on(
    tiny: Path, checkpoint: Path, tmp_path: Path, capsys: Captured
) -> None:
    bad, out = tmp_path / "bad.png", tmp_path / "found.json"
    bad.write_bytes(b"no picture")
    good = tiny / "PNGImages" / "tiny00.png"
    words = ("--checkpoint", checkpoint, "--score-threshold", "0", "--json", out)
    assert exit_code("detect", *words, bad, tmp_path / "absent.png", good) == 1
    assert {row["image"] for row in json.loads(out.read_text())} == {"tiny00"}
    printed = capsys.readouterr().err
    assert "bad.png" in printed
    assert "absent.png" in printed


def test_a_picture_of_one_pixel_is_a_picture(checkpoint: Path, tmp_path: Path) -> None:
    path = tmp_path / "dot.png"
    Picture.fromarray(np.zeros((1, 1, 3), np.uint8)).save(path)
    assert exit_code("detect", "--checkpoint", checkpoint, path) == 0


def test_a_damaged_checkpoint_is_refused(
    tmp_path: Path, checkpoint: Path, capsys: Captured
) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    assert exit_code("detect", "--checkpoint", checkpoint, "picture.png") == 1
    assert "damaged" in capsys.readouterr().err


def test_without_a_name_the_bundled_detector_is_taken_or_its_absence_told(
    tiny: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr("fastrcnn_core.detector.bundled_checkpoint", lambda: checkpoint)
    assert exit_code("detect", tiny / "PNGImages" / "tiny00.png") == 0
    assert "came with the app" in capsys.readouterr().err


def test_detect_takes_folders_patterns_addresses_and_standard_input(
    tiny: Path, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    folder = tiny / "PNGImages"
    count = len(list(folder.iterdir()))
    assert (
        expand([str(folder)])
        == expand([str(folder / "*.png")])
        == sorted(map(str, folder.iterdir()))
    )
    content = (folder / "tiny00.png").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    words = ("--checkpoint", checkpoint, "--score-threshold", "0", "--detection-limit", "1")
    with serving(content) as server:
        sources = (folder, "-", server.url, "http://127.0.0.1:1/absent.png")
        assert exit_code("--quiet", "detect", *words, "--json", "-", *sources) == 1
    captured = capsys.readouterr()
    names = {row["image"] for row in json.loads(captured.out)}
    assert len(names) == count + 2
    assert {"stdin", "data", "tiny01"} <= names
    assert captured.err.count("\n") == 1  # quiet, but for the address without an image
    assert "absent.png: The image cannot be downloaded" in captured.err


@pytest.mark.parametrize("words", [(), ("{tmp}",), ("{tmp}/*.png",)])
def test_detect_without_an_image_is_a_usage_error(
    words: tuple[str, ...], checkpoint: Path, tmp_path: Path
) -> None:
    named = [word.format(tmp=tmp_path / "empty") for word in words]
    (tmp_path / "empty").mkdir()
    assert exit_code("detect", "--checkpoint", checkpoint, *named) == 2


def test_detects_coco_file_names_program_classes_sizes_and_empty_images(
    tiny: Path, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tiny / "PNGImages")
    Picture.new("RGB", (1, 1)).save(tmp_path / "tiny00.png")
    out = tmp_path / "found.json"
    words = ("--checkpoint", checkpoint, "--score-threshold", "0.01", "--coco", out)
    assert exit_code("detect", *words, "tiny00.png", tmp_path / "tiny00.png") == 0
    written = json.loads(out.read_text())
    assert fastrcnn_core.__version__ in written["info"]["description"]
    assert written["categories"] == [{"id": 1, "name": "person"}]
    sizes = [(row["file_name"], row["width"], row["height"]) for row in written["images"]]
    assert sizes == [("tiny00.png", 96, 64), (str(tmp_path / "tiny00.png"), 1, 1)]


def test_ctrl_c_keeps_what_detect_has_found(
    tiny: Path, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = detect.read_source

    def interrupt(source: str) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        return read(source)

    monkeypatch.setattr(detect, "read_source", interrupt)
    out = tmp_path / "found.json"
    words = ("--checkpoint", checkpoint, "--score-threshold", "0", "--json", out)
    assert exit_code("detect", *words, tiny / "PNGImages") == 130
    assert {row["image"] for row in json.loads(out.read_text())} == {"tiny00"}


def test_the_results_of_evaluate_give_the_printed_figures(
    tiny: Path, checkpoint: Path, tmp_path: Path
) -> None:
    """Scores that differ in the sixth decimal stay apart, or they would tie and change AP."""
    figures, results = tmp_path / "figures.json", tmp_path / "results.json"
    words = ("--checkpoint", checkpoint, "--data", tiny, "--split", "all")
    assert exit_code("evaluate", *words, "--json", figures, "--results", results) == 0
    dataset = open_dataset(str(tiny))
    truth = tmp_path / "truth.json"
    annotations = [Annotation.of(dataset.load(name)) for name in dataset.names]
    truth.write_text(json.dumps(to_coco(annotations, dataset.classes, dataset.coco_ids)))
    with contextlib.redirect_stdout(io.StringIO()):
        annotated = COCO(truth)
        evaluator = COCOeval(annotated, annotated.loadRes(str(results)), "bbox")
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    written = json.loads(figures.read_text())
    assert evaluator.stats[0] == written["AP"]
    assert evaluator.stats[1] == written["AP50"]


def test_evaluate_matches_classes_by_name_and_names_what_it_leaves_out(
    tmp_path: Path, capsys: Captured
) -> None:
    path = write_untrained(tmp_path / "pets.safetensors", ("dog", "Person "))
    data = write_tiny(tmp_path / "tiny")
    results = tmp_path / "results.json"
    assert exit_code("evaluate", "--checkpoint", path, "--data", data, "--results", results) == 0
    assert "boxes 2" in capsys.readouterr().out
    assert {row["category"] for row in json.loads(results.read_text())} <= {"Person "}


def test_evaluate_does_not_offer_a_threshold_that_it_would_not_read(checkpoint: Path) -> None:
    words = ("--checkpoint", checkpoint, "--data", "synthetic", "--score-threshold", "1")
    assert exit_code("evaluate", *words) == 2
