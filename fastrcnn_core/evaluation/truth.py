"""What evaluation must know of a picture: its boxes, not its pixels."""

from __future__ import annotations

from typing import Protocol

from fastrcnn_core.structures import BoolArray, FloatArray, IntArray


class Annotated(Protocol):
    """`AnnotatedImage` and a data set's `Annotation` both are."""

    @property
    def name(self) -> str: ...
    @property
    def boxes(self) -> FloatArray: ...
    @property
    def labels(self) -> IntArray: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def is_crowd(self) -> BoolArray: ...
