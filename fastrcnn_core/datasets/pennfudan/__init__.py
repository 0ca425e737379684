"""Penn-Fudan: 170 street pictures with 423 people, read from a folder or fetched from its authors."""

from fastrcnn_core.datasets.pennfudan.downloading import (
    OFFICIAL,
    Release,
    by_hand,
    bytes_fetched,
    download,
    downloaded_folder,
    is_downloaded,
)
from fastrcnn_core.datasets.pennfudan.reading import CLASSES, find_pennfudan, open_pennfudan

__all__ = [
    "CLASSES",
    "OFFICIAL",
    "Release",
    "by_hand",
    "bytes_fetched",
    "download",
    "downloaded_folder",
    "find_pennfudan",
    "is_downloaded",
    "open_pennfudan",
]
