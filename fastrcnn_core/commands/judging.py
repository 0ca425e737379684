"""A detector's figures on some pictures of a data set, read one at a time: there may be thousands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.evaluation import Evaluation, evaluate, find_all
from fastrcnn_core.model import FastRCNN
from fastrcnn_core.structures import Detections, FloatArray
from fastrcnn_core.training.pictures import Picture, Pictures


def judge(
    model: FastRCNN,
    pictures: Pictures,
    names: Sequence[str],
    config: DetectionConfig,
    *,
    progress: Callable[[str], None] = lambda name: None,
) -> tuple[dict[str, Detections], Evaluation]:
    """What the model finds on the pictures of these names, and how good that is.

    Args:
        progress: called with each picture's name when it has been looked at.

    Raises:
        DataError: a picture or its annotation cannot be read. DeviceError: the device failed.
    """
    proposals: dict[str, FloatArray] = {}

    def them() -> Iterator[Picture]:
        for name in names:
            picture = pictures.get(name)
            proposals[name] = picture[1]
            yield picture

    found = find_all(model, them(), config, progress=progress)
    truth = [pictures.dataset.annotation(name) for name in names]
    return found, evaluate(found, truth, classes=model.classes, proposals=proposals)
