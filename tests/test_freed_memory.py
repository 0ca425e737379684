"""`keep_freed_memory`: glibc keeps freed blocks for the next tensors."""

import ctypes
import subprocess
import sys
from types import SimpleNamespace

import pytest

from fastrcnn_core.devices import keep_freed_memory

# Two large blocks, one after the other; how often the system had to make a page for the second.
_SECOND_BLOCK = """
import resource
from fastrcnn_core.devices import keep_freed_memory
{call}
b"x" * 150_000_000
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
b"x" * 150_000_000
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _pages_made(call: str) -> int:
    words = [sys.executable, "-c", _SECOND_BLOCK.format(call=call)]
    return int(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc alone is told what to keep")
def test_what_was_freed_is_used_again() -> None:
    usual = _pages_made("")
    if usual < 1000:
        pytest.skip("this C library keeps it by itself, or the kernel does not count")
    assert _pages_made("keep_freed_memory()") < usual / 50


@pytest.mark.parametrize(
    ("platform", "has_mallopt", "settings"),
    [("linux", True, 2), ("linux", False, 0), ("darwin", True, 0)],
)
def test_another_c_library_does_as_it_does(
    monkeypatch: pytest.MonkeyPatch, platform: str, has_mallopt: bool, settings: int
) -> None:
    """Only glibc's `mallopt` is called: not musl's C library, which has none, and not another system's."""
    calls: list[tuple[int, int]] = []
    library = SimpleNamespace()
    if has_mallopt:
        library.mallopt = lambda parameter, value: calls.append((parameter, value))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    monkeypatch.setattr(sys, "platform", platform)
    keep_freed_memory()
    assert len(calls) == settings
