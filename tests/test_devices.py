"""Choosing a device, naming it, and telling its failures in words."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from fastrcnn_core import devices
from fastrcnn_core.devices import (
    autocast,
    available_devices,
    choose_device,
    describe,
    device_errors,
    peak_memory,
)
from fastrcnn_core.errors import DeviceError


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Pretend that the machine has so many CUDA devices, and MPS or not."""

    def pretend(*, cuda: int, mps: bool) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)

    return pretend


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [
        (0, False, ("cpu",)),
        (0, True, ("mps", "cpu")),
        (1, False, ("cuda", "cpu")),
        (2, True, ("cuda", "cuda:1", "mps", "cpu")),
    ],
)
def test_devices_are_listed_fastest_first_and_auto_takes_the_first(
    machine: Callable[..., None], cuda: int, mps: bool, expected: tuple[str, ...]
) -> None:
    machine(cuda=cuda, mps=mps)
    assert available_devices() == expected
    assert choose_device("auto") == torch.device(expected[0])


def test_a_device_can_be_named(machine: Callable[..., None]) -> None:
    machine(cuda=2, mps=False)
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device("cuda:1") == torch.device("cuda:1")
    assert choose_device("cuda:0").type == "cuda"


@pytest.mark.parametrize("setting", ["cuda", "mps", "cuda:3", "gpu", ""])
def test_a_device_that_is_absent_is_a_sentence_with_the_devices_that_are_there(
    machine: Callable[..., None], setting: str
) -> None:
    machine(cuda=0, mps=False)
    with pytest.raises(DeviceError, match="Choose auto or one of cpu"):
        choose_device(setting)


def test_the_cpu_is_described_by_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    assert describe(torch.device("cpu")) == "CPU, 2 threads"
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    assert describe(torch.device("cpu")) == "CPU, 1 thread"


def test_a_gpu_is_described_by_its_name_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    class Properties:
        name = "NVIDIA T4"
        total_memory = 16 * 2**30

    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: Properties)
    assert describe(torch.device("cuda")) == "NVIDIA T4 (16 GB)"
    assert describe(torch.device("mps")) == "Apple GPU"


@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
    ids=["cuda", "mps", "cpu", "numpy"],
)
def test_out_of_memory_names_the_smaller_side_and_the_cpu_as_ways_out(error: Exception) -> None:
    with pytest.raises(DeviceError, match=r"out of memory.*shorter_side.*CPU"), device_errors():
        raise error


def test_a_failing_device_is_a_sentence_too() -> None:
    failure = RuntimeError(
        "CUDA error: device-side assert triggered\nCompile with TORCH_USE_CUDA_DSA"
    )
    with pytest.raises(DeviceError, match=r"device-side assert triggered\. Compute on the CPU"):  # noqa: SIM117
        with device_errors():
            raise failure


@pytest.mark.parametrize(
    "error",
    [
        NotImplementedError(
            "The operator 'torchvision::_roi_align_backward' is not currently implemented for the MPS device."
        ),
        RuntimeError("\"roi_align_backward\" not implemented for 'Half'"),
    ],
)
def test_an_operation_that_a_device_lacks_is_a_sentence_with_the_cpu_as_way_out(
    error: Exception,
) -> None:
    with pytest.raises(DeviceError, match="roi_align_backward") as caught, device_errors():
        raise error
    assert "--device cpu" in caught.value.hint
    assert "PYTORCH_ENABLE_MPS_FALLBACK=1" in caught.value.hint


def test_a_bug_of_ours_stays_a_bug() -> None:
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"), device_errors():
        torch.zeros(2, 3) @ torch.zeros(2, 3)
    with pytest.raises(KeyError), device_errors():
        raise KeyError("out of memory")


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Pretend that the processor has these instructions."""

    def pretend(**has: bool) -> None:
        devices._cpu_computes_bfloat16.cache_clear()
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has, raising=False)

    yield pretend
    devices._cpu_computes_bfloat16.cache_clear()


@pytest.mark.parametrize(
    ("has", "training", "mixed", "expected"),
    [
        ({"avx512_bf16": True}, True, True, torch.bfloat16),
        ({"amx_bf16": True}, True, True, torch.bfloat16),
        ({"avx512_bf16": True}, True, False, torch.float32),
        ({"avx512_bf16": True}, False, True, torch.float32),  # detection is the same everywhere
        ({"avx512_bf16": False, "avx2": True}, True, True, torch.float32),
        ({}, True, True, torch.float32),
    ],
)
def test_a_cpu_takes_bfloat16_for_training_only_and_where_it_has_it(
    processor: Callable[..., None],
    has: dict[str, bool],
    training: bool,
    mixed: bool,
    expected: torch.dtype,
) -> None:
    processor(**has)
    with torch.set_grad_enabled(training), autocast(torch.device("cpu"), mixed=mixed):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == expected


def test_float32_inside_of_bfloat16_is_float32(processor: Callable[..., None]) -> None:
    """Remembered features are computed so inside of a step."""
    processor(avx512_bf16=True)
    matrix = torch.ones(2, 2)
    with autocast(torch.device("cpu")):
        with torch.no_grad(), autocast(torch.device("cpu")):
            assert (matrix @ matrix).dtype == torch.float32
        with autocast(torch.device("cpu"), mixed=False):
            assert (matrix @ matrix).dtype == torch.float32
        assert (matrix @ matrix).dtype == torch.bfloat16


def test_a_release_that_does_not_tell_of_instructions_stays_in_float32(
    processor: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    processor(avx512_bf16=True)
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    with autocast(torch.device("cpu")):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


@pytest.mark.parametrize(
    ("native", "training", "expected"),
    [
        (True, True, (torch.bfloat16, True)),
        (True, False, (torch.bfloat16, True)),
        (False, True, (torch.bfloat16, False)),
        (False, False, (torch.float16, True)),
    ],
)
def test_cuda_takes_bfloat16_and_older_chips_float16_for_detection_only(
    machine: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    native: bool,
    training: bool,
    expected: object,
) -> None:
    machine(cuda=1, mps=False)
    requests: list[object] = []

    def record(device: str, *, dtype: torch.dtype, enabled: bool) -> contextlib.nullcontext[None]:
        requests.append((dtype, enabled))
        return contextlib.nullcontext()

    monkeypatch.setattr(torch.cuda, "device", lambda card: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: native)
    monkeypatch.setattr(torch, "autocast", record)
    with torch.set_grad_enabled(training), autocast(torch.device("cuda")):
        pass
    assert requests == [expected]


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc on Linux only")
def test_the_peak_of_memory_is_known_under_a_kernel_that_does_not_write_it_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """gVisor, under which several clouds run containers, writes VmRSS and no VmHWM."""
    status = tmp_path / "status"
    monkeypatch.setattr(devices, "_STATUS", status)
    status.write_text("Name:\tpython\nVmHWM:\t     123 kB\nVmRSS:\t     100 kB\n")
    assert peak_memory() == 123 * 1024
    status.write_text("Name:\tpython\nVmRSS:\t     100 kB\n")
    assert 20 * 2**20 < peak_memory() < 2**40
