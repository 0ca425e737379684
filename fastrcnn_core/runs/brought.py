"""Runs that came in somebody's zip: no path that they name is opened, for a zip could name any."""

from __future__ import annotations

from pathlib import Path

from fastrcnn_core.datasets import SYNTHETIC, default_dataset_setting
from fastrcnn_core.datasets.union import SEPARATOR
from fastrcnn_core.errors import DataError
from fastrcnn_core.files import write_text

BROUGHT_FILE = "brought.json"


def mark_as_brought(folder: Path) -> None:
    """From now on the run in this folder is one that came in a zip."""
    write_text(folder / BROUGHT_FILE, "{}")


def is_brought(folder: Path) -> bool:
    """Whether the run in this folder came in a zip."""
    return (folder / BROUGHT_FILE).exists()


def same_data_here(setting: str) -> str:
    """The setting of the same data on this machine.

    Street scenes are the same everywhere. A folder is the one that this machine uses, if that has the same name;
    whether its content is the same, the run's data hash tells.

    Raises:
        DataError: this machine uses no folder of that name.
    """
    here = {Path(it).name: it for it in default_dataset_setting().split(SEPARATOR)}
    return SEPARATOR.join(_part_here(part, here) for part in setting.split(SEPARATOR))


def _part_here(part: str, here: dict[str, str]) -> str:
    if part.split(":")[0] == SYNTHETIC:
        return part
    name = part.replace("\\", "/").rstrip("/").rpartition("/")[2]  # as another system may write it
    if name not in here:
        raise DataError(
            f"The run came in a zip and learned from {name or 'a data set'}, which this app does not use here.",
            way_out=f"Start the app with FASTRCNN_DATA naming your own folder {name}.",
        )
    return here[name]
