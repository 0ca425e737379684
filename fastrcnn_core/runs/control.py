"""What the people in front of the screen ask of a run: a small file that its process looks at before each step."""

from __future__ import annotations

import json
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
    """Begin without requests, whatever was asked of the run before."""
    (folder / CONTROL_FILE).unlink(missing_ok=True)
