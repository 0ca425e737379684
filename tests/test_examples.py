"""The walk-through in `examples/` runs, and follows the method's stages in order."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fastrcnn_core

ROOT = Path(__file__).resolve().parents[1]
STAGES = (
    "Image and ground truth",
    "Proposals",
    "Filters",
    "RoI sampling",
    "Network",
    "Losses",
    "A few steps",
    "Detection",
    "Threshold and NMS",
    "Evaluation",
)


@pytest.mark.slow
def test_the_walkthrough_runs_without_warnings_and_its_loss_falls(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "examples.walkthrough"]
    result = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    losses = [
        float(word)
        for word in re.findall(r"[\d.]+", result.stdout.split("loss: [")[1].split("]")[0])
    ]
    assert len(losses) == 12
    assert sum(losses[-4:]) < 0.7 * sum(losses[:4])
    pictures = sorted(path.name for path in tmp_path.rglob("*.png"))
    assert pictures == ["detections.png", "proposals.png", "rois.png"]


def test_the_walkthrough_follows_the_methods_stages_and_imports_the_core_alone() -> None:
    text = (ROOT / "examples" / "walkthrough.py").read_text(encoding="utf-8")
    assert tuple(re.findall(r"^# ## \d+\. (.+)$", text, re.MULTILINE)) == STAGES
    imported = set(re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE))
    assert imported <= {"dataclasses", "pathlib", "tempfile", "numpy", "torch", "fastrcnn_core"}


@pytest.mark.slow
def test_the_api_reference_has_every_public_name(tmp_path: Path) -> None:
    """Run the command of `make docs`."""
    (command,) = re.findall(
        r"^\tpython -m (pdoc .+)$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    arguments = command.replace("directory docs", f"directory {tmp_path}").split()
    subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, check=True)
    page = (tmp_path / "fastrcnn_core.html").read_text(encoding="utf-8")
    modules = {path.stem for path in (tmp_path / "fastrcnn_core").glob("*.html")}
    assert not [
        name for name in fastrcnn_core.__all__ if f'id="{name}"' not in page and name not in modules
    ]
