"""Tensors by name in a file of the safetensors format."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

from fastrcnn_core.files import appearing_whole

_SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None
) -> None:
    """Write them, without a second copy in memory; the file appears whole or not at all.

    Raises:
        OSError: the disk is full, or the file cannot be written for another reason of the system's.
    """
    with appearing_whole(path) as partial:
        partial.touch()
        mode = partial.stat().st_mode
        try:
            save_file(dict(tensors), partial, metadata=dict(metadata or {}) or None)
        except SafetensorError as error:
            raise _of_the_system(error) from error
        # safetensors lets its owner alone read a file, and a cache may be shared.
        partial.chmod(mode)


def _of_the_system(error: SafetensorError) -> Exception:
    """The system's own error, which safetensors tells as a sentence; the error as it is if that names none."""
    told = _SYSTEM_ERROR.search(str(error))
    if told is None:
        return error
    code = int(told[1])
    if os.name == "nt":  # the number is Windows' own there
        return OSError(None, str(error), None, code)
    return OSError(code, os.strerror(code))
