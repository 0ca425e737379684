"""The installed package: what the wheel holds, and that it works far from the checkout."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("pyproject.toml", "setup.py", "requirements.txt", "README.md", "LICENSE", "NOTICE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel of `pip install .`, offline, from a copy of its sources."""
    pytest.importorskip("setuptools", minversion="77")
    folder = tmp_path_factory.mktemp("source")
    for name in SOURCES:
        shutil.copy(ROOT / name, folder)
    without = shutil.ignore_patterns("__pycache__", "*.png.partial")
    shutil.copytree(ROOT / "fastrcnn_core", folder / "fastrcnn_core", ignore=without)
    shutil.copytree(ROOT / "assets", folder / "assets", ignore=without)
    words = ["--no-deps", "--no-build-isolation", "-w", str(folder / "dist"), str(folder)]
    command = [sys.executable, "-m", "pip", "wheel", "-q", *words]
    subprocess.run(command, check=True, capture_output=True)
    return next((folder / "dist").glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack the wheel into a folder of its own."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(folder)
    return folder


def run_python(installed: Path, *words: str) -> str:
    """Run Python with the package from the wheel alone; return its output."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=installed.parent,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_the_detector_the_scenes_and_the_types(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "fastrcnn_core/py.typed" in names
    assert "fastrcnn_core/assets/checkpoints/efficientnet_lite0.safetensors" in names
    shipped = {
        path.relative_to(ROOT).as_posix()
        for kind in ("Annotation", "PNGImages", "PedMasks")
        for path in (ROOT / "assets" / "street_scenes" / kind).iterdir()
    }
    assert len(shipped) == 3 * 60
    assert {f"fastrcnn_core/{name}" for name in shipped} <= names
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "fastrcnn_core").rglob("*.py")}
    assert {name for name in names if name.endswith(".py")} == modules


def test_the_console_script_is_the_command_line(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        name = next(entry for entry in file.namelist() if entry.endswith("entry_points.txt"))
        assert "fastrcnn = fastrcnn_core.__main__:main" in file.read(name).decode()


def test_it_can_be_used_from_any_folder(installed: Path) -> None:
    assert "usage: python -m fastrcnn_core" in run_python(
        installed, "-m", "fastrcnn_core", "--help"
    )
    code = (
        "import fastrcnn_core; from fastrcnn_core.detector import bundled_checkpoint; "
        "print(fastrcnn_core.__file__, bundled_checkpoint(), len(fastrcnn_core.open_dataset('synthetic:2')))"
    )
    module, checkpoint, images = run_python(installed, "-c", code).split()
    assert module.startswith(str(installed))
    assert checkpoint.startswith(str(installed))
    assert images == "2"


def test_the_version_of_the_wheel_is_that_of_the_package(wheel: Path) -> None:
    import fastrcnn_core

    assert f"-{fastrcnn_core.__version__}-" in wheel.name
