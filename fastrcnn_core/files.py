"""Folders of the program, and atomic writes: a file appears whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from torch import Tensor

_SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")
_SECONDS_OF_A_READER = 2.0  # that a reader may hold a file on Windows


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Write atomically: yield a temporary path beside `path`, and rename it to `path` when the block ends well.

    A reader or a second writer finds the old file or the new one, never half of one. If the block raises, the
    temporary file is removed and `path` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.stem}.{uuid.uuid4().hex}.partial{path.suffix}")
    try:
        yield partial
        _replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _replace(partial: Path, path: Path) -> None:
    """Rename over `path`; retry for a moment on Windows, which refuses while a reader holds the old file."""
    deadline = time.monotonic() + _SECONDS_OF_A_READER
    while True:
        try:
            os.replace(partial, path)
            return
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    with atomic_write(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """Write named tensors to a safetensors file atomically, without a second copy in memory.

    Raises:
        OSError: the disk is full, or the operating system refuses for another reason.
    """
    from safetensors import SafetensorError
    from safetensors.torch import (
        save_file,  # imports PyTorch, which most readers of files do without
    )

    with atomic_write(path) as partial:
        partial.touch()
        mode = partial.stat().st_mode
        try:
            save_file(dict(tensors), partial, metadata=dict(metadata or {}) or None)
        except SafetensorError as error:
            raise _operating_system_error(error) from error
        partial.chmod(mode)  # safetensors gives the owner alone access, and a cache may be shared


def _operating_system_error(error: Exception) -> Exception:
    """Return the `OSError` that safetensors reports as text; the error as it is if its text names none."""
    match = _SYSTEM_ERROR.search(str(error))
    if match is None:
        return error
    code = int(match[1])
    if os.name == "nt":  # the number is one of Windows' own there
        return OSError(None, str(error), None, code)
    return OSError(code, os.strerror(code))


def remove_partial_files(folder: Path, *, older_than: float = 0.0) -> None:
    """Remove temporary files and folders that killed processes left half written in this folder.

    Args:
        older_than: seconds; younger ones, which another process may be writing just now, stay. 0 where no other
            process writes to the folder.
    """
    for path in folder.glob(".*.partial*"):
        if older_than and _age(path) < older_than:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def complete_files(folder: Path) -> list[Path]:
    """List every file below a folder, sorted, without those that are half written: a dot begins their or their
    folder's name. A process that writes there may have removed some by the time they are opened.
    """
    found = []
    for place, folders, names in os.walk(
        folder
    ):  # forgives a folder that vanishes, which `rglob` does not
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in names if not name.startswith(".")]
    return sorted(found)


def bytes_on_disk(folder: Path) -> int:
    """Sum the sizes of the complete files below a folder."""
    total = 0
    for file in complete_files(folder):
        with suppress(FileNotFoundError):
            total += file.stat().st_size
    return total


def cache_folder() -> Path:
    """Return the cache folder: `FASTRCNN_CACHE`, else the user's cache folder."""
    named = os.environ.get("FASTRCNN_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("fastrcnn-visible"))


def asset_folder() -> Path:
    """Return the folder of shipped data: `assets` inside an installed package, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent
    installed = package / "assets"
    return installed if installed.is_dir() else package.parent / "assets"


def runs_folder() -> Path:
    """Return the folder of training runs: `FASTRCNN_RUNS`, else `runs/` in the current folder."""
    return Path(os.environ.get("FASTRCNN_RUNS") or "runs")


def data_setting() -> str | None:
    """Return the data set that `FASTRCNN_DATA` names; None if it is unset."""
    return os.environ.get("FASTRCNN_DATA") or None


def data_roots() -> tuple[Path, ...] | None:
    """Return the folders below which the app opens folders that visitors type, from `FASTRCNN_ROOTS`; None if unset."""
    named = os.environ.get("FASTRCNN_ROOTS")
    if named is None:
        return None
    return tuple(Path(root).expanduser().resolve() for root in named.split(os.pathsep) if root)


def _age(path: Path) -> float:
    """Return the seconds since the path was last written to; 0 if it has just disappeared."""
    with suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime
    return 0.0
