"""What tests share: where the real data is, and scratch folders so that no test touches a person's own."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

# A busy machine is no failure: no test has a deadline.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


@pytest.fixture(autouse=True)
def scratch_folders(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A test's caches and runs are its own, and `FASTRCNN_DATA` is unset unless the test sets it."""
    folder = tmp_path_factory.mktemp("scratch")
    monkeypatch.setenv("FASTRCNN_CACHE", str(folder / "cache"))
    monkeypatch.setenv("FASTRCNN_RUNS", str(folder / "runs"))
    monkeypatch.delenv("FASTRCNN_DATA", raising=False)


# Read once, before the fixture above hides it from the tests.
_NAMED_DATA = os.environ.get("FASTRCNN_DATA")


@pytest.fixture(scope="session")
def pennfudan_folder() -> Path:
    """The real Penn-Fudan data set; the test skips where there is none. Mark such a test `pennfudan`."""
    named = [Path(_NAMED_DATA)] if _NAMED_DATA else []
    for folder in [*named, ROOT.parent / "shared" / "PennFudanPed"]:
        if (folder / "PNGImages" / "FudanPed00001.png").is_file():
            return folder
    pytest.skip(
        "no Penn-Fudan here: FASTRCNN_DATA names no copy, and ../shared/PennFudanPed is absent"
    )


@pytest.fixture
def torch_home(monkeypatch: pytest.MonkeyPatch) -> Path:
    """TORCH_HOME with ImageNet weights in it; the test skips where there are none. Mark such a test `weights`."""
    named = [Path(os.environ["TORCH_HOME"])] if os.environ.get("TORCH_HOME") else []
    usual = Path.home() / ".cache" / "torch"
    for folder in [*named, usual, ROOT.parent / "shared" / "torch_home"]:
        if any((folder / "hub" / "checkpoints").glob("resnet50-*.pth")):
            monkeypatch.setenv("TORCH_HOME", str(folder))
            return folder
    pytest.skip(
        "no ImageNet weights here: TORCH_HOME holds none, and ../shared/torch_home is absent"
    )
