"""The command line: what it prints, what it writes, and how it ends."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture

from fastrcnn_core import detector
from fastrcnn_core.__main__ import main
from fastrcnn_core.commands import data, propose
from fastrcnn_core.commands.arguments import parse
from fastrcnn_core.commands.train import GROUPS, TrainArguments
from fastrcnn_core.config import PRESETS, Config, PresetName, preset
from fastrcnn_core.detector import Detector
from fastrcnn_core.evaluation import inference
from fastrcnn_core.flags import flags, to_arguments
from fastrcnn_core.model import ranks_of
from fastrcnn_core.runs import find_run
from fastrcnn_core.runs.writer import create_run
from tests.support.builders import tiny_config, write_untrained
from tests.support.datasets import write_tiny
from tests.support.training import train_run

ROOT = Path(__file__).resolve().parents[1]
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """An untrained detector of people for tiny pictures."""
    return write_untrained(tmp_path / "tiny.safetensors", ("person",))


def tried(*words: object) -> int:
    """The exit code of a command."""
    try:
        return main([str(word) for word in words])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1


def train_arguments(*words: str) -> tuple[TrainArguments, Config]:
    return parse(TrainArguments, words, command="train", groups=GROUPS)


# Knobs


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_is_told_by_its_name_alone(name: PresetName) -> None:
    assert to_arguments(preset(name), base=name) == ["--preset", name]


@pytest.mark.parametrize("base", list(PRESETS))
@pytest.mark.parametrize("wanted", list(PRESETS))
def test_any_config_can_be_told_from_any_preset(wanted: PresetName, base: PresetName) -> None:
    words = to_arguments(preset(wanted), base=base)
    _, config = parse(TrainArguments, words, command="train", groups=GROUPS, base=preset(base))
    assert config == preset(wanted)


def test_flags_are_flat_and_two_knobs_of_one_name_carry_their_groups() -> None:
    names = [flag.name for flag in flags()]
    assert len(set(names)) == len(names)
    assert {"learning-rate", "shorter-side", "method", "seed"} <= set(names)
    assert {"proposals-limit", "detection-limit", "proposals-seed"} <= set(names)


def test_a_flag_reaches_its_knob() -> None:
    _, config = train_arguments(
        *("--learning-rate", "0.3", "--shorter-side", "none", "--max-aspect=none"),
        *("--drop-at", "0.5", "0.9", "--no-add-ground-truth", "--seed", "7"),
    )
    assert config.optimiser.learning_rate == 0.3
    assert config.image.shorter_side is None
    assert config.proposals.max_aspect is None
    assert config.optimiser.drop_at == (0.5, 0.9)
    assert config.sampling.add_ground_truth is False
    assert (config.training.seed, config.proposals.seed) == (7, 0)


def test_former_names_of_knobs_are_still_read() -> None:
    _, config = train_arguments("--zooms", "1", "1.5", "--flip-average")
    assert config.detection.tta_scales == (1.0, 1.5)
    assert config.detection.tta_flip
    _, config = train_arguments("--no-flip-average")
    assert not config.detection.tta_flip


def test_help_tells_each_knobs_sentence_source_default_and_bounds(capsys: Captured) -> None:
    assert tried("train", "--help") == 0
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for flag in flags():
        assert f"--{flag.name}" in told
        assert " ".join(flag.about.help.split()) in told
        assert " ".join(flag.about.source.split()) in told
    assert "(default: 600; 64 to 1200)" in told


@pytest.mark.parametrize("command", ["", "data", "propose", "train", "evaluate", "detect"])
def test_help_needs_no_torch(command: str) -> None:
    """So that it is there at once."""
    code = f"""
import sys
from fastrcnn_core.__main__ import main
try:
    main([*{[command] if command else []!r}, "--help"])
except SystemExit:
    pass
sys.exit("torch" in sys.modules or "numba" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert "usage: python -m fastrcnn_core" in done.stdout


# How commands end


def test_an_unknown_knob_is_a_usage_error_with_the_nearest_one(capsys: Captured) -> None:
    assert tried("train", "--learning-rat", "3") == 2
    told = capsys.readouterr()
    assert "--learning-rate" in told.out + told.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["train", "--flip", "2"], "flip is 2.0, outside 0 to 1"),
        (["train", "--background-iou-low", "0.6"], "nothing is background"),
        (["trian"], "Did you mean train?"),
        (["data", "--synthetic", "3"], "needs a folder"),
    ],
)
def test_arguments_that_make_no_sense_end_with_2(
    words: list[str], complaint: str, capsys: Captured
) -> None:
    assert tried(*words) == 2
    assert complaint in capsys.readouterr().err


def test_no_command_at_all_shows_the_commands(capsys: Captured) -> None:
    assert tried() == 2
    assert "evaluate" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["data", "--data", "/nowhere"],
        ["propose", "--data", "/nowhere"],
        ["train", "--data", "/nowhere"],
        ["train", "--data", "synthetic:many"],
        ["train", "--run", "../up", "--data", "synthetic:4"],
        ["train", "--resume"],
        ["train", "--resume", "--run", "nobody"],
        ["evaluate", "--run", "nobody"],
        ["evaluate", "--checkpoint", "/nowhere.safetensors"],
        ["detect", "--run", "nobody", "picture.png"],
    ],
)
def test_foreseen_failures_are_one_readable_line_and_1(words: list[str], capsys: Captured) -> None:
    assert tried(*words) == 1
    told = capsys.readouterr().err.strip()
    assert told.count("\n") == 0
    assert told.endswith(".")
    assert "Traceback" not in told


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(data, "open_dataset", interrupted)
    assert tried("data") == 130


# data


def test_data_prints_what_is_in_it(tiny: Path, capsys: Captured) -> None:
    assert tried("data", "--data", tiny) == 0
    told = capsys.readouterr().out
    assert "images       10: 8 train, 2 test" in told
    assert "person     10" in told
    assert "box heights  48 to 48 px" in told
    assert "10 of 10 images can be used" in told


def test_data_is_what_the_environment_names(
    tiny: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTRCNN_DATA", str(tiny))
    assert tried("data") == 0
    assert str(tiny) in capsys.readouterr().out


def test_data_reports_every_bad_picture_and_ends_with_1(tmp_path: Path, capsys: Captured) -> None:
    folder = write_tiny(tmp_path / "data")
    for name in ("tiny03", "tiny07"):
        path = folder / "PNGImages" / f"{name}.png"
        path.write_bytes(path.read_bytes()[:200])
    assert tried("data", "--data", folder) == 1
    told = capsys.readouterr()
    assert "tiny03" in told.err
    assert "tiny07" in told.err
    assert "8 of 10 images can be used" in told.out


def test_data_writes_street_scenes_into_a_new_folder_only(tmp_path: Path, capsys: Captured) -> None:
    folder = tmp_path / "street"
    assert tried("data", "--synthetic", "2", "--data", folder) == 0
    assert "images       2: 1 train, 1 test" in capsys.readouterr().out
    assert tried("data", "--synthetic", "2", "--data", folder) == 1


# propose


def test_propose_writes_the_promised_json_best_first(
    tiny: Path, tmp_path: Path, capsys: Captured
) -> None:
    out = tmp_path / "proposals.json"
    words = ("--data", tiny, "--method", "single", "--workers", "1", "--min-side", "8")
    assert tried("propose", *words, "--proposals-limit", "7", "--out", out) == 0
    written = json.loads(out.read_text())
    assert set(written) == {"images"}
    assert [it["name"] for it in written["images"]] == [f"tiny{i:02}" for i in range(10)]
    first = written["images"][0]
    assert set(first) == {"name", "height", "width", "boxes"}
    assert (first["height"], first["width"]) == (64, 96)
    assert 0 < len(first["boxes"]) <= 7
    assert all(len(box) == 4 for box in first["boxes"])
    assert "recall at IoU 0.5" in capsys.readouterr().out


def test_propose_takes_a_part_of_the_data_and_short_names(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "proposals.json"
    words = ("--data", tiny, "--method", "single", "--workers", "1", "--limit", "3")
    assert tried("propose", *words, "--split", "test", "--out", out) == 0
    images = json.loads(out.read_text())["images"]
    assert len(images) == 2
    assert max(len(it["boxes"]) for it in images) <= 3


def test_propose_goes_on_past_a_bad_picture_and_ends_with_1(
    tmp_path: Path, capsys: Captured
) -> None:
    folder = write_tiny(tmp_path / "data", count=3)
    (folder / "PNGImages" / "tiny01.png").write_bytes(b"no picture")
    out = tmp_path / "proposals.json"
    words = ("--data", folder, "--method", "single", "--workers", "1")
    assert tried("propose", *words, "--out", out) == 1
    assert [it["name"] for it in json.loads(out.read_text())["images"]] == ["tiny00", "tiny02"]
    assert "tiny01" in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_to_ends_propose_with_one_sentence_and_1(
    tiny: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "no folder").write_text("a file")
    monkeypatch.setenv("FASTRCNN_CACHE", str(tmp_path / "no folder"))
    words = ("--data", tiny, "--method", "single", "--workers", "1")
    assert tried("propose", *words) == 1
    told = capsys.readouterr().err
    assert told.count("cannot be kept in") == 1
    assert told.strip().count("\n") == 0
    assert "FASTRCNN_CACHE" in told


def test_boxes_that_cannot_be_written_where_they_are_wanted_are_one_sentence_and_1(
    tiny: Path, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "no folder").write_text("a file")
    out = tmp_path / "no folder" / "boxes.json"
    words = ("--data", tiny, "--method", "single", "--workers", "1")
    assert tried("propose", *words, "--out", out) == 1
    assert f"{out} cannot be written" in capsys.readouterr().err


def test_what_was_proposed_before_is_only_read(tiny: Path, capsys: Captured) -> None:
    words = ("--data", tiny, "--method", "single", "--workers", "1")
    assert tried("propose", *words) == 0
    assert tried("propose", *words) == 0
    assert "of which 10 were cached" in capsys.readouterr().out
    assert propose.LIMITS[-1] == 2000


# train


def test_train_makes_a_run_with_the_knobs_that_were_given(tiny: Path, capsys: Captured) -> None:
    config = tiny_config(epochs=1.0)
    words = ("--data", str(tiny), "--run", "first", *to_arguments(config))
    assert tried("train", *words) == 0
    run = find_run("first")
    assert run.config() == config
    assert run.data_setting() == str(tiny)
    assert "finished at step 4 of 4" in capsys.readouterr().out
    assert tried("train", *words) == 1
    assert "already" in capsys.readouterr().err
    assert tried("train", "--run", "first", "--resume") == 1
    assert "is finished" in capsys.readouterr().err


def test_a_run_goes_on_as_it_was_begun_wherever_its_data_is_now(
    tiny: Path, tmp_path: Path, capsys: Captured
) -> None:
    create_run("away", config=tiny_config(epochs=1.0), data="/was/here", preset="paper")
    words = ("train", "--run", "away", "--resume", "--data", str(write_tiny(tmp_path / "now")))
    assert tried(*words, "--epochs", "9") == 1
    assert "--epochs" in capsys.readouterr().err
    assert find_run("away").data_setting() == "/was/here"
    assert tried(*words, *to_arguments(tiny_config(epochs=1.0))) == 0
    assert find_run("away").status().state == "finished"


# evaluate


def test_evaluate_writes_at_least_the_promised_figures(
    tiny: Path, checkpoint: Path, tmp_path: Path, capsys: Captured
) -> None:
    figures, results = tmp_path / "figures.json", tmp_path / "results.json"
    words = ("--checkpoint", checkpoint, "--data", tiny, "--device", "cpu")
    assert tried("evaluate", *words, "--json", figures, "--results", results) == 0
    written = json.loads(figures.read_text())
    promised = {"AP", "AP50", "AP75", "images", "ground_truth", "proposal_recall_50"}
    assert promised <= set(written)
    assert (written["images"], written["ground_truth"]) == (2, 2)
    assert "AP50" in capsys.readouterr().out
    assert {it["image"] for it in json.loads(results.read_text())} <= {"tiny00", "tiny01"}


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
    assert tried(*words, "--run", "choosing") == 0
    judged = json.loads(figures.read_text())
    kept_out = find_run("choosing").environment()["data"]["validation"]
    assert judged["images"] == len(kept_out) == 2
    assert tried(*words, "--run", "whole") == 2
    assert "No validation split is known" in capsys.readouterr().err
    other = write_tiny(tmp_path / "other", count=12)
    assert tried(*words[:1], "--data", other, *words[3:], "--run", "choosing") == 1
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
    assert tried(*words, "--svd-ranks", "8:4") == 0
    assert tried(*words) == 0
    assert judged == [(8, 4), None]
    assert tried(*words, "--svd-ranks", "8") == 2
    assert "256:64" in capsys.readouterr().err
    assert tried(*words, "--svd-ranks", "8:99") == 2
    assert "16 singular values" in capsys.readouterr().err


def test_evaluate_takes_the_knobs_of_the_checkpoints_card(
    tiny: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    real = detector.checkpoint_config

    def spy(file: Path) -> Config:
        asked.append(real(file))
        return asked[-1]

    monkeypatch.setattr("fastrcnn_core.detector.checkpoint_config", spy)
    assert tried("evaluate", "--checkpoint", checkpoint, "--data", tiny) == 0
    assert asked[0].proposals == tiny_config().proposals


def test_a_checkpoint_of_other_classes_is_refused(
    tiny: Path, tmp_path: Path, capsys: Captured
) -> None:
    path = write_untrained(tmp_path / "pets.safetensors", ("dog", "cat"))
    assert tried("evaluate", "--checkpoint", path, "--data", tiny) == 1
    assert "2 classes (dog, cat)" in capsys.readouterr().err


def test_a_run_without_a_checkpoint_cannot_be_evaluated(tiny: Path, capsys: Captured) -> None:
    create_run("young", config=Config(), data=str(tiny), preset="paper")
    assert tried("evaluate", "--run", "young", "--data", tiny) == 1
    assert "no checkpoint yet" in capsys.readouterr().err


def test_two_detectors_are_one_too_many(checkpoint: Path, capsys: Captured) -> None:
    assert tried("evaluate", "--run", "a", "--checkpoint", checkpoint) == 1
    assert "Both --run and --checkpoint" in capsys.readouterr().err


# detect


def test_detect_writes_coco_results_with_the_files_stem(
    tiny: Path, checkpoint: Path, tmp_path: Path, capsys: Captured
) -> None:
    out = tmp_path / "found.json"
    pictures = [tiny / "PNGImages" / f"tiny0{i}.png" for i in (0, 1)]
    words = ("--checkpoint", checkpoint, "--score-threshold", "0", "--detection-limit", "3")
    assert tried("detect", *words, "--json", out, *pictures) == 0
    rows = json.loads(out.read_text())
    assert [row["image"] for row in rows] == ["tiny00"] * 3 + ["tiny01"] * 3
    assert set(rows[0]) == {"image", "category_id", "bbox", "score"}
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
    assert tried("detect", *words, "--out", out, source, twin) == 0
    assert {it.name for it in out.iterdir()} == {"tiny00.png", "TINY00-2.png"}
    plain, drawn = (np.asarray(Picture.open(it)) for it in (source, out / "tiny00.png"))
    assert drawn.shape[:2] == plain.shape[:2]
    changed = (drawn[:, :, :3] != plain).any(axis=2)
    assert 0 < changed.sum() < changed.size
    assert tried("detect", *words, "--out", out, "--format", "svg", source) == 0
    assert (out / "tiny00.svg").read_text().startswith("<?xml")


def test_a_folder_that_cannot_be_drawn_into_ends_detect_with_one_sentence(
    tiny: Path, checkpoint: Path, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "file").write_text("no folder")
    picture = tiny / "PNGImages" / "tiny00.png"
    assert tried("detect", "--checkpoint", checkpoint, "--out", tmp_path / "file", picture) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_one_bad_picture_is_reported_and_the_others_go_on(
    tiny: Path, checkpoint: Path, tmp_path: Path, capsys: Captured
) -> None:
    bad, out = tmp_path / "bad.png", tmp_path / "found.json"
    bad.write_bytes(b"no picture")
    good = tiny / "PNGImages" / "tiny00.png"
    words = ("--checkpoint", checkpoint, "--score-threshold", "0", "--json", out)
    assert tried("detect", *words, bad, tmp_path / "absent.png", good) == 1
    assert {row["image"] for row in json.loads(out.read_text())} == {"tiny00"}
    told = capsys.readouterr().err
    assert "bad.png" in told
    assert "absent.png" in told


def test_a_picture_of_one_pixel_is_a_picture(checkpoint: Path, tmp_path: Path) -> None:
    path = tmp_path / "dot.png"
    Picture.fromarray(np.zeros((1, 1, 3), np.uint8)).save(path)
    assert tried("detect", "--checkpoint", checkpoint, path) == 0


def test_a_damaged_checkpoint_is_refused(
    tmp_path: Path, checkpoint: Path, capsys: Captured
) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    assert tried("detect", "--checkpoint", checkpoint, "picture.png") == 1
    assert "damaged" in capsys.readouterr().err


def test_without_a_name_the_bundled_detector_is_taken_or_its_absence_told(
    tiny: Path, checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr("fastrcnn_core.detector.bundled_checkpoint", lambda: checkpoint)
    assert tried("detect", tiny / "PNGImages" / "tiny00.png") == 0
    assert "came with the app" in capsys.readouterr().err
