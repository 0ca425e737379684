"""Compilation of the inner loops by numba, and its cache on disk.

numba compiles a kernel at its first call, some seconds for all of them, and caches the machine code beside the
source (or in the user's cache where the source is read-only). Machine code contains the kernels that it calls, but
numba checks the caller's own file alone: so the cache folder is named by a hash of all files here.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numba.core.config

from fastrcnn_core.files import cache_folder

Function = TypeVar("Function", bound=Callable[..., Any])

_kernels: list[Any] = []


def _machine_code_folder() -> Path:
    """Name the cache folder by a hash of all kernels' sources, in NUMBA_CACHE_DIR or beside them."""
    settings: Any = numba.core.config
    package = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=8)
    for source in sorted(package.glob("*.py")):
        digest.update(source.read_bytes())
    default = package / "__pycache__" if os.access(package, os.W_OK) else cache_folder() / "numba"
    return Path(settings.CACHE_DIR or default) / f"kernels-{digest.hexdigest()}"


_FOLDER = _machine_code_folder()


def kernel(function: Function) -> Function:
    """Compile a function at its first call: cached on disk, and without the interpreter lock (GIL) while it runs."""
    return _compile_lazily(function, fastmath=False)


def fastmath_kernel(function: Function) -> Function:
    """Compile as `kernel` does, with vectorised sums and maxima: a sum's last digit depends on the processor.

    No number may be NaN.
    """
    return _compile_lazily(function, fastmath={"reassoc", "nsz", "nnan"})


def kernels_are_cached() -> bool:
    """Tell whether every kernel's machine code is on disk and no older than its source."""
    return all(_is_cached(compiled) for compiled in _kernels)


def _compile_lazily(function: Function, *, fastmath: set[str] | bool) -> Function:
    settings: Any = numba.core.config
    before, settings.CACHE_DIR = settings.CACHE_DIR, str(_FOLDER)
    try:
        compiled = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=fastmath)(
            function
        )
    finally:
        settings.CACHE_DIR = before
    _kernels.append(compiled)
    return cast(Function, compiled)


def _is_cached(compiled: Any) -> bool:
    code = compiled.py_func.__code__
    pattern = f"*.{compiled.py_func.__name__}-{code.co_firstlineno}.*.nbi"
    written = [path.stat().st_mtime for path in Path(compiled.stats.cache_path).glob(pattern)]
    return max(written, default=0.0) >= Path(code.co_filename).stat().st_mtime
