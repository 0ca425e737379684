"""Fixtures of all tests: scratch folders for caches and runs, small data sets, the real data where present."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.support.builders import write_untrained
from tests.support.datasets import write_tiny

ROOT = Path(__file__).resolve().parents[1]

# A busy machine is no failure: no test has a deadline.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(autouse=True)
def scratch_folders(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Give each test its own folders of caches and runs, and unset `FASTRCNN_DATA`."""
    folder = tmp_path_factory.mktemp("scratch")
    monkeypatch.setenv("FASTRCNN_CACHE", str(folder / "cache"))
    monkeypatch.setenv("FASTRCNN_RUNS", str(folder / "runs"))
    monkeypatch.delenv("FASTRCNN_DATA", raising=False)
    monkeypatch.setenv("FASTRCNN_ROOTS", str(tmp_path_factory.getbasetemp()))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write ten 64 × 96 images with one person each, once for all tests; read them only."""
    return write_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def street(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write ten tiny pictures with one person each, which the server is started with."""
    folder = write_tiny(tmp_path / "tiny street")
    monkeypatch.setenv("FASTRCNN_DATA", str(folder))
    return folder


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Put small untrained detectors where the bundled one lies."""
    from pages.ui.cache import networks

    folder = tmp_path / "checkpoints"
    folder.mkdir()
    monkeypatch.setattr(networks, "BUNDLED_FOLDER", folder)

    def save(classes: tuple[str, ...] = ("person",), name: str = "small", **knobs: Any) -> Path:
        return write_untrained(folder / f"{name}.safetensors", classes, **knobs)

    return save


# Read once, before the fixtures above hide it from the tests.
_NAMED_DATA = os.environ.get("FASTRCNN_DATA")


@pytest.fixture(scope="session")
def pennfudan_folder() -> Path:
    """Find the real Penn-Fudan data set, or skip the test. Mark such a test `pennfudan`."""
    named = [Path(_NAMED_DATA)] if _NAMED_DATA else []
    for folder in [*named, ROOT.parent / "shared" / "PennFudanPed"]:
        if (folder / "PNGImages" / "FudanPed00001.png").is_file():
            return folder
    pytest.skip(
        "no Penn-Fudan here: FASTRCNN_DATA names no copy, and ../shared/PennFudanPed is absent"
    )


@pytest.fixture
def torch_home(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Set TORCH_HOME to a folder with ImageNet weights, or skip the test. Mark such a test `weights`."""
    named = [Path(os.environ["TORCH_HOME"])] if os.environ.get("TORCH_HOME") else []
    usual = Path.home() / ".cache" / "torch"
    for folder in [*named, usual, ROOT.parent / "shared" / "torch_home"]:
        if any((folder / "hub" / "checkpoints").glob("resnet50-*.pth")):
            monkeypatch.setenv("TORCH_HOME", str(folder))
            return folder
    pytest.skip(
        "no ImageNet weights here: TORCH_HOME holds none, and ../shared/torch_home is absent"
    )
