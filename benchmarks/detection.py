"""Time of detection, beside torchvision's own functions where there is one. `python benchmarks/detection.py`

Bars: a slider move (`select` with 2,000 predictions) ≤ 40 ms; a new 560×536 picture, proposals included, ≤ 2 s.
The picture is one of `FASTRCNN_DATA` if that names a data set, else a synthetic street; either is scaled to the size.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from PIL import Image as Picture
from torch import Tensor
from torchvision.ops import batched_nms, nms

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fastrcnn_core.backbones import build_backbone
from fastrcnn_core.checkpoints import load_checkpoint
from fastrcnn_core.config import DetectionConfig, ProposalConfig
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.detection import predict, select
from fastrcnn_core.detector import bundled_checkpoint, checkpoint_config
from fastrcnn_core.devices import choose_device, describe
from fastrcnn_core.files import data_setting
from fastrcnn_core.model import FastRCNN, image_tensor, resize
from fastrcnn_core.nms import greedy_nms
from fastrcnn_core.proposals import propose
from fastrcnn_core.structures import Detections, FloatArray, Image, RoIPredictions

HEIGHT, WIDTH, COUNT = 536, 560, 2000


def milliseconds(work: Callable[[], object], *, repeats: int = 15) -> float:
    """Median time of one call, after one that does not count."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def report(subject: str, ours: float, peer: str = "", reference: float | None = None) -> None:
    """Print our time and, beside a peer, how many times as long as the peer it takes."""
    beside = (
        "" if reference is None else f"   {ours / reference:6.2f} × {peer} ({reference:.1f} ms)"
    )
    print(f"{subject:<58}{ours:9.1f} ms{beside}", flush=True)


def picture() -> Image:
    dataset = open_dataset(data_setting() or "synthetic:1:0")
    image = dataset.load(dataset.names[0]).image
    scaled = Picture.fromarray(image.pixels).resize((WIDTH, HEIGHT))
    return Image(np.array(scaled), image.name)


def crowd(count: int, *, people: int) -> tuple[Tensor, Tensor]:
    """Draw boxes scattered around a few people, as a detector's are, and their scores."""
    generator = torch.Generator().manual_seed(0)
    corner = torch.rand(people, 2, generator=generator) * torch.tensor(
        [WIDTH - 100.0, HEIGHT - 200]
    )
    person = torch.cat([corner, corner + torch.tensor([80.0, 180])], dim=1)
    scatter = 20 * torch.randn(count, 4, generator=generator)
    boxes = person[torch.randint(people, (count,), generator=generator)] + scatter
    boxes[:, 2:] = torch.maximum(boxes[:, 2:], boxes[:, :2] + 1)
    return boxes, torch.rand(count, generator=generator)


def measure_nms() -> None:
    for people in (1, 10, 1000):
        boxes, scores = crowd(COUNT, people=people)
        report(
            f"greedy_nms: {COUNT} boxes around {people}, IoU 0.3",
            milliseconds(partial(greedy_nms, boxes, scores, iou_threshold=0.3)),
            "torchvision.ops.nms",
            milliseconds(partial(nms, boxes, scores, 0.3)),
        )


def measure_select() -> None:
    boxes, scores = crowd(COUNT, people=10)
    both = torch.stack([1 - scores, scores], dim=1)
    given = RoIPredictions(boxes, boxes[:, None], both, ("person",), HEIGHT, WIDTH)
    for threshold in (0.0, 0.05, 0.5):
        config = DetectionConfig(score_threshold=threshold)
        report(
            f"select: {COUNT} predictions, confidence {threshold} (bar: 40 ms)",
            milliseconds(partial(select, given, config)),
            "torchvision.ops.batched_nms",
            milliseconds(partial(torchvisions_select, boxes, scores, config)),
        )


def torchvisions_select(boxes: Tensor, scores: Tensor, config: DetectionConfig) -> Tensor:
    confident = scores >= config.score_threshold
    labels = torch.ones_like(scores[confident])
    return batched_nms(boxes[confident], scores[confident], labels, config.nms_iou)[: config.limit]


def measure_backbone(image: Image) -> None:
    pixels = resize(image_tensor(image), (600, 627))[None]
    backbone = build_backbone("efficientnet_lite0", trainable_stages=0)
    network: Any = timm.create_model("tf_efficientnet_lite0").eval()
    with torch.inference_mode():
        report(
            "backbone: efficientnet_lite0 at 600×627",
            milliseconds(partial(backbone, pixels)),
            "the same in timm, BatchNorm not folded",
            milliseconds(partial(timms_features, network, pixels)),
        )


def timms_features(network: Any, pixels: Tensor) -> Tensor:
    features: Tensor = network.bn1(network.conv_stem(pixels))
    for blocks in network.blocks[:5]:
        features = blocks(features)
    return features


def measure_picture(image: Image) -> None:
    """With the detector that comes along: one look, and all looks that its own settings ask for."""
    device, file = choose_device("auto"), bundled_checkpoint()
    model, config = load_checkpoint(file, device=device), checkpoint_config(file)
    boxes: FloatArray = propose(image, config.proposals)
    print(f"{image.name}: {len(boxes)} proposals; the network on {describe(device)}")
    report("propose", milliseconds(lambda: propose(image, config.proposals), repeats=5))
    for subject, looks in {
        "one look": DetectionConfig(),
        "all its looks": config.detection,
    }.items():
        report(
            f"predict, {subject}",
            milliseconds(partial(predict, model, image, boxes, looks), repeats=5),
        )
        report(
            f"a new picture, {subject} (bar: 2000 ms)",
            milliseconds(partial(detect, model, image, config.proposals, looks), repeats=5),
        )


def detect(
    model: FastRCNN, image: Image, proposals: ProposalConfig, looks: DetectionConfig
) -> Detections:
    return select(predict(model, image, propose(image, proposals), looks), looks)


if __name__ == "__main__":
    street = picture()
    measure_nms()
    measure_select()
    measure_backbone(street)
    measure_picture(street)
