"""What turns the inner loops into machine code, and whether that has been done on this machine yet.

numba compiles a kernel when it is first called, some seconds for all of them, and keeps the result on disk beside the
source (or in the user's cache where the source is read-only), so that the next start only loads it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numba.core.config

from fastrcnn_core.files import cache_folder

Function = TypeVar("Function", bound=Callable[..., Any])

_kernels: list[Any] = []


def kernel(function: Function) -> Function:
    """The function as machine code: kept on disk, and free of the interpreter lock while it runs."""
    return _compiled_later(function, fastmath=False)


def reducing_kernel(function: Function) -> Function:
    """As `kernel`, and sums and maxima are taken several at a time: a sum's last digit depends on the processor.

    No number may be a nan.
    """
    return _compiled_later(function, fastmath={"reassoc", "nsz", "nnan"})


def kernels_on_disk() -> bool:
    """Whether every kernel's machine code is on disk and no older than its source."""
    return all(_is_on_disk(compiled) for compiled in _kernels)


def _compiled_later(function: Function, *, fastmath: set[str] | bool) -> Function:
    compiled = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=fastmath)(function)
    _kernels.append(compiled)
    return cast(Function, compiled)


def _is_on_disk(compiled: Any) -> bool:
    code = compiled.py_func.__code__
    pattern = f"*.{compiled.py_func.__name__}-{code.co_firstlineno}.*.nbi"
    written = [path.stat().st_mtime for path in Path(compiled.stats.cache_path).glob(pattern)]
    return max(written, default=0.0) >= Path(code.co_filename).stat().st_mtime


def _find_a_place_for_machine_code() -> None:
    """numba refuses to start where neither the source's folder nor the home folder can be written to."""
    settings: Any = numba.core.config
    if not settings.CACHE_DIR and not os.access(Path(__file__).parent, os.W_OK):
        settings.CACHE_DIR = str(cache_folder() / "numba")


_find_a_place_for_machine_code()
