"""Time of a training step with a frozen backbone, its features computed beside cached.

    python benchmarks/cached_features.py [--backbone vgg16] [--steps N] [--no-mixed-precision]

The same preset, pictures, proposals and seed, with a store of features and without one, steps of both in turn, so that
both meet the same load. Two synthetic pictures of Penn-Fudan's usual size a step, and their mirror images. The last
line is `ratio R (bar ≥ 5)`.
"""

from __future__ import annotations

import dataclasses
import statistics
import sys
from pathlib import Path
from typing import Annotated

import tyro

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.training_step import build, picture
from fastrcnn_core.config import BackboneName, Config, preset
from fastrcnn_core.devices import keep_freed_memory
from fastrcnn_core.features import FeatureStore
from fastrcnn_core.training import Trainer

BAR = 5.0


def main(
    backbone: Annotated[
        BackboneName, tyro.conf.arg(help="Frozen throughout.")
    ] = "efficientnet_lite0",
    steps: Annotated[int, tyro.conf.arg(help="Of each, after those that fill the store.")] = 15,
    mixed_precision: Annotated[bool, tyro.conf.arg(help="As the knob of `train`.")] = True,
) -> None:
    """Print the median seconds of both steps, and their ratio."""
    keep_freed_memory()  # as `train` does
    config = frozen(backbone, mixed_precision)
    pictures = [picture(0), picture(1)]
    remembering, computing = trainer(config, remembers=True), trainer(config, remembers=False)
    for _ in range(6):  # both pictures and their mirror images
        remembering.step(pictures)
    computing.step(pictures)
    short, long = [], []
    for _ in range(steps):
        short.append(remembering.step(pictures).seconds)
        long.append(computing.step(pictures).seconds)
    a, b = statistics.median(short), statistics.median(long)
    print(f"{backbone}, features cached: {a:.4f} s a step\ncomputed at every step: {b:.4f} s")
    print(f"ratio {b / a:.1f} (bar ≥ {BAR:.0f})")


def frozen(backbone: BackboneName, mixed_precision: bool) -> Config:
    """Build the preset `minute` with another backbone, frozen."""
    minute = preset("minute")
    return dataclasses.replace(
        minute,
        model=dataclasses.replace(minute.model, backbone=backbone, trainable_stages=0),
        training=dataclasses.replace(minute.training, mixed_precision=mixed_precision),
    )


def trainer(config: Config, *, remembers: bool) -> Trainer:
    """With the store, or without."""
    model = build(config)
    features = FeatureStore(model) if remembers else None
    return Trainer(model, config, total_steps=10_000, features=features)


if __name__ == "__main__":
    tyro.cli(main)
