"""Checkpoint timeline: the predictions of each of a run's checkpoints for one image.

Shape letters: P proposals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch

from fastrcnn_core.config import PredictionConfig
from fastrcnn_core.detection import inference, predict, predict_rois
from fastrcnn_core.model import FastRCNN, Features, image_tensor
from fastrcnn_core.structures import FloatArray, Image, RoIPredictions

_NO_AUGMENTATION = PredictionConfig()


def predict_with_checkpoints(
    models: Iterable[FastRCNN],
    image: Image,
    proposals: FloatArray,
    config: PredictionConfig = _NO_AUGMENTATION,
) -> Iterator[RoIPredictions]:
    """Predict every proposal with each checkpoint's model, as `predict` would; frozen features are computed once.

    Args:
        models: checkpoints of one run, whose backbones' frozen stages are the same; taken one by one.
        proposals: (P, 4) float32 in the image's pixels; P may be 0.
        config: test-time augmentation, with which nothing is shared, and box passes.

    Raises:
        DeviceError: the device failed or is out of memory.
    """
    is_plain = config.tta_scales == (1.0,) and not config.tta_flip
    frozen = None
    for model in models:
        if is_plain:
            frozen = frozen or _frozen_features(model, image)
            yield _predict_from(model, frozen, image, proposals, config.box_passes)
        else:
            yield predict(model, image, proposals, config)


def _frozen_features(model: FastRCNN, image: Image) -> Features:
    with inference(model):
        return model.frozen_features(image_tensor(image).to(model.device))


def _predict_from(
    model: FastRCNN, frozen: Features, image: Image, proposals: FloatArray, passes: int
) -> RoIPredictions:
    with inference(model):
        features = model.trained_features(frozen)
    rois = torch.tensor(proposals).to(model.device)
    return predict_rois(
        model, features, rois, height=image.height, width=image.width, passes=passes
    )
