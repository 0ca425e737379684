"""Reading a checkpoint, and saying in words why one cannot be read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from fastrcnn_core.checkpoints.format import FORMAT, FORMAT_VERSION, digest
from fastrcnn_core.config import ImageConfig, ModelConfig
from fastrcnn_core.devices import device_errors
from fastrcnn_core.errors import CheckpointError, ConfigError
from fastrcnn_core.knobs import from_dict
from fastrcnn_core.model import FastRCNN, make_room_for
from fastrcnn_core.model.compression import Ranks

_TAKE_ANOTHER = "Choose another checkpoint, or train again."


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
        DeviceError: the device failed or is out of memory.
    """
    with _reading(path) as (contents, metadata):
        tensors = {name: contents.get_tensor(name) for name in contents.keys()}  # noqa: SIM118
    if digest(tensors) != metadata.get("digest"):
        raise _damaged(path)
    config, image_config, known = _described(path, metadata)
    _expect_classes(path, found=known, expected=classes)
    model = FastRCNN(config, image_config, known, generator=torch.Generator(), pretrained=False)
    ranks = _ranks(path, metadata)
    try:
        if ranks is not None:
            make_room_for(model, ranks)
        model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except (RuntimeError, ConfigError) as error:
        raise _foreign(path, str(error).splitlines()[-1].strip()) from error
    with device_errors():
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
        raise CheckpointError(f"There is no checkpoint {path}.", hint=_TAKE_ANOTHER)
    try:
        with safe_open(path, framework="pt") as contents:
            metadata = contents.metadata() or {}
            _expect_format(path, metadata)
            yield contents, metadata
    except SafetensorError as error:
        raise _damaged(path) from error
    except OSError as error:
        raise CheckpointError(
            f"{path.name} cannot be read: {error.strerror or error}.", hint=_TAKE_ANOTHER
        ) from error


def _expect_format(path: Path, metadata: dict[str, str]) -> None:
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"{path.name} is a safetensors file, but no checkpoint of this app.",
            hint=_TAKE_ANOTHER,
        )
    if metadata.get("format_version") != str(FORMAT_VERSION):
        raise CheckpointError(
            f"{path.name} has the format version {metadata.get('format_version')}; this app reads {FORMAT_VERSION}.",
            hint="Update the app, or train again.",
        )


def _expect_classes(path: Path, *, found: tuple[str, ...], expected: Sequence[str] | None) -> None:
    if expected is not None and found != tuple(expected):
        raise CheckpointError(
            f"{path.name} knows {len(found)} classes ({', '.join(found)}), but {len(expected)} are asked for "
            f"({', '.join(expected)}).",
            hint="Choose the data set on which it was trained, or train again on this one.",
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


def _ranks(path: Path, metadata: dict[str, str]) -> Ranks | None:
    """Of a compressed head; older checkpoints do not speak of it."""
    try:
        ranks = json.loads(metadata.get("ranks", "null"))
        return None if ranks is None else (int(ranks[0]), int(ranks[1]))
    except (ValueError, TypeError, IndexError, KeyError) as error:
        raise _foreign(path, "the ranks of its head are no two numbers") from error


def _foreign(path: Path, reason: str) -> CheckpointError:
    return CheckpointError(
        f"{path.name} does not fit this version of the app ({reason}).", hint=_TAKE_ANOTHER
    )


def _damaged(path: Path) -> CheckpointError:
    return CheckpointError(
        f"{path.name} is damaged or is no checkpoint: it cannot be read to its end.",
        hint=_TAKE_ANOTHER,
    )
