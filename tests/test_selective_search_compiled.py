"""Machine code on disk is that of the sources as they are now."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

CALLER = """
from fastrcnn_core.selective_search.called import answer
from fastrcnn_core.selective_search.compiled import kernel, kernels_are_cached

@kernel
def twice() -> int:
    return 2 * answer()

before = kernels_are_cached()
print(twice(), before, kernels_are_cached())
"""
CALLED = """
from fastrcnn_core.selective_search.compiled import kernel

@kernel
def answer() -> int:
    return {value}
"""


def small_house(folder: Path) -> Path:
    """Write a package with two kernels of which one calls the other."""
    room = folder / "fastrcnn_core" / "selective_search"
    room.mkdir(parents=True)
    for name in ("__init__.py", "files.py", "selective_search/compiled.py"):
        shutil.copy(ROOT / "fastrcnn_core" / name, folder / "fastrcnn_core" / name)
    (room / "__init__.py").touch()
    (room / "caller.py").write_text(CALLER)
    (room / "called.py").write_text(CALLED.format(value=21))
    return room


def started(folder: Path) -> str:
    """Run a new process: the caller's answer, and whether all kernels were cached before and after."""
    command = [sys.executable, "-c", "import fastrcnn_core.selective_search.caller"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_kernel_is_compiled_anew_when_one_that_it_calls_has_changed(tmp_path: Path) -> None:
    """numba itself looks at the caller's file only, and went on with the old one's machine code."""
    room = small_house(tmp_path)
    assert started(tmp_path) == "42 False True"
    assert started(tmp_path) == "42 True True"  # the second start pays nothing
    (room / "called.py").write_text(CALLED.format(value=50))
    assert started(tmp_path) == "100 False True"
