"""Time of a training step with a frozen backbone and cached features, beside the notebook's recipe.

Ours: `efficientnet_lite0` frozen, features cached, 128 RoIs. The notebook's recipe: ResNet-50 trained throughout,
one picture, 128 RoIs. The same synthetic picture and proposals; steps of both in turn, so that both meet the same load.

    python benchmarks/training_step.py [--steps N]

The last line is `ratio R (bar ≤ 0.025)`. ResNet-50 takes its ImageNet weights from TORCH_HOME if they are there, else
random ones: the time of a step does not depend on them.
"""

from __future__ import annotations

import dataclasses
import statistics
import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import tyro

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fastrcnn_core.config import Config, SamplingConfig, preset
from fastrcnn_core.errors import WeightsError
from fastrcnn_core.features import FeatureStore
from fastrcnn_core.model import FastRCNN
from fastrcnn_core.structures import AnnotatedImage, FloatArray, Image
from fastrcnn_core.training import Trainer

BAR = 1 / 40
HEIGHT, WIDTH = 536, 560  # Penn-Fudan's usual size


def main(
    steps: Annotated[
        int, tyro.conf.arg(help="Of the notebook's recipe; ours takes ten times as many.")
    ] = 7,
) -> None:
    """Print the median seconds of both steps, and their ratio."""
    pictures = [picture()]
    ours, reference = frozen(), throughout()
    ours.step(pictures)
    reference.step(pictures)
    fast, slow = [], []
    for _ in range(steps):
        slow.append(reference.step(pictures).seconds)
        fast += [ours.step(pictures).seconds for _ in range(10)]
    a, b = statistics.median(fast), statistics.median(slow)
    print(f"frozen efficientnet_lite0, features cached: {a:.4f} s a step")
    print(f"the notebook's recipe, resnet50 throughout:      {b:.4f} s a step")
    print(f"ratio {a / b:.4f} (bar ≤ {BAR})")


def picture(seed: int = 0) -> tuple[AnnotatedImage, FloatArray]:
    """Noise with four people and 2000 proposals: a step's time does not depend on what is to be seen."""
    generator = np.random.default_rng(seed)
    image = Image(generator.integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8), f"noise {seed}")
    people = np.asarray([[60 + 120 * i, 120, 140 + 120 * i, 420] for i in range(4)], np.float32)
    near = np.repeat(people, 100, axis=0) + generator.uniform(-20, 20, (400, 4))
    corner = generator.uniform(0, 400, (1600, 2))
    far = np.concatenate([corner, corner + generator.uniform(20, 130, (1600, 2))], axis=1)
    annotated = AnnotatedImage(image, people, np.ones(4, np.int64), ("person",), ("",) * 4)
    return annotated, np.concatenate([near, far]).astype(np.float32)


def frozen() -> Trainer:
    """Our frozen detector; the first step fills its store."""
    config = dataclasses.replace(
        preset("minute"), sampling=SamplingConfig(images_per_step=1, rois_per_image=128)
    )
    model = build(config)
    return Trainer(model, config, total_steps=10_000, features=FeatureStore(model))


def throughout() -> Trainer:
    """Build the notebook's recipe, at a rate at which random weights stand noise; the time does not depend on it."""
    recipe = preset("notebook")
    slowly = dataclasses.replace(recipe.optimiser, learning_rate=1e-7)
    config = dataclasses.replace(recipe, optimiser=slowly)
    return Trainer(build(config), config, total_steps=10_000)


def build(config: Config) -> FastRCNN:
    """Build the config's network with ImageNet weights, or random ones where there are none."""
    generator = torch.Generator().manual_seed(0)

    def make(pretrained: bool) -> FastRCNN:
        return FastRCNN(
            config.model, config.image, ("person",), generator=generator, pretrained=pretrained
        )

    try:
        return make(pretrained=True)
    except WeightsError as error:
        print(f"{config.model.backbone} with random weights: {error.problem}")
        return make(pretrained=False)


if __name__ == "__main__":
    tyro.cli(main)
