"""What turns the inner loops into machine code, and whether that has been done on this machine yet.

numba compiles a kernel when it is first called, some seconds for all of them, and keeps the result on disk beside the
source (or in the user's cache where the source is read-only), so that the next start only loads it. A kernel's machine
code contains the kernels that it calls, and numba asks only whether the caller's own file has changed: so a change of
any file here is a new folder of machine code.
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


def _folder_of_machine_code() -> Path:
    """Named by what all the kernels' sources say; where the person chose (NUMBA_CACHE_DIR), else beside them."""
    settings: Any = numba.core.config
    here = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=8)
    for source in sorted(here.glob("*.py")):
        digest.update(source.read_bytes())
    usual = here / "__pycache__" if os.access(here, os.W_OK) else cache_folder() / "numba"
    return Path(settings.CACHE_DIR or usual) / f"kernels-{digest.hexdigest()}"


_FOLDER = _folder_of_machine_code()


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


def _is_on_disk(compiled: Any) -> bool:
    code = compiled.py_func.__code__
    pattern = f"*.{compiled.py_func.__name__}-{code.co_firstlineno}.*.nbi"
    written = [path.stat().st_mtime for path in Path(compiled.stats.cache_path).glob(pattern)]
    return max(written, default=0.0) >= Path(code.co_filename).stat().st_mtime
