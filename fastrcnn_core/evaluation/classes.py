"""The ground truth in a detector's own classes: a data set may know others, or know them in another order."""

from __future__ import annotations

import numpy as np

from fastrcnn_core.structures import AnnotatedImage


def in_classes(annotated: AnnotatedImage, classes: tuple[str, ...]) -> AnnotatedImage:
    """The boxes whose class, by name, is among these, labelled as these say; the others are left out."""
    if annotated.classes == classes:
        return annotated
    known = {name: label for label, name in enumerate(classes, start=1)}
    labels = np.asarray(
        [known.get(annotated.classes[it - 1], 0) for it in annotated.labels], np.int64
    )
    rows = np.flatnonzero(labels)
    return AnnotatedImage(
        annotated.image,
        annotated.boxes[rows],
        labels[rows],
        classes,
        tuple(annotated.tags[row] for row in rows),
    )
