"""What is in a data set, and, after reading all of it once, what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fastrcnn_core.datasets.dataset import Annotation, Dataset
from fastrcnn_core.errors import UserError
from fastrcnn_core.structures import FloatArray


@dataclass(frozen=True, eq=False)
class Report:
    """What is in a data set.

    Args:
        classes: the K names.
        annotations: of every picture that could be read.
        problems: a sentence for every picture that could not; empty if all is well.
    """

    classes: tuple[str, ...]
    annotations: tuple[Annotation, ...]
    problems: tuple[str, ...] = ()

    @property
    def images(self) -> int:
        """How many pictures there are, readable or not."""
        return len(self.annotations) + len(self.problems)

    @property
    def images_without_boxes(self) -> int:
        return sum(len(one.boxes) == 0 for one in self.annotations)

    @property
    def boxes(self) -> FloatArray:
        """All boxes, (N, 4)."""
        return np.concatenate(
            [np.zeros((0, 4), np.float32), *(one.boxes for one in self.annotations)]
        )

    @property
    def boxes_per_class(self) -> dict[str, int]:
        """How many boxes each class has, 0 included."""
        counts = Counter(int(label) for one in self.annotations for label in one.labels)
        return {name: counts[label] for label, name in enumerate(self.classes, start=1)}

    @property
    def boxes_per_tag(self) -> dict[str, int]:
        """How many boxes are tagged "added" or "crowd"; ordinary ones are left out."""
        return dict(Counter(tag for one in self.annotations for tag in one.tags if tag))


def survey(dataset: Dataset) -> Report:
    """What the annotations say, without decoding a picture where that can be avoided.

    Raises:
        DataError, ImageError: an annotation that cannot be read.
    """
    return Report(dataset.classes, tuple(dataset.annotation(name) for name in dataset.names))


def check(
    dataset: Dataset, *, progress: Callable[[int, int], None] = lambda done, total: None
) -> Report:
    """Read every picture and annotation, and compare them.

    Args:
        dataset: the one to check.
        progress: called with (images so far, images in all) after each.
    """
    annotations: list[Annotation] = []
    problems: list[str] = []
    for done, name in enumerate(dataset.names, start=1):
        try:
            annotations.append(Annotation.of(dataset.load(name)))
        except UserError as error:
            problems.append(f"{name}: {error}")
        progress(done, len(dataset))
    return Report(dataset.classes, tuple(annotations), tuple(problems))
