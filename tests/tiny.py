"""A data set of a few tiny pictures in Penn-Fudan's layout, so that whole runs take seconds."""

from pathlib import Path

import numpy as np
from PIL import Image

from fastrcnn_core.config import (
    Config,
    ImageConfig,
    ModelConfig,
    OptimiserConfig,
    ProposalConfig,
    SamplingConfig,
    TrainingConfig,
)


def write_tiny(folder: Path, *, count: int = 10, people: int = 1) -> Path:
    """Grey noise with bright upright boxes on it; returns the folder."""
    generator = np.random.default_rng(0)
    for kind in ("PNGImages", "PedMasks"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        pixels = generator.integers(60, 90, (64, 96, 3)).astype(np.uint8)
        mask = np.zeros((64, 96), np.uint8)
        for person in range(people):
            left = 4 + 40 * person + int(generator.integers(0, 12))
            pixels[8:56, left : left + 20] = (230, 40 + 20 * person, 30)
            mask[8:56, left : left + 20] = person + 1
        Image.fromarray(pixels).save(folder / "PNGImages" / f"tiny{number:02}.png")
        Image.fromarray(mask).save(folder / "PedMasks" / f"tiny{number:02}_mask.png")
    return folder


def tiny_config(*, epochs: float = 3.0, stages: int = 0, validation: float = 0.0) -> Config:
    """A run of seconds: small pictures, a small head, a checkpoint every epoch of four steps."""
    return Config(
        proposals=ProposalConfig(method="single", min_side=8, limit=50),
        image=ImageConfig(shorter_side=64, longer_side=96),
        sampling=SamplingConfig(images_per_step=2, rois_per_image=8),
        model=ModelConfig(trainable_stages=stages, hidden=16),
        optimiser=OptimiserConfig(learning_rate=0.01),
        training=TrainingConfig(epochs=epochs, device="cpu", validation_share=validation),
    )
