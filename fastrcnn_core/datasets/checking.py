"""Checking of a data set: every image and annotation read once, counted, and the faults collected."""

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
    """The content of a data set and its faults.

    Args:
        classes: the K names.
        annotations: of every image that could be read.
        problems: (name, sentence) of every image that could not; empty if all is well.
    """

    classes: tuple[str, ...]
    annotations: tuple[Annotation, ...]
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def images(self) -> int:
        """The number of images, readable or not."""
        return len(self.annotations) + len(self.problems)

    @property
    def images_without_boxes(self) -> int:
        """The number of readable images without ground truth."""
        return sum(not len(annotation.boxes) for annotation in self.annotations)

    @property
    def boxes(self) -> FloatArray:
        """All boxes, (N, 4)."""
        boxes = [annotation.boxes for annotation in self.annotations]
        return np.concatenate([np.zeros((0, 4), np.float32), *boxes])

    @property
    def boxes_per_class(self) -> dict[str, int]:
        """The number of boxes of each class, 0 included."""
        counts = Counter(
            int(label) for annotation in self.annotations for label in annotation.labels
        )
        return {name: counts[label] for label, name in enumerate(self.classes, start=1)}

    @property
    def boxes_per_tag(self) -> dict[str, int]:
        """The number of boxes tagged "added" or "crowd"; untagged ones are left out."""
        return dict(
            Counter(tag for annotation in self.annotations for tag in annotation.tags if tag)
        )


def check(
    dataset: Dataset, *, progress: Callable[[int, int], None] = lambda done, total: None
) -> Report:
    """Read every image and annotation and compare them.

    Args:
        dataset: the one to check.
        progress: called with (images so far, images in all) after each.
    """
    annotations: list[Annotation] = []
    problems: list[tuple[str, str]] = []
    for done, name in enumerate(dataset.names, start=1):
        try:
            annotations.append(Annotation.of(dataset.load(name)))
        except UserError as error:
            problems.append((name, str(error)))
        progress(done, len(dataset))
    return Report(dataset.classes, tuple(annotations), tuple(problems))
