"""Progress bars and messages on stderr: stdout is left to a command's results."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm


def progress_bar(total: int, label: str, *, done: int = 0, unit: str = "it") -> Any:
    """Open a tqdm progress bar; it is drawn in terminals and notebooks, never in log files."""
    in_notebook = "ipykernel" in sys.modules
    return tqdm(
        total=total,
        initial=done,
        desc=label,
        unit=unit,
        file=sys.stderr,
        disable=False if in_notebook else None,  # None: where stderr is no terminal
        dynamic_ncols=True,
        leave=False,
    )


def echo(message: str) -> None:
    """Print a message to stderr without breaking the progress bar."""
    tqdm.write(message, file=sys.stderr)
