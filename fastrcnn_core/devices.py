"""Devices: choosing one, naming it, mixed precision, memory, and device errors with a hint.

PyTorch is imported when a function needs it, so that pages without a network start without it.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastrcnn_core.errors import DeviceError, DeviceMemoryError

if TYPE_CHECKING:
    import torch

_STATUS = Path("/proc/self/status")  # on Linux
# What a device's own RuntimeErrors say; anything else is a bug of ours and stays one.
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")
# Parameters of glibc's mallopt, from its malloc.h.
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
_NOT_IMPLEMENTED = ("not currently implemented for the", "not implemented for '")
_DEVICE_FAILURE = ("cuda error", "cudnn", "cublas", "hip error", "mps backend", "no kernel image")


def available_devices() -> tuple[str, ...]:
    """List the devices of this machine, fastest first: CUDA, then MPS, then CPU."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    cuda = ("cuda", *(f"cuda:{index}" for index in range(1, count))) if count else ()
    mps = ("mps",) if torch.backends.mps.is_available() else ()
    return (*cuda, *mps, "cpu")


def choose_device(setting: str, *, place: int = 0) -> torch.device:
    """Choose the device that a setting names; `auto` is the fastest of this machine.

    Args:
        place: of this process among those of this machine that compute together; each takes a CUDA device of its own.

    Raises:
        DeviceError: this machine has no such device.
    """
    import torch

    available = available_devices()
    name = available[0] if setting == "auto" else {"cuda:0": "cuda"}.get(setting, setting)
    name = f"cuda:{place}" if name == "cuda" and place else name
    if name not in available:
        raise DeviceError(
            f"This machine has no device {name if place else setting!r}.",
            hint=f"Choose auto or one of {', '.join(available)}.",
        )
    return torch.device(name)


def describe(device: torch.device) -> str:
    """Describe the device as people call it: "NVIDIA T4 (16 GB)", "Apple GPU", "CPU, 2 threads"."""
    import torch

    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        return f"{properties.name} ({properties.total_memory / 2**30:.0f} GB)"
    if device.type == "mps":
        return "Apple GPU"
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'' if threads == 1 else 's'}"


def peak_memory() -> int:
    """Return the peak main memory of this process so far, in bytes.

    On Linux `ru_maxrss` only where there is nothing better: a child process inherits its parent's there.
    """
    if sys.platform == "linux" and (peak := _peak_in(_STATUS.read_text(encoding="ascii"))):
        return peak
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _peak_in(status: str) -> int | None:
    """Parse the peak in bytes from /proc/PID/status; None under a kernel that does not report it, such as gVisor's."""
    kilobytes = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    return next((count * 1024 for count in kilobytes), None)


def keep_freed_memory() -> None:
    """Tell glibc's malloc to keep freed memory, for a process that computes and then ends.

    By default glibc returns every freed block of more than some megabytes to the system, and the kernel zeroes each
    page of the next one: half the time of a frozen ResNet-50's step on a CPU. Other C libraries are left alone.
    Source: malloc_trim(3), mallopt(3).
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_MMAP_MAX, 0)
        library.mallopt(_TRIM_THRESHOLD, -1)  # never trim the top of the heap


def peak_device_memory(device: torch.device) -> int | None:
    """Return the peak memory that PyTorch reserved on a CUDA device so far, in bytes; None elsewhere."""
    import torch

    return torch.cuda.max_memory_reserved(device) if device.type == "cuda" else None


@contextmanager
def autocast(device: torch.device, *, mixed: bool = True) -> Iterator[None]:
    """Enable mixed precision (AMP) where the device gains by it, and float32 elsewhere.

    bfloat16 where the chip computes it: it has float32's range, so gradients need no scaling. Older CUDA chips
    take float16 for detection and stay in float32 for training, where float16's small gradients vanish. A CPU
    with bfloat16 instructions (x86's avx512_bf16 or amx_bf16) takes it for training only, so that what is detected is
    the same on every CPU.
    Source: Kalamkar et al., 2019, arXiv:1905.12322.

    Args:
        mixed: False computes in float32 everywhere.
    """
    import torch

    if not _can_autocast(device):
        yield
        return
    dtype = autocast_type(device, training=torch.is_grad_enabled()) if mixed else None
    # Not left out where it is off: an outer one would stay on.
    with torch.autocast(device.type, dtype=dtype or torch.bfloat16, enabled=dtype is not None):
        yield


def _can_autocast(device: torch.device) -> bool:
    import torch

    return device.type == "cpu" or (device.type == "cuda" and torch.cuda.is_available())


def autocast_type(device: torch.device, *, training: bool) -> torch.dtype | None:
    """Return the narrow type in which `autocast` computes on the device; None if that is float32."""
    import torch

    if not _can_autocast(device):
        return None
    if device.type == "cpu":
        return torch.bfloat16 if training and _cpu_computes_bfloat16() else None
    with torch.cuda.device(device):  # PyTorch asks the current card
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    if native:
        return torch.bfloat16
    return None if training else torch.float16


@cache
def _cpu_computes_bfloat16() -> bool:
    """Tell whether the device has bfloat16 instructions; without them bfloat16 is slower than float32."""
    import torch

    # PyTorch tells of a processor's instructions only from some release on; before, it stays in float32.
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


@contextmanager
def device_errors() -> Iterator[None]:
    """Turn a device's failure inside the block into a `DeviceError` with a hint.

    Raises:
        DeviceError: the device is out of memory, or failed. Other errors pass as they are.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        translated = _in_words(error)
        if translated is None:
            raise
        raise translated from error


def _in_words(error: Exception) -> DeviceError | None:
    complaint = str(error).lower()
    if isinstance(error, MemoryError) or any(words in complaint for words in _OUT_OF_MEMORY):
        return DeviceMemoryError(
            "The device ran out of memory.",
            hint="Take a smaller shorter_side or fewer proposals, close other programs that use the device, "
            "or compute on the CPU.",
        )
    if any(words in complaint for words in _NOT_IMPLEMENTED):
        return DeviceError(
            f"The device lacks an operation: {str(error).splitlines()[0].partition('. ')[0].rstrip('.')}.",
            hint="Compute on the CPU (--device cpu). On Apple's GPU, PYTORCH_ENABLE_MPS_FALLBACK=1 in the environment "
            "computes only the missing operation there.",
        )
    if any(words in complaint for words in _DEVICE_FAILURE):
        return DeviceError(
            f"The device failed: {str(error).splitlines()[0].rstrip('.')}.",
            hint="Compute on the CPU, or restart the program: after such a failure the device often needs that.",
        )
    return None
