"""Runs that came in somebody's zip: no path that they name is opened, for a zip could name any."""

from __future__ import annotations

from pathlib import Path

from fastrcnn_core.datasets import (
    SEPARATOR,
    default_dataset_setting,
    downloaded_folder,
    is_downloaded,
    is_synthetic,
    open_dataset,
)
from fastrcnn_core.errors import DataError
from fastrcnn_core.files import write_text

BROUGHT_FILE = "brought.json"


def mark_as_brought(folder: Path) -> None:
    """From now on the run in this folder is one that came in a zip."""
    write_text(folder / BROUGHT_FILE, "{}")


def is_brought(folder: Path) -> bool:
    """Whether the run in this folder came in a zip, and nobody has said since where its data is."""
    return (folder / BROUGHT_FILE).exists()


def forget_brought(folder: Path) -> None:
    """Somebody at this machine has said where the run's data is: from now on its setting is theirs."""
    (folder / BROUGHT_FILE).unlink(missing_ok=True)


def same_data_here(setting: str) -> str:
    """The setting of the same data on this machine.

    Street scenes are the same everywhere. A folder or an annotation file is the one that this machine uses, if that
    has the same name; whether its content is the same, the run's data hash tells.

    Raises:
        DataError: this machine uses nothing of that name, or what it uses cannot be opened.
    """
    parts = setting.split(SEPARATOR)
    here = {} if all(map(is_synthetic, parts)) else {Path(it).name: it for it in _used_here()}
    return SEPARATOR.join(_part_here(part, here) for part in parts)


def _part_here(part: str, here: dict[str, str]) -> str:
    if is_synthetic(part):
        return part
    name = part.replace("\\", "/").rstrip("/").rpartition("/")[2]  # as another system may write it
    if name not in here:
        raise DataError(
            f"The run came in a zip and learned from {name or 'a data set'}, which this app does not use here.",
            hint="Start the app with FASTRCNN_DATA naming your own copy of that data set.",
        )
    return here[name]


def _used_here() -> list[str]:
    """The settings, as runs note them, of what `FASTRCNN_DATA` names and of the downloaded Penn-Fudan."""
    named = default_dataset_setting().split(SEPARATOR)
    downloaded = [str(downloaded_folder())] if is_downloaded() else []
    return [open_dataset(it).setting for it in [*downloaded, *named] if not is_synthetic(it)]
