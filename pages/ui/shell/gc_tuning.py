"""What was imported stays: the garbage collector need not look through it again and again.

Streamlit collects garbage after every run of a script, a fragment's too, and holds up every visitor meanwhile. Among
the classes and functions of PyTorch, Numba and Plotly that takes longer (0.3 s) than the script itself.
"""

from __future__ import annotations

import gc
import sys
from threading import Lock

_MANY = 50  # modules: a library, not a page that was opened for the first time
_lock = Lock()
_spared = 0


def spare_imports() -> None:
    """Take all that is alive out of the collector's sight, whenever a library was imported since the last time.

    What is garbage already is collected before. What a visitor holds at that moment, and later lets go, is still freed
    when its last reference goes; only if it refers to itself it stays, a few times in the life of a server.
    """
    global _spared
    with _lock:
        if (modules := len(sys.modules)) - _spared >= _MANY:
            _spared = modules
            gc.collect()
            gc.freeze()
