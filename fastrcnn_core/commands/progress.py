"""How far a command is: bars and remarks on stderr, so that stdout is for results."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm


def bar(total: int, what: str, *, done: int = 0, unit: str = "") -> Any:
    """A progress bar; on a terminal only, since a file would fill with its pictures."""
    return tqdm(
        total=total,
        initial=done,
        desc=what,
        unit=unit or "it",
        file=sys.stderr,
        disable=None,
        dynamic_ncols=True,
        leave=False,
    )


def note(sentence: str) -> None:
    """A remark that is no result."""
    tqdm.write(sentence, file=sys.stderr)
