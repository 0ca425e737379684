"""What the people in front of the screen ask of a run: a small file that its process looks at before each step."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Literal

from fastrcnn_core.files import write_text

Request = Literal["run", "pause", "stop"]
CONTROL_FILE = "control.json"


def ask(folder: Path, request: Request) -> None:
    """Leave a request for the run's process; a later one takes its place."""
    write_text(folder / CONTROL_FILE, json.dumps({"request": request}))


def asked(folder: Path) -> Request:
    """The last request; "run" if there was none or it cannot be read."""
    try:
        request = json.loads((folder / CONTROL_FILE).read_text(encoding="utf-8")).get("request")
    except (FileNotFoundError, ValueError, AttributeError):
        return "run"
    return request if request in ("pause", "stop") else "run"


def forget(folder: Path) -> None:
    """There is no request any more: the run has ended, or its next process has not begun."""
    (folder / CONTROL_FILE).unlink(missing_ok=True)


def forget_what_came_before(folder: Path, moment: float) -> None:
    """Forget a request that was left before a moment, in seconds since 1970; a later one is meant for whoever asks."""
    with suppress(FileNotFoundError):
        if (folder / CONTROL_FILE).stat().st_mtime < moment:
            forget(folder)
