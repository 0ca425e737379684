"""A CUDA device for machines without one: it computes on the CPU, and fails where a real one would fail.

`FakeTensorMode` of PyTorch pretends devices too, but its tensors have no values, so that code whose shapes depend
on values stops. Tensors of this device have values; the price is that they know forward computation only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter, tree_map

CUDA = torch.device("cuda", 0)
CPU = torch.device("cpu")
aten = torch.ops.aten

# These take tensors of two devices: indices may be on the CPU, and copies are what they are for.
_INDEXING = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default}
_MAY_MIX = _INDEXING | {aten.copy_.default}


class PretendedTensor(Tensor):
    """A tensor that says it is on CUDA; its values are in `values`, on the CPU."""

    values: Tensor  # type: ignore[assignment]
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, values: Tensor) -> PretendedTensor:
        tensor = Tensor._make_wrapper_subclass(
            cls, values.shape, strides=values.stride(), dtype=values.dtype, device=CUDA
        )
        tensor.values = values
        return tensor

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _compute(func, args, kwargs or {})


class PretendedCuda(TorchDispatchMode):
    """Inside, `device="cuda"` works: `with PretendedCuda(): model.to("cuda")`."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __enter__(self) -> PretendedCuda:
        torch._C._ensureCUDADeviceGuardSet()
        self._lifting = torch._C._only_lift_cpu_tensors()
        torch._C._set_only_lift_cpu_tensors(True)  # `new_tensor` goes by way of the CPU
        self._overwriting = torch.__future__.get_overwrite_module_params_on_conversion()
        torch.__future__.set_overwrite_module_params_on_conversion(True)  # `model.to` puts ours in
        self._initialise = torch.cuda._lazy_init
        if not torch.cuda.is_available():
            torch.cuda._lazy_init = lambda: None  # there is no driver to be found
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: Any) -> None:
        torch._C._set_only_lift_cpu_tensors(self._lifting)
        torch.__future__.set_overwrite_module_params_on_conversion(self._overwriting)
        torch.cuda._lazy_init = self._initialise
        super().__exit__(*error)  # type: ignore[no-untyped-call]

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _compute(func, args, kwargs or {})


def _compute(func: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    """Run an operation on the values, and put its result where a real device would put it."""
    tensors = [leaf for leaf in tree_iter((args, kwargs)) if isinstance(leaf, Tensor)]
    on_cuda = [tensor for tensor in tensors if tensor.device.type == "cuda"]
    device = kwargs.get("device")
    if device is None and (func not in _MAY_MIX or _indexes_from_afar(func, args, on_cuda)):
        _expect_one_device(func, tensors, on_cuda)
    if device is not None:
        kwargs = {**kwargs, "device": CPU}
    result = func(*tree_map(_values, args), **tree_map(_values, kwargs))
    where = torch.device(device) if device is not None else _home(func, args, on_cuda)
    if where.type != "cuda":
        return result
    if func in (aten.copy_.default, aten.index_put_.default):
        return args[0]
    return tree_map(
        lambda leaf: PretendedTensor(leaf) if isinstance(leaf, Tensor) else leaf, result
    )


def _expect_one_device(
    func: Callable[..., Any], tensors: list[Tensor], on_cuda: list[Tensor]
) -> None:
    """As CUDA does: tensors of the CPU may join in only if they are single numbers."""
    strangers = [tensor for tensor in tensors if tensor.device.type == "cpu" and tensor.ndim > 0]
    if on_cuda and strangers:
        raise RuntimeError(
            f"{func}: Expected all tensors to be on the same device, but found cuda:0 and cpu"
        )


def _indexes_from_afar(func: Callable[..., Any], args: Any, on_cuda: list[Tensor]) -> bool:
    """Check for a CPU tensor with CUDA indices, which PyTorch refuses; the other way round is allowed."""
    return func in _INDEXING and bool(on_cuda) and args[0].device.type == "cpu"


def _home(func: Callable[..., Any], args: Any, on_cuda: list[Tensor]) -> torch.device:
    if func in _MAY_MIX:  # the first one decides
        return torch.device(args[0].device)
    return CUDA if on_cuda else CPU


def _values(leaf: Any) -> Any:
    return leaf.values if isinstance(leaf, PretendedTensor) else leaf
