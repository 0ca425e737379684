"""What a model finds on many pictures: the slow half of an evaluation."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

from fastrcnn_core.config import EVALUATION_SCORE_THRESHOLD, DetectionConfig
from fastrcnn_core.detection import predict, select
from fastrcnn_core.model import FastRCNN
from fastrcnn_core.structures import AnnotatedImage, Detections, FloatArray


def find_all(
    model: FastRCNN,
    pictures: Iterable[tuple[AnnotatedImage, FloatArray]],
    config: DetectionConfig,
    *,
    progress: Callable[[str], None] = lambda name: None,
) -> dict[str, Detections]:
    """Each picture's detections by its name, kept from a score of 0.05 so that the precision-recall curve has its tail.

    Args:
        pictures: each with its (P, 4) proposals.
        config: how often the network looks, NMS and limit; its score threshold is for screens and not used here.
        progress: called with each picture's name when it is done.
    """
    deep = dataclasses.replace(config, score_threshold=EVALUATION_SCORE_THRESHOLD)
    found = {}
    for annotated, proposals in pictures:
        found[annotated.name] = select(predict(model, annotated.image, proposals, config), deep)
        progress(annotated.name)
    return found
