"""The Fast R-CNN network, its input preprocessing, and compression of its head by truncated SVD."""

from fastrcnn_core.model.compression import Ranks, compress_head, ranks_of, set_ranks
from fastrcnn_core.model.network import FastRCNN, Features, image_tensor, input_size, resize

__all__ = [
    "FastRCNN",
    "Features",
    "Ranks",
    "compress_head",
    "image_tensor",
    "input_size",
    "ranks_of",
    "resize",
    "set_ranks",
]
