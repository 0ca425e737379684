"""The command line: what it prints, what it writes, and how it ends."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from fastrcnn_core.commands import data, propose
from fastrcnn_core.commands.arguments import parse
from fastrcnn_core.commands.train import GROUPS, TrainArguments
from fastrcnn_core.config import PRESETS, Config, PresetName, preset
from fastrcnn_core.flags import flags, to_arguments
from fastrcnn_core.runs import find_run
from fastrcnn_core.runs.writer import create_run
from tests.support.builders import tiny_config
from tests.support.commands import exit_code
from tests.support.datasets import write_tiny

ROOT = Path(__file__).resolve().parents[1]
Captured = pytest.CaptureFixture[str]


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
    assert exit_code("train", "--help") == 0
    printed = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for flag in flags():
        assert f"--{flag.name}" in printed
        assert " ".join(flag.about.help.split()) in printed
        assert " ".join(flag.about.source.split()) in printed
    assert "(default: 600; 64 to 1200)" in printed


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
    assert exit_code("train", "--learning-rat", "3") == 2
    printed = capsys.readouterr()
    assert "--learning-rate" in printed.out + printed.err


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
    assert exit_code(*words) == 2
    assert complaint in capsys.readouterr().err


def test_no_command_at_all_shows_the_commands(capsys: Captured) -> None:
    assert exit_code() == 2
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
        ["train", "--resume", "--run", "absent"],
        ["evaluate", "--run", "absent"],
        ["evaluate", "--checkpoint", "/nowhere.safetensors"],
        ["detect", "--run", "absent", "picture.png"],
    ],
)
def test_foreseen_failures_are_one_readable_line_and_1(words: list[str], capsys: Captured) -> None:
    assert exit_code(*words) == 1
    printed = capsys.readouterr().err.strip()
    assert printed.count("\n") == 0
    assert printed.endswith(".")
    assert "Traceback" not in printed


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(data, "open_dataset", interrupted)
    assert exit_code("data") == 130


# data


def test_data_prints_what_is_in_it(tiny: Path, capsys: Captured) -> None:
    assert exit_code("data", "--data", tiny) == 0
    printed = capsys.readouterr().out
    assert "images       10: 8 train, 2 test" in printed
    assert "person     10" in printed
    assert "box heights  48 to 48 px" in printed
    assert "10 of 10 images can be used" in printed


def test_data_is_what_the_environment_names(
    tiny: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTRCNN_DATA", str(tiny))
    assert exit_code("data") == 0
    assert str(tiny) in capsys.readouterr().out


def test_data_reports_every_bad_picture_and_ends_with_1(tmp_path: Path, capsys: Captured) -> None:
    folder = write_tiny(tmp_path / "data")
    for name in ("tiny03", "tiny07"):
        path = folder / "PNGImages" / f"{name}.png"
        path.write_bytes(path.read_bytes()[:200])
    assert exit_code("data", "--data", folder) == 1
    printed = capsys.readouterr()
    assert "tiny03" in printed.err
    assert "tiny07" in printed.err
    assert "8 of 10 images can be used" in printed.out


def test_data_writes_street_scenes_into_a_new_folder_only(tmp_path: Path, capsys: Captured) -> None:
    folder = tmp_path / "street"
    assert exit_code("data", "--synthetic", "2", "--data", folder) == 0
    assert "images       2: 1 train, 1 test" in capsys.readouterr().out
    assert exit_code("data", "--synthetic", "2", "--data", folder) == 1


# propose


def test_propose_writes_the_promised_json_best_first(
    tiny: Path, tmp_path: Path, capsys: Captured
) -> None:
    out = tmp_path / "proposals.json"
    words = ("--data", tiny, "--method", "single", "--workers", "1", "--min-side", "8")
    assert exit_code("propose", *words, "--proposals-limit", "7", "--out", out) == 0
    written = json.loads(out.read_text())
    assert set(written) == {"images"}
    assert [row["name"] for row in written["images"]] == [f"tiny{i:02}" for i in range(10)]
    first = written["images"][0]
    assert set(first) == {"name", "height", "width", "boxes"}
    assert (first["height"], first["width"]) == (64, 96)
    assert 0 < len(first["boxes"]) <= 7
    assert all(len(box) == 4 for box in first["boxes"])
    assert "recall at IoU 0.5" in capsys.readouterr().out


def test_propose_takes_a_part_of_the_data_and_short_names(tiny: Path, tmp_path: Path) -> None:
    out = tmp_path / "proposals.json"
    words = ("--data", tiny, "--method", "single", "--workers", "1", "--limit", "3")
    assert exit_code("propose", *words, "--split", "test", "--out", out) == 0
    images = json.loads(out.read_text())["images"]
    assert len(images) == 2
    assert max(len(row["boxes"]) for row in images) <= 3


def test_propose_goes_on_past_a_bad_picture_and_ends_with_1(
    tmp_path: Path, capsys: Captured
) -> None:
    folder = write_tiny(tmp_path / "data", count=3)
    (folder / "PNGImages" / "tiny01.png").write_bytes(b"no picture")
    out = tmp_path / "proposals.json"
    words = ("--data", folder, "--method", "single", "--workers", "1")
    assert exit_code("propose", *words, "--out", out) == 1
    assert [row["name"] for row in json.loads(out.read_text())["images"]] == ["tiny00", "tiny02"]
    assert "tiny01" in capsys.readouterr().err


def test_a_cache_that_cannot_be_written_to_ends_propose_with_one_sentence_and_1(
    tiny: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "no folder").write_text("a file")
    monkeypatch.setenv("FASTRCNN_CACHE", str(tmp_path / "no folder"))
    words = ("--data", tiny, "--method", "single", "--workers", "1")
    assert exit_code("propose", *words) == 1
    printed = capsys.readouterr().err
    assert printed.count("cannot be kept in") == 1
    assert printed.strip().count("\n") == 0
    assert "FASTRCNN_CACHE" in printed


def test_boxes_that_cannot_be_written_where_they_are_wanted_are_one_sentence_and_1(
    tiny: Path, tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "no folder").write_text("a file")
    out = tmp_path / "no folder" / "boxes.json"
    words = ("--data", tiny, "--method", "single", "--workers", "1")
    assert exit_code("propose", *words, "--out", out) == 1
    assert f"{out} cannot be written" in capsys.readouterr().err


def test_what_was_proposed_before_is_only_read(tiny: Path, capsys: Captured) -> None:
    words = ("--data", tiny, "--method", "single", "--workers", "1")
    assert exit_code("propose", *words) == 0
    assert exit_code("propose", *words) == 0
    assert "of which 10 were cached" in capsys.readouterr().out
    assert propose.LIMITS[-1] == 2000


# train


def test_train_makes_a_run_with_the_knobs_that_were_given(tiny: Path, capsys: Captured) -> None:
    config = tiny_config(epochs=1.0)
    words = ("--data", str(tiny), "--run", "first", *to_arguments(config))
    assert exit_code("train", *words) == 0
    run = find_run("first")
    assert run.config() == config
    assert run.data_setting() == str(tiny)
    assert "finished at step 4 of 4" in capsys.readouterr().out
    assert exit_code("train", *words) == 1
    assert "already" in capsys.readouterr().err
    assert exit_code("train", "--run", "first", "--resume") == 1
    assert "is finished" in capsys.readouterr().err


def test_a_run_goes_on_as_it_was_begun_wherever_its_data_is_now(
    tiny: Path, tmp_path: Path, capsys: Captured
) -> None:
    create_run("away", config=tiny_config(epochs=1.0), data="/was/here", preset="paper")
    words = ("train", "--run", "away", "--resume", "--data", str(write_tiny(tmp_path / "now")))
    assert exit_code(*words, "--epochs", "9") == 1
    assert "--epochs" in capsys.readouterr().err
    assert find_run("away").data_setting() == "/was/here"
    assert exit_code(*words, *to_arguments(tiny_config(epochs=1.0))) == 0
    assert find_run("away").status().state == "finished"


@pytest.mark.parametrize(
    "command", ["", "data", "propose", "estimate", "train", "evaluate", "detect"]
)
def test_help_is_printed_whatever_the_code_page(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding="ascii"))
    assert exit_code(*filter(None, [command]), "--help") == 0
    sys.stdout.flush()
    assert b"usage: python -m fastrcnn_core" in printed.getvalue()
