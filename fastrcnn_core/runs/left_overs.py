"""What killed processes were writing or removing when they died: nobody reads it, and whoever comes next removes it."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path

PATTERN = ".*.partial*"
SECONDS_OF_AN_IMPORT = 24 * 60 * 60.0  # chosen here: no zip takes that long to unpack


def remove_left_overs(folder: Path, *, older_than: float = 0.0) -> None:
    """Remove what is half written in this folder.

    Args:
        older_than: seconds; what is younger may be what another process writes just now, and stays. 0: nobody else
            writes here, whatever the clock says.
    """
    for path in folder.glob(PATTERN):
        if older_than and _age(path) < older_than:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    """Seconds since it was last written to; 0 if it has just disappeared."""
    with suppress(FileNotFoundError):
        return time.time() - path.stat().st_mtime
    return 0.0
