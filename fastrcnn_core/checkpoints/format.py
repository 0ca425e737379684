"""What both writer and reader of a checkpoint know."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

FORMAT = "fast-rcnn-visible"
FORMAT_VERSION = 1


def digest(tensors: dict[str, Tensor]) -> str:
    """A hash of the tensors as they are stored: a damaged byte is found, not computed with."""
    hashed = hashlib.blake2b(digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name]
        hashed.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        hashed.update(tensor.contiguous().flatten().view(torch.uint8).numpy().data)
    return hashed.hexdigest()
