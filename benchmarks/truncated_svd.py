"""Time of the head with truncated SVD, and what that costs in AP50.

    python benchmarks/truncated_svd.py --checkpoint FILE [--data DIR] [--ranks 256:64]

Girshick, Fast R-CNN, ICCV 2015, section 3.1, keeps 1024 and 256 of 4096 singular values; without --ranks the same
shares of this head's width are kept. Both heads look at the same RoIs in turn, so that both meet the same load. The
last lines are the ratio (bar ≥ 2) and the loss of AP50 on the data set's test split (bar ≤ 0.01).
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Annotated

import torch
import tyro
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fastrcnn_core.checkpoints import load_checkpoint
from fastrcnn_core.config import Config
from fastrcnn_core.datasets import default_dataset_setting, open_dataset
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.detection import inference
from fastrcnn_core.detector import Detector, bundled_checkpoint, checkpoint_config
from fastrcnn_core.devices import choose_device
from fastrcnn_core.evaluation import evaluate
from fastrcnn_core.model import FastRCNN, compress_head

ROIS = 512  # as many as detection hands to the head at once
PAPER = (1024 / 4096, 256 / 4096)
BAR_RATIO, BAR_LOSS = 2.0, 0.01


def main(
    checkpoint: Annotated[Path | None, tyro.conf.arg(help="The bundled one if left out.")] = None,
    data: Annotated[str | None, tyro.conf.arg(help="As `evaluate` takes it.")] = None,
    ranks: Annotated[str | None, tyro.conf.arg(help="FIRST:SECOND.")] = None,
    repeats: Annotated[int, tyro.conf.arg(help="Looks of each head.")] = 20,
    device: str = "auto",
) -> None:
    """Print milliseconds and AP50 of both heads."""
    file = checkpoint or bundled_checkpoint()
    full = load_checkpoint(file, device=choose_device(device))
    width = full.config.hidden
    remaining = (
        (int(ranks.split(":")[0]), int(ranks.split(":")[1]))
        if ranks
        else (round(PAPER[0] * width), round(PAPER[1] * width))
    )
    compressed = compress_head(full, remaining)
    print(
        f"{file.name}: {full.config.backbone}, {width} hidden units, ranks {remaining[0]}:{remaining[1]}"
    )
    slow, fast = _seconds(full, compressed, repeats)
    print(f"head on {ROIS} RoIs   whole {1000 * slow:.1f} ms   compressed {1000 * fast:.1f} ms")
    dataset = open_dataset(data or default_dataset_setting())
    before, after = (_ap50(item, dataset, checkpoint_config(file)) for item in (full, compressed))
    print(f"AP50 on {dataset.title}, test   whole {before:.3f}   compressed {after:.3f}")
    print(f"ratio {slow / fast:.2f} (bar ≥ {BAR_RATIO})")
    print(f"loss of AP50 {before - after:.3f} (bar ≤ {BAR_LOSS})")


def _seconds(full: FastRCNN, compressed: FastRCNN, repeats: int) -> tuple[float, float]:
    """Measure the median time of each head, in turn."""
    cells = full.config.roi_cells
    shape = (ROIS, full.backbone.channels, cells, cells)
    roi_features = torch.rand(shape, generator=torch.Generator().manual_seed(0)).to(full.device)
    times: dict[FastRCNN, list[float]] = {full: [], compressed: []}
    for model in (full, compressed) * (repeats + 1):
        times[model].append(_look(model, roi_features))
    slow, fast = (statistics.median(time[1:]) for time in times.values())  # the first look warms up
    return slow, fast


def _look(model: FastRCNN, roi_features: Tensor) -> float:
    with inference(model):
        began = time.perf_counter()
        model.head(roi_features).class_logits.sum().item()  # waits for the device
        return time.perf_counter() - began


def _ap50(model: FastRCNN, dataset: Dataset, config: Config) -> float:
    return evaluate(Detector(model, config.proposals, config.detection), dataset).AP50 or 0.0


if __name__ == "__main__":
    tyro.cli(main)
