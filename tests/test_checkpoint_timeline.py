"""Checkpoint timeline: the predictions of a run's checkpoints for one image."""

import numpy as np
import pytest
import torch

from fastrcnn_core.checkpoint_timeline import predict_with_checkpoints
from fastrcnn_core.config import PredictionConfig
from fastrcnn_core.detection import predict
from fastrcnn_core.model import FastRCNN
from fastrcnn_core.structures import Image
from tests.support.builders import tiny_config

PICTURE = Image(np.random.default_rng(0).integers(0, 255, (64, 96, 3)).astype(np.uint8), "street")
PROPOSALS = np.asarray([[4, 8, 24, 56], [40, 8, 60, 56]], np.float32)


def model(seed: int) -> FastRCNN:
    config = tiny_config(stages=1)
    generator = torch.Generator().manual_seed(seed)
    return FastRCNN(config.model, config.image, ("person",), generator=generator).eval()


@pytest.mark.parametrize(
    "config",
    [PredictionConfig(), PredictionConfig(box_passes=2), PredictionConfig(tta_flip=True)],
    ids=["one look", "two passes", "mirror image too"],
)
def test_each_checkpoint_says_what_it_would_say_alone(config: PredictionConfig) -> None:
    models = [model(1), model(2)]
    with torch.no_grad():  # the second has trained its last stage
        for parameter in models[1].parameters():
            if parameter.requires_grad and parameter.ndim == 4:
                parameter.mul_(1.5)
    each = predict_with_checkpoints(models, PICTURE, PROPOSALS, config)
    for found, network in zip(each, models, strict=True):
        alone = predict(network, PICTURE, PROPOSALS, config)
        assert torch.equal(found.scores, alone.scores)
        assert torch.equal(found.boxes, alone.boxes)


def test_the_frozen_stages_run_once_for_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    original = FastRCNN.frozen_features

    def counted(self: FastRCNN, pixels: torch.Tensor) -> object:
        calls.append(self)
        return original(self, pixels)

    monkeypatch.setattr(FastRCNN, "frozen_features", counted)
    assert (
        len(list(predict_with_checkpoints([model(1), model(2), model(3)], PICTURE, PROPOSALS))) == 3
    )
    assert len(calls) == 1


def test_a_picture_without_proposals_has_no_predictions() -> None:
    (found,) = predict_with_checkpoints([model(1)], PICTURE, PROPOSALS[:0])
    assert found.scores.shape == (0, 2)
