"""Writing a checkpoint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from fastrcnn_core.checkpoints.format import FORMAT, FORMAT_VERSION, digest
from fastrcnn_core.errors import CheckpointError
from fastrcnn_core.files import atomic_write
from fastrcnn_core.knobs import to_dict
from fastrcnn_core.model import FastRCNN, ranks_of


def save_checkpoint(
    path: Path, model: FastRCNN, *, card: dict[str, Any], dtype: torch.dtype | None = None
) -> None:
    """Write the model; the file appears whole or not at all.

    Args:
        path: ends in .safetensors.
        model: its weights, frozen ones included: whoever loads them needs no ImageNet weights.
        card: what people should know of it, plain values for JSON.
        dtype: of the stored matrices and filters, such as float16; None keeps them as they are.

    Raises:
        CheckpointError: the file cannot be written.
    """
    tensors = {name: _stored(tensor, dtype) for name, tensor in model.state_dict().items()}
    metadata = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "model": json.dumps(to_dict(model.config)),
        "image": json.dumps(to_dict(model.image_config)),
        "classes": json.dumps(model.classes),
        "ranks": json.dumps(ranks_of(model)),
        "card": json.dumps(card),
        "digest": digest(tensors),
    }
    try:
        with atomic_write(path) as partial:
            partial.write_bytes(save(tensors, metadata))
    except OSError as error:
        raise CheckpointError(
            f"The checkpoint {path.name} could not be written: {error.strerror or error}.",
            hint="Free some space or choose another folder.",
        ) from error


def _stored(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    """Matrices and filters in `dtype`; vectors are few, and scales may not fit into 16 bits."""
    is_large = tensor.ndim >= 2 and min(tensor.shape[:2]) > 1
    return tensor.detach().cpu().to(dtype if is_large and dtype else tensor.dtype).contiguous()
