"""Penn-Fudan: 170 street pictures with 423 people, read from a folder or fetched from its authors."""

from fastrcnn_core.datasets.pennfudan.reading import CLASSES, find_pennfudan, open_pennfudan

__all__ = ["CLASSES", "find_pennfudan", "open_pennfudan"]
