"""Tuning of the garbage collector: what was imported is frozen, so that it is not traversed again and again.

Streamlit collects garbage after every run of a script, a fragment's too, and holds up every visitor meanwhile. Among
the classes and functions of PyTorch, Numba and Plotly that takes longer (0.3 s) than the script itself.
"""

from __future__ import annotations

import gc
import sys
from threading import Lock

_MANY = 50  # modules: a library, not a page that was opened for the first time
_lock = Lock()
_frozen = 0


def freeze_imports() -> None:
    """Freeze all that is alive whenever a library was imported since the last time.

    What is garbage already is collected before. What a visitor holds at that moment, and later lets go, is still freed
    when its last reference goes; only if it refers to itself it stays, a few times in the life of a server.
    """
    global _frozen
    with _lock:
        if (modules := len(sys.modules)) - _frozen >= _MANY:
            _frozen = modules
            gc.collect()
            gc.freeze()
