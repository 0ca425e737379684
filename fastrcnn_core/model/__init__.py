"""Fast R-CNN: a backbone that looks at a picture once, and a head that looks at each RoI of it."""

from fastrcnn_core.model.compression import compress_head, make_room_for, ranks_of
from fastrcnn_core.model.head import Head
from fastrcnn_core.model.network import FastRCNN, Features
from fastrcnn_core.model.resizing import input_size, resize

__all__ = [
    "FastRCNN",
    "Features",
    "Head",
    "compress_head",
    "input_size",
    "make_room_for",
    "ranks_of",
    "resize",
]
