"""Checking of a data set: every image and annotation read once, counted, and the faults collected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import PIL.Image

from fastrcnn_core.datasets.dataset import Annotation, Dataset, Split
from fastrcnn_core.errors import UserError
from fastrcnn_core.structures import FloatArray, Image

# Chosen here: the correlation of two thumbnails. Neighbouring frames of a film have 0.99; of Penn-Fudan's test pictures
# the nearest to a training picture has 0.83.
_NEARLY_SAME = 0.97
_SIDE = 16  # of a thumbnail, in pixels


@dataclass(frozen=True, eq=False)
class Report:
    """The content of a data set and its faults.

    Args:
        classes: the K names.
        annotations: of every image that could be read.
        problems: (name, sentence) of every image that could not; empty if all is well.
        near_duplicates: (test image, training image) of every test image that is nearly the same as a training image.
    """

    classes: tuple[str, ...]
    annotations: tuple[Annotation, ...]
    problems: tuple[tuple[str, str], ...] = ()
    near_duplicates: tuple[tuple[str, str], ...] = ()

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
    thumbnails: dict[str, FloatArray] = {}
    for done, name in enumerate(dataset.names, start=1):
        try:
            annotated = dataset.load(name)
            annotations.append(Annotation.of(annotated))
            thumbnails[name] = _thumbnail(annotated.image)
        except UserError as error:
            problems.append((name, str(error)))
        progress(done, len(dataset))
    return Report(
        dataset.classes,
        tuple(annotations),
        tuple(problems),
        _near_duplicates(dataset.split, thumbnails),
    )


def describe_near_duplicates(pairs: Sequence[tuple[str, str]], dataset: Dataset) -> str:
    """Tell what near-duplicates mean for an evaluation; empty if there are none."""
    if not pairs:
        return ""
    test, training = pairs[0]
    return (
        f"{len(pairs)} of the {len(dataset.split.test)} test pictures are nearly the same as a training picture "
        f"(first: {test} as {training}): figures on the test split tell little about other pictures."
    )


def _thumbnail(image: Image) -> FloatArray:
    """Reduce an image to (256,) grey values of mean 0 and length 1; all 0 if it has one colour."""
    grey = PIL.Image.fromarray(image.pixels).convert("L")
    values = np.asarray(grey.resize((_SIDE, _SIDE), PIL.Image.Resampling.BOX), np.float32).ravel()
    values = values - values.mean()
    length = float(np.linalg.norm(values))
    return values / length if length > 1 else np.zeros_like(values)


def _near_duplicates(
    split: Split, thumbnails: Mapping[str, FloatArray]
) -> tuple[tuple[str, str], ...]:
    training = [name for name in split.train if name in thumbnails]
    if not training:
        return ()
    stacked = np.stack([thumbnails[name] for name in training])
    pairs = []
    for name in split.test:
        if name in thumbnails:
            correlations = stacked @ thumbnails[name]
            best = int(correlations.argmax())
            if correlations[best] >= _NEARLY_SAME:
                pairs.append((name, training[best]))
    return tuple(pairs)
