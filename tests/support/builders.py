"""Small configs, images, annotations, predictions, detections and untrained networks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fastrcnn_core.config import (
    Config,
    ImageConfig,
    ModelConfig,
    OptimiserConfig,
    ProposalConfig,
    SamplingConfig,
    TrainingConfig,
)
from fastrcnn_core.knobs import to_dict
from fastrcnn_core.structures import AnnotatedImage, Detections, Image, RoIPredictions

if TYPE_CHECKING:
    from fastrcnn_core.model import FastRCNN

Box = Sequence[float]


def tiny_config(*, epochs: float = 3.0, stages: int = 0, validation: float = 0.0) -> Config:
    """Configure a run of seconds on `write_tiny`'s images: a head of 16, a checkpoint every epoch of four steps."""
    return Config(
        proposals=ProposalConfig(method="single", min_side=8, limit=50),
        image=ImageConfig(shorter_side=64, longer_side=96),
        sampling=SamplingConfig(images_per_step=2, rois_per_image=8),
        model=ModelConfig(trainable_stages=stages, hidden=16),
        optimiser=OptimiserConfig(learning_rate=0.01),
        training=TrainingConfig(epochs=epochs, device="cpu", validation_share=validation),
    )


def block_image(
    seed: int = 0, *, height: int = 64, width: int = 80, side: int = 16, name: str = ""
) -> Image:
    """Draw random coloured blocks of `side` pixels with noise of at most 6 grey levels."""
    generator = np.random.default_rng(seed)
    blocks = generator.integers(0, 256, (-(-height // side), -(-width // side), 3))
    pixels = np.kron(blocks, np.ones((side, side, 1), int))[:height, :width]
    pixels = pixels + generator.integers(-6, 7, pixels.shape)
    return Image(np.clip(pixels, 0, 255).astype(np.uint8), name)


def noise_image(seed: int = 0, *, height: int = 64, width: int = 96, name: str = "noise") -> Image:
    """Draw uniform random pixels."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image(pixels, name)


def annotate(
    *boxes: Box,
    tags: Sequence[str] = (),
    labels: Sequence[int] = (),
    classes: tuple[str, ...] = ("person",),
    height: int = 400,
    width: int = 400,
    name: str = "street",
) -> AnnotatedImage:
    """Annotate a grey image with ground-truth boxes, of the first class unless `labels` says otherwise."""
    return AnnotatedImage(
        Image(np.full((height, width, 3), 100, np.uint8), name),
        np.asarray(boxes, np.float32).reshape(-1, 4),
        np.asarray(labels or [1] * len(boxes), np.int64),
        classes,
        tuple(tags) or ("",) * len(boxes),
    )


def predict_rows(
    rois: Sequence[Box],
    scores: Sequence[float],
    *,
    boxes: Sequence[Box] | None = None,
    classes: tuple[str, ...] = ("person",),
    height: int = 400,
    width: int = 400,
) -> RoIPredictions:
    """Build predictions with `scores` for the first class; the boxes are the RoIs unless given."""
    import torch

    roi_rows = torch.tensor(rois, dtype=torch.float32).reshape(-1, 4)
    box_rows = roi_rows if boxes is None else torch.tensor(boxes, dtype=torch.float32).view(-1, 4)
    values = torch.zeros(len(roi_rows), len(classes) + 1)
    values[:, 1] = torch.tensor(scores)
    values[:, 0] = 1 - values[:, 1]
    repeated = box_rows[:, None].repeat(1, len(classes), 1)
    return RoIPredictions(roi_rows, repeated, values, classes, height, width)


def detect_rows(
    boxes: Sequence[Box],
    scores: Sequence[float] | None = None,
    labels: Sequence[int] | None = None,
    *,
    classes: tuple[str, ...] = ("person",),
) -> Detections:
    """Build detections without suppressed boxes; scores fall from 0.9 by 0.1 unless given."""
    import torch

    from fastrcnn_core.structures import SuppressedBoxes

    count, none = len(boxes), torch.zeros(0)
    index = none.long()
    return Detections(
        torch.tensor(boxes, dtype=torch.float32).view(-1, 4),
        torch.tensor(scores or [0.9 - 0.1 * row for row in range(count)], dtype=torch.float32),
        torch.tensor(labels or [1] * count, dtype=torch.int64),
        torch.arange(count),
        classes,
        SuppressedBoxes(none.view(0, 4), none, index, index, index, none),
    )


def untrained_model(
    config: Config | None = None,
    classes: tuple[str, ...] = ("person",),
    *,
    seed: int = 0,
    **knobs: Any,
) -> FastRCNN:
    """Build a randomly initialised network; `knobs` replace fields of `config.model`."""
    import torch

    from fastrcnn_core.model import FastRCNN

    config = config or tiny_config()
    model_config = replace(config.model, **knobs)
    generator = torch.Generator().manual_seed(seed)
    return FastRCNN(model_config, config.image, classes, generator=generator, pretrained=False)


def write_untrained(
    path: Path,
    classes: tuple[str, ...] = ("person",),
    *,
    config: Config | None = None,
    **knobs: Any,
) -> Path:
    """Write a checkpoint of `untrained_model` whose card holds its config; return its path."""
    from fastrcnn_core.checkpoints import save_checkpoint

    config = config or tiny_config()
    model = untrained_model(config, classes, **knobs)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_checkpoint(path, model, card={"command": "none", "config": to_dict(config)})
    return path


def wait_until(condition: Callable[[], Any], *, seconds: float = 120) -> None:
    """Wait until `condition()` is true.

    Raises:
        AssertionError: after `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not true after {seconds:g} s"
        time.sleep(0.02)
