"""Checkpoints: a trained model in one file, safetensors for the weights and JSON metadata for everything else.

Nothing in such a file is executed. Vectors stay in float32; matrices and filters may be stored in float16.
PyTorch is imported when weights are read or written, so that a page can show a checkpoint's header without it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

from fastrcnn_core.config import ImageConfig, ModelConfig
from fastrcnn_core.devices import device_errors
from fastrcnn_core.errors import CheckpointError, ConfigError
from fastrcnn_core.files import atomic_write
from fastrcnn_core.knobs import from_dict, to_dict

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from fastrcnn_core.model import FastRCNN, Ranks

FORMAT = "fast-rcnn-visible"
FORMAT_VERSION = 1
_HINT = "Choose another checkpoint, or train again."


@dataclass(frozen=True)
class CheckpointHeader:
    """The metadata of a checkpoint, read without its weights.

    Args:
        model, image: the configs of the network and of its input size.
        classes: the K names. parameters: how many numbers the weights are.
        ranks: of the head's layers after truncated SVD; None if it is not compressed.
        card: the model card, plain values: command, data, metrics.
        digest: the hash of the tensors as they are stored.
    """

    model: ModelConfig
    image: ImageConfig
    classes: tuple[str, ...]
    parameters: int
    ranks: Ranks | None
    card: dict[str, Any]
    digest: str


def read_header(path: Path) -> CheckpointHeader:
    """Read a checkpoint's metadata without its weights and without PyTorch.

    Raises:
        CheckpointError: the file is missing, damaged, or of another kind or version.
    """
    with _open(path, "numpy") as file:
        return _header(path, file)


def read_card(path: Path) -> dict[str, Any]:
    """Read a checkpoint's model card. Raises CheckpointError as `read_header` does."""
    return read_header(path).card


def load_checkpoint(
    path: Path, *, device: torch.device, classes: Sequence[str] | None = None
) -> FastRCNN:
    """Load a checkpoint's model to a device, in float32 and in evaluation mode.

    Args:
        classes: the class names that the caller's data has; None takes the checkpoint's.

    Raises:
        CheckpointError: the file is missing, damaged, of another kind or version, or has other classes.
        DeviceError: the device failed or is out of memory.
    """
    import torch

    from fastrcnn_core.model import FastRCNN, set_ranks

    with _open(path, "pt") as file:
        header = _header(path, file)
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if _digest(tensors) != header.digest:
        raise _damaged(path)
    _expect_classes(path, header.classes, classes)
    model = FastRCNN(
        header.model,
        header.image,
        header.classes,
        generator=torch.Generator(),
        pretrained=False,
    )
    try:
        if header.ranks is not None:
            set_ranks(model, header.ranks)
        model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    except (RuntimeError, ConfigError) as error:
        raise _mismatch(path, str(error).splitlines()[-1].strip()) from error
    with device_errors():
        return model.to(device).eval()


def save_checkpoint(
    path: Path, model: FastRCNN, *, card: dict[str, Any], dtype: torch.dtype | None = None
) -> None:
    """Save a model atomically.

    Args:
        path: ends in .safetensors.
        model: all its weights are saved, frozen ones included, so that loading needs no ImageNet weights.
        card: the model card, plain values for JSON.
        dtype: of the stored matrices and filters, such as float16; None leaves them as they are.

    Raises:
        CheckpointError: the file cannot be written.
    """
    from safetensors.torch import save

    from fastrcnn_core.model import ranks_of

    tensors = {name: _stored(tensor, dtype) for name, tensor in model.state_dict().items()}
    metadata = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "model": json.dumps(to_dict(model.config)),
        "image": json.dumps(to_dict(model.image_config)),
        "classes": json.dumps(model.classes),
        "ranks": json.dumps(ranks_of(model)),
        "card": json.dumps(card),
        "digest": _digest(tensors),
    }
    try:
        with atomic_write(path) as partial:
            partial.write_bytes(save(tensors, metadata))
    except OSError as error:
        raise CheckpointError(
            f"The checkpoint {path.name} could not be written: {error.strerror or error}.",
            hint="Free some space or choose another folder.",
        ) from error


@contextmanager
def _open(path: Path, framework: str) -> Iterator[Any]:
    """Open a safetensors file; its failures are raised as CheckpointError."""
    if not path.is_file():
        raise CheckpointError(f"There is no checkpoint {path}.", hint=_HINT)
    try:
        with safe_open(path, framework=framework) as file:
            yield file
    except SafetensorError as error:
        raise _damaged(path) from error
    except OSError as error:
        raise CheckpointError(
            f"{path.name} cannot be read: {error.strerror or error}.", hint=_HINT
        ) from error


def _header(path: Path, file: Any) -> CheckpointHeader:
    """Parse the metadata of an open file. Raises CheckpointError."""
    metadata = file.metadata() or {}
    _expect_format(path, metadata)
    try:
        ranks = json.loads(metadata.get("ranks", "null"))
        return CheckpointHeader(
            model=from_dict(ModelConfig, json.loads(metadata["model"])),
            image=from_dict(ImageConfig, json.loads(metadata["image"])),
            classes=tuple(json.loads(metadata["classes"])),
            parameters=sum(prod(file.get_slice(name).get_shape()) for name in file.keys()),  # noqa: SIM118
            # from before truncated SVD there is no entry
            ranks=None if ranks is None else (int(ranks[0]), int(ranks[1])),
            card=json.loads(metadata["card"]),
            digest=metadata.get("digest", ""),
        )
    except (ConfigError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise _mismatch(path, str(error)) from error


def _expect_format(path: Path, metadata: Mapping[str, str]) -> None:
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"{path.name} is a safetensors file, but no checkpoint of this app.", hint=_HINT
        )
    version = metadata.get("format_version")
    if version != str(FORMAT_VERSION):
        raise CheckpointError(
            f"{path.name} has the format version {version}; this app reads {FORMAT_VERSION}.",
            hint="Update the app, or train again.",
        )


def _expect_classes(path: Path, found: Sequence[str], expected: Sequence[str] | None) -> None:
    if expected is not None and tuple(found) != tuple(expected):
        raise CheckpointError(
            f"{path.name} has {len(found)} classes ({', '.join(found)}), but the data has {len(expected)} "
            f"({', '.join(expected)}).",
            hint="Choose the data set on which it was trained, or train again on this one.",
        )


def _stored(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    """Convert matrices and filters to `dtype`; vectors stay, as they are few and scales may overflow 16 bits."""
    is_large = tensor.ndim >= 2 and min(tensor.shape[:2]) > 1
    return tensor.detach().cpu().to(dtype if is_large and dtype else tensor.dtype).contiguous()


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """Hash the tensors as they are stored, so that a damaged byte is found."""
    import torch

    hashed = hashlib.blake2b(digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name]
        hashed.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        hashed.update(tensor.contiguous().flatten().view(torch.uint8).numpy().data)
    return hashed.hexdigest()


def _mismatch(path: Path, reason: str) -> CheckpointError:
    return CheckpointError(
        f"{path.name} does not fit this version of the app ({reason}).", hint=_HINT
    )


def _damaged(path: Path) -> CheckpointError:
    return CheckpointError(
        f"{path.name} is damaged or is no checkpoint: it cannot be read to its end.", hint=_HINT
    )
