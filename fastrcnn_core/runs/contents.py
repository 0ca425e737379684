"""The files of a run's folder, while its process may be writing: half-written ones do not count, old ones vanish."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def whole_files(folder: Path) -> list[Path]:
    """Every file below the folder, sorted, but for what is being written: its name, or its folder's, begins with a dot.

    A run that goes on may have removed some of them by the time they are opened.
    """
    found = []
    for place, folders, names in os.walk(
        folder
    ):  # unlike `rglob` it forgives a folder that vanishes
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(place, name) for name in names if not name.startswith(".")]
    return sorted(found)


def bytes_on_disk(folder: Path) -> int:
    """How much room the folder's files take."""
    total = 0
    for file in whole_files(folder):
        with suppress(FileNotFoundError):  # it made room meanwhile
            total += file.stat().st_size
    return total
