"""What a later reader of a run needs besides its config: which code, which libraries, which data, which machine."""

from __future__ import annotations

import platform
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import fastrcnn_core

LIBRARIES = (
    "torch",
    "torchvision",
    "timm",
    "numpy",
    "numba",
    "scipy",
    "pillow",
    "pycocotools",
    "safetensors",
)


def code_version() -> dict[str, Any]:
    """Our version and, in a git checkout, the commit and whether files differ from it."""
    root = Path(fastrcnn_core.__file__).resolve().parents[1]
    commit = _git(root, "rev-parse", "HEAD") if (root / ".git").exists() else None
    changed = None if commit is None else bool(_git(root, "status", "--porcelain"))
    return {"version": fastrcnn_core.__version__, "commit": commit, "changed": changed}


def library_versions() -> dict[str, str | None]:
    """Versions of Python and of the libraries on which numbers depend; None where one is not installed."""
    return {"python": platform.python_version()} | {name: _version(name) for name in LIBRARIES}


def machine() -> dict[str, str]:
    """The kind of machine; nothing that tells whose it is."""
    return {"system": platform.system(), "architecture": platform.machine()}


def now() -> str:
    """The time as ISO 8601 with its zone."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _git(root: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
