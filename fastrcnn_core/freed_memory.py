"""What is freed is kept for the next step, not handed back to the system."""

from __future__ import annotations

import ctypes
import sys

# Of glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
_NEVER = -1  # however much lies unused at the heap's end


def keep_freed_memory() -> None:
    """For a process that computes and then ends: its large tensors are made in memory that it has had before.

    glibc hands every freed block of more than some megabytes back at once, and the system makes each page of the next
    one anew, zeroed: of a frozen ResNet-50's step on a CPU half the time. Other C libraries do as they do.
    Source: malloc_trim(3), mallopt(3).
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_MMAP_MAX, 0)
        library.mallopt(_TRIM_THRESHOLD, _NEVER)
