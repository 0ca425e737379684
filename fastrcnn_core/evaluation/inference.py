"""Evaluation of a detector on a split of a data set: inference on every image, then COCO's average precision."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

import numpy as np

from fastrcnn_core.config import EVALUATION_SCORE_THRESHOLD
from fastrcnn_core.datasets import Annotation, Dataset
from fastrcnn_core.detector import Detector
from fastrcnn_core.evaluation.average_precision import Evaluation, evaluate_detections
from fastrcnn_core.structures import AnnotatedImage, Detections, FloatArray, class_key

ImageWithProposals = tuple[AnnotatedImage, FloatArray]


def evaluate(
    detector: Detector,
    dataset: Dataset,
    split: Literal["train", "test", "all"] | Sequence[str] = "test",
    *,
    load: Callable[[str], ImageWithProposals] | None = None,
    progress: Callable[[str], object] = lambda name: None,
) -> Evaluation:
    """Evaluate a detector on a split by COCO's average precision, with every detection from a score of 0.05 on.

    The images are read one at a time: there may be thousands. Ground truth is remapped to the detector's classes.

    Args:
        split: a part of the data set, or the names of its images.
        load: reads the image of a name with its (P, 4) proposals; None takes the data set and the detector's store.
        progress: called with each image's name when it is done.

    Raises:
        DataError: an image or its annotation cannot be read. DeviceError: the device failed.
    """
    names = split_names(dataset, split) if isinstance(split, str) else split
    annotations: list[Annotation] = []
    proposals: dict[str, FloatArray] = {}

    def images() -> Iterator[ImageWithProposals]:
        for name in names:
            annotated, boxes = load(name) if load else _load(detector, dataset, name)
            annotations.append(Annotation.of(remap_classes(annotated, detector.classes)))
            proposals[name] = boxes
            yield annotated, boxes

    found = run_inference(detector, images(), progress=progress)
    return evaluate_detections(found, annotations, classes=detector.classes, proposals=proposals)


def split_names(dataset: Dataset, split: Literal["train", "test", "all"] | str) -> tuple[str, ...]:
    """Return the names of a split's images; "all" are those of the whole data set."""
    names: tuple[str, ...] = dataset.names if split == "all" else getattr(dataset.split, split)
    return names


def run_inference(
    detector: Detector,
    images: Iterable[ImageWithProposals],
    *,
    progress: Callable[[str], object] = lambda name: None,
) -> dict[str, Detections]:
    """Detect on many images; keep scores from 0.05 on, so that the precision-recall curve has its tail.

    Args:
        detector: its own score threshold is for screens and not used.
        images: each with its (P, 4) proposals.
        progress: called with each image's name when it is done.
    """
    config = dataclasses.replace(
        detector.detection_config, score_threshold=EVALUATION_SCORE_THRESHOLD
    )
    sensitive = dataclasses.replace(detector, detection_config=config)
    found = {}
    for annotated, proposals in images:
        found[annotated.name] = sensitive.detect(annotated.image, proposals)
        progress(annotated.name)
    return found


def remap_classes(annotated: AnnotatedImage, classes: tuple[str, ...]) -> AnnotatedImage:
    """Remap ground truth to a detector's classes by name; leave out boxes of classes that it does not know."""
    if annotated.classes == classes:
        return annotated
    label_of = {class_key(name): label for label, name in enumerate(classes, start=1)}
    new_labels = [label_of.get(class_key(name), 0) for name in annotated.classes]
    labels = np.asarray([new_labels[label - 1] for label in annotated.labels], np.int64)
    rows = np.flatnonzero(labels)
    return AnnotatedImage(
        annotated.image,
        annotated.boxes[rows],
        labels[rows],
        classes,
        tuple(annotated.tags[row] for row in rows),
    )


def _load(detector: Detector, dataset: Dataset, name: str) -> ImageWithProposals:
    annotated = dataset.load(name)
    return annotated, detector.proposals(annotated.image)
