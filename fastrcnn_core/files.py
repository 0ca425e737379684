"""Where files live, and how they appear: whole or not at all."""

from __future__ import annotations

import os
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

_READING = 2.0  # seconds that a reader may hold a file on Windows


@contextmanager
def appearing_whole(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it takes `path`'s place when the block ends well.

    A reader, or a second writer, meets the old file or the new one, never half of one. If the block
    raises, the partial file is removed and `path` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{uuid.uuid4().hex}.partial{path.suffix}")
    try:
        yield partial
        _replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _replace(partial: Path, path: Path) -> None:
    """Windows refuses while somebody reads the old file, which takes no time to speak of: it is tried again."""
    deadline = time.monotonic() + _READING
    while True:
        try:
            os.replace(partial, path)
            return
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text; the file appears whole or not at all."""
    with appearing_whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


def cache_folder() -> Path:
    """Where computed things are kept that can be computed again (`FASTRCNN_CACHE`, else the user's cache)."""
    named = os.environ.get("FASTRCNN_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("fastrcnn-visible"))


def asset_folder() -> Path:
    """Return the folder of shipped data: `assets` inside an installed package, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "assets"
    return installed if installed.is_dir() else package.parent / "assets"


def runs_folder() -> Path:
    """Where training runs are kept (`FASTRCNN_RUNS`, else `runs/` in the current folder)."""
    return Path(os.environ.get("FASTRCNN_RUNS") or "runs")


def data_setting() -> str | None:
    """The data set that `FASTRCNN_DATA` names, if it names one."""
    return os.environ.get("FASTRCNN_DATA") or None
