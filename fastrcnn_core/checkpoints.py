"""A trained model in one file: safetensors for the weights, JSON beside them for everything else.

Nothing in such a file is ever executed. Small tensors stay in float32; the large ones may be stored in float16.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from fastrcnn_core.config import ImageConfig, ModelConfig
from fastrcnn_core.errors import CheckpointError, ConfigError
from fastrcnn_core.files import appearing_whole
from fastrcnn_core.knobs import from_dict, to_dict
from fastrcnn_core.model import FastRCNN

FORMAT = "fast-rcnn-visible"
FORMAT_VERSION = 1

_TAKE_ANOTHER = "Choose another checkpoint, or train again."


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
        "card": json.dumps(card),
        "digest": _digest(tensors),
    }
    try:
        with appearing_whole(path) as partial:
            partial.write_bytes(save(tensors, metadata))
    except OSError as error:
        raise CheckpointError(
            f"The checkpoint {path.name} could not be written: {error.strerror or error}.",
            way_out="Free some space or choose another folder.",
        ) from error


def load_checkpoint(
    path: Path, *, device: torch.device, classes: Sequence[str] | None = None
) -> FastRCNN:
    """The model of a checkpoint on a device, in float32, ready to detect (in evaluation mode).

    Args:
        path: the file.
        device: where the model shall compute.
        classes: the class names that the caller's data has; None takes the checkpoint's.

    Raises:
        CheckpointError: the file is missing, damaged, of another kind or version, or of other classes.
    """
    with _reading(path) as (contents, metadata):
        tensors = {name: contents.get_tensor(name) for name in contents.keys()}  # noqa: SIM118
    if _digest(tensors) != metadata.get("digest"):
        raise _damaged(path)
    config, image_config, known = _described(path, metadata)
    _expect_classes(path, found=known, expected=classes)
    model = FastRCNN(config, image_config, known, generator=torch.Generator(), pretrained=False)
    try:
        model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except RuntimeError as error:
        raise _foreign(path, str(error).splitlines()[-1].strip()) from error
    return model.to(device).eval()


def read_card(path: Path) -> dict[str, Any]:
    """What people should know of a checkpoint, without reading its weights.

    Raises:
        CheckpointError: the file is missing, damaged, or of another kind or version.
    """
    with _reading(path) as (_, metadata):
        try:
            card: dict[str, Any] = json.loads(metadata["card"])
        except (KeyError, ValueError) as error:
            raise _foreign(path, "its card is missing") from error
    return card


@contextmanager
def _reading(path: Path) -> Iterator[tuple[Any, dict[str, str]]]:
    """The open file and its metadata, which is of our format."""
    if not path.is_file():
        raise CheckpointError(f"There is no checkpoint {path}.", way_out=_TAKE_ANOTHER)
    try:
        with safe_open(path, framework="pt") as contents:
            metadata = contents.metadata() or {}
            _expect_format(path, metadata)
            yield contents, metadata
    except SafetensorError as error:
        raise _damaged(path) from error
    except OSError as error:
        raise CheckpointError(
            f"{path.name} cannot be read: {error.strerror or error}.", way_out=_TAKE_ANOTHER
        ) from error


def _expect_format(path: Path, metadata: dict[str, str]) -> None:
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"{path.name} is a safetensors file, but no checkpoint of this app.",
            way_out=_TAKE_ANOTHER,
        )
    if metadata.get("format_version") != str(FORMAT_VERSION):
        raise CheckpointError(
            f"{path.name} has the format version {metadata.get('format_version')}; this app reads {FORMAT_VERSION}.",
            way_out="Update the app, or train again.",
        )


def _expect_classes(path: Path, *, found: tuple[str, ...], expected: Sequence[str] | None) -> None:
    if expected is not None and found != tuple(expected):
        raise CheckpointError(
            f"{path.name} knows {len(found)} classes ({', '.join(found)}), but {len(expected)} are asked for "
            f"({', '.join(expected)}).",
            way_out="Choose the data set on which it was trained, or train again on this one.",
        )


def _described(
    path: Path, metadata: dict[str, str]
) -> tuple[ModelConfig, ImageConfig, tuple[str, ...]]:
    """What kind of model it is."""
    try:
        return (
            from_dict(ModelConfig, json.loads(metadata["model"])),
            from_dict(ImageConfig, json.loads(metadata["image"])),
            tuple(json.loads(metadata["classes"])),
        )
    except (ConfigError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise _foreign(path, str(error)) from error


def _foreign(path: Path, reason: str) -> CheckpointError:
    return CheckpointError(
        f"{path.name} does not fit this version of the app ({reason}).", way_out=_TAKE_ANOTHER
    )


def _damaged(path: Path) -> CheckpointError:
    return CheckpointError(
        f"{path.name} is damaged or is no checkpoint: it cannot be read to its end.",
        way_out=_TAKE_ANOTHER,
    )


def _stored(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    """Matrices and filters in `dtype`; vectors are few, and scales may not fit into 16 bits."""
    is_large = tensor.ndim >= 2 and min(tensor.shape[:2]) > 1
    return tensor.detach().cpu().to(dtype if is_large and dtype else tensor.dtype).contiguous()


def _digest(tensors: dict[str, Tensor]) -> str:
    """A hash of the tensors as they are stored: a damaged byte is found, not computed with."""
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
