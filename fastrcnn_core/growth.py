"""How a detector grew: what the checkpoints of one run say of one picture.

Shape letters: P proposals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch

from fastrcnn_core.config import PredictionConfig
from fastrcnn_core.detection import inference, predict, predict_rois
from fastrcnn_core.model import FastRCNN, Features, image_tensor
from fastrcnn_core.structures import FloatArray, Image, RoIPredictions

_ONE_LOOK = PredictionConfig()


def predict_each(
    models: Iterable[FastRCNN],
    image: Image,
    proposals: FloatArray,
    config: PredictionConfig = _ONE_LOOK,
) -> Iterator[RoIPredictions]:
    """What each model says of every proposal, as `predict` would; what they share is computed once.

    Args:
        models: checkpoints of one run, whose backbones' frozen stages are the same; taken one by one.
        proposals: (P, 4) float32 in the picture's pixels; P may be 0.
        config: how often the network looks.

    Raises:
        DeviceError: the device failed or is out of memory.
    """
    looks_once = config.zooms == (1.0,) and not config.flip_average
    frozen = None
    for model in models:
        if looks_once:
            frozen = frozen or _frozen(model, image)
            yield _from_frozen(model, frozen, image, proposals, config.box_passes)
        else:
            yield predict(model, image, proposals, config)


def _frozen(model: FastRCNN, image: Image) -> Features:
    """What training never changes."""
    with inference(model):
        return model.frozen_features(image_tensor(image).to(model.device))


def _from_frozen(
    model: FastRCNN, frozen: Features, image: Image, proposals: FloatArray, passes: int
) -> RoIPredictions:
    with inference(model):
        features = model.trained_features(frozen)
    rois = torch.tensor(proposals).to(model.device)
    return predict_rois(
        model, features, rois, height=image.height, width=image.width, passes=passes
    )
