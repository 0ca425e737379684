"""Fast R-CNN from scratch: the public names of the package, imported when they are first used.

What `__all__` lists is public, and so are the methods and fields of these classes and the functions of the modules
`drawing` and `errors`. Everything else may change between releases. `import fastrcnn_core` imports neither PyTorch nor
NumPy. Source: Girshick, Fast R-CNN, ICCV 2015.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from fastrcnn_core import drawing, errors
    from fastrcnn_core.config import Config, preset
    from fastrcnn_core.datasets import Annotation, Dataset, open_dataset
    from fastrcnn_core.detector import Detector
    from fastrcnn_core.errors import UserError
    from fastrcnn_core.evaluation import Evaluation, evaluate
    from fastrcnn_core.images import read_image
    from fastrcnn_core.proposals import ProposalStore, propose
    from fastrcnn_core.runs import Run, create_run, find_run
    from fastrcnn_core.structures import AnnotatedImage, Detections, Image
    from fastrcnn_core.training import train

__all__ = [
    "AnnotatedImage",
    "Annotation",
    "Config",
    "Dataset",
    "Detections",
    "Detector",
    "Evaluation",
    "Image",
    "ProposalStore",
    "Run",
    "UserError",
    "create_run",
    "drawing",
    "errors",
    "evaluate",
    "find_run",
    "open_dataset",
    "preset",
    "propose",
    "read_image",
    "train",
]

_MODULES = {
    "config": ("Config", "preset"),
    "datasets": ("Annotation", "Dataset", "open_dataset"),
    "detector": ("Detector",),
    "errors": ("UserError",),
    "evaluation": ("Evaluation", "evaluate"),
    "images": ("read_image",),
    "proposals": ("ProposalStore", "propose"),
    "runs": ("Run", "create_run", "find_run"),
    "structures": ("AnnotatedImage", "Detections", "Image"),
    "training": ("train",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import a public name, or a submodule, when it is first used."""
    if name in _MODULE_OF:
        value = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
    elif name in __all__:
        value = importlib.import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, too, that are not imported yet."""
    return sorted({*globals(), *__all__})
