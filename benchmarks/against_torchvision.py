"""What do the same minutes of training give, ours with ResNet-50 and torchvision's Faster R-CNN?

    python benchmarks/against_torchvision.py --data DIR [--minutes 15] [--epochs 8] [--only ours theirs]

Both start with torchvision's ImageNet weights of ResNet-50 (TORCH_HOME) and nothing else, train on the split's
training pictures, one after the other, on all cores, and are judged on its test pictures by pycocotools.

Ours is this project's `train` with an empty cache: its minutes hold the proposals, the features and the start of
Python. It takes `--epochs` such that it ends in time, and the benchmark fails if it does not.
Theirs is `fasterrcnn_resnet50_fpn(weights=None, weights_backbone="IMAGENET1K_V1")` with the fine-tuning recipe of
torchvision's references and tutorial: SGD 0.005, momentum 0.9, weight decay 0.0005, two pictures a step, mirrored
half the time, a linear warm-up over the first epoch, a tenth of the rate every three epochs; pictures in memory.

The last line is `AP50 higher by D (bar ≥ 0.15)`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import torch
import tyro
from torch import Tensor
from torchvision.models.detection import FasterRCNN, fasterrcnn_resnet50_fpn

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fastrcnn_core.datasets import default_dataset_setting, open_dataset
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.evaluation import evaluate_detections
from fastrcnn_core.structures import Detections, SuppressedBoxes

BAR = 0.15
RECIPE = (
    "--preset paper --backbone resnet50 --trainable-stages 1 --optimiser adamw --learning-rate 1e-4 "
    "--weight-decay 0.01 --schedule cosine --average 0.99 --box-passes 2"
)
BATCH, RATE, DROP_EVERY = 2, 0.005, 3
Picture = tuple[Tensor, dict[str, Tensor]]


def main(
    data: Annotated[str | None, tyro.conf.arg(help="As `evaluate` takes it.")] = None,
    minutes: Annotated[float, tyro.conf.arg(help="Of wall time, for each.")] = 15.0,
    epochs: Annotated[float, tyro.conf.arg(help="Of ours, such that it ends in time.")] = 8.0,
    only: Annotated[tuple[str, ...], tyro.conf.arg(help="ours, theirs")] = ("ours", "theirs"),
) -> None:
    """Print AP and AP50 of both, and by how much ours is higher."""
    setting = data or default_dataset_setting()
    dataset = open_dataset(setting)
    figures = {}
    if "ours" in only:
        figures["ours"] = ours(setting, 60 * minutes, epochs)
    if "theirs" in only:
        figures["theirs"] = theirs(dataset, 60 * minutes)
    for name, it in figures.items():
        print(f"{name}: AP50 {it['AP50']:.3f}  AP {it['AP']:.3f}")
    if len(figures) == 2:
        higher = figures["ours"]["AP50"] - figures["theirs"]["AP50"]
        print(f"AP50 higher by {higher:.3f} (bar ≥ {BAR})")


def ours(setting: str, seconds: float, epochs: float) -> dict[str, float]:
    """Trains and judges with the commands that everybody has."""
    with tempfile.TemporaryDirectory() as scratch:
        places = {"FASTRCNN_RUNS": f"{scratch}/runs", "FASTRCNN_CACHE": f"{scratch}/cache"}
        began = time.perf_counter()
        words = ["train", "--data", setting, "--name", "ours", "--epochs", str(epochs)]
        _command([*words, *RECIPE.split()], places)
        took = time.perf_counter() - began
        print(f"ours: {epochs:g} epochs in {took / 60:.1f} minutes")
        if took > seconds:
            raise SystemExit(f"That is more than {seconds / 60:g} minutes: take fewer --epochs.")
        figures = Path(scratch) / "figures.json"
        _command(["evaluate", "--data", setting, "--run", "ours", "--json", str(figures)], places)
        found: dict[str, float] = json.loads(figures.read_text())
        return found


def _command(words: list[str], places: dict[str, str]) -> None:
    subprocess.run(
        [sys.executable, "-m", "fastrcnn_core", *words],
        env=os.environ | places,
        cwd=Path(__file__).resolve().parents[1],
        check=True,
    )


def theirs(dataset: Dataset, seconds: float) -> dict[str, float]:
    """Trains until the time is over, and judges."""
    torch.manual_seed(0)
    began = time.perf_counter()
    model = fasterrcnn_resnet50_fpn(
        weights=None, weights_backbone="IMAGENET1K_V1", num_classes=len(dataset.classes) + 1
    )
    pictures = [_picture(dataset, name) for name in dataset.split.train]
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.SGD(trained, lr=RATE, momentum=0.9, weight_decay=0.0005)
    steps_an_epoch = len(pictures) // BATCH
    model.train()
    for step, batch in enumerate(_batches(pictures)):
        if time.perf_counter() - began > seconds:
            break
        for group in optimiser.param_groups:
            group["lr"] = _rate(step, steps_an_epoch)
        losses = model([pixels for pixels, _ in batch], [truth for _, truth in batch])
        optimiser.zero_grad()
        sum(losses.values()).backward()
        optimiser.step()
    print(f"theirs: {step} steps, {step / steps_an_epoch:.1f} epochs in {seconds / 60:g} minutes")
    names = dataset.split.test
    found = {name: _detect(model, dataset, name) for name in names}
    judged = evaluate_detections(
        found, [dataset.annotation(it) for it in names], classes=dataset.classes
    )
    figures: dict[str, float] = judged.to_dict()
    return figures


def _rate(step: int, steps_an_epoch: int) -> float:
    warm = min(1.0, 0.001 + (1 - 0.001) * step / (steps_an_epoch - 1))
    return RATE * warm * 0.1 ** (step // steps_an_epoch // DROP_EVERY)


def _picture(dataset: Dataset, name: str) -> Picture:
    """(3, H, W) float32 in [0, 1], and torchvision's target."""
    annotated = dataset.load(name)
    pixels = torch.from_numpy(annotated.image.pixels.copy()).permute(2, 0, 1) / 255
    boxes, labels = (
        torch.from_numpy(annotated.boxes.copy()),
        torch.from_numpy(annotated.labels.copy()),
    )
    return pixels, {"boxes": boxes, "labels": labels}


def _batches(pictures: list[Picture]) -> Iterator[list[Picture]]:
    """Two pictures after two, in another order each epoch, without an end."""
    while True:
        order = torch.randperm(len(pictures)).tolist()
        for first in range(0, len(order) - BATCH + 1, BATCH):
            yield [_mirrored(pictures[it]) for it in order[first : first + BATCH]]


def _mirrored(picture: Picture) -> Picture:
    """Half the time the mirror image."""
    pixels, truth = picture
    if torch.rand(()) < 0.5:
        return picture
    boxes = truth["boxes"].clone()
    boxes[:, [0, 2]] = pixels.shape[-1] - boxes[:, [2, 0]]
    return pixels.flip(-1), {**truth, "boxes": boxes}


@torch.inference_mode()
def _detect(model: FasterRCNN, dataset: Dataset, name: str) -> Detections:
    """All that it tells; its own score threshold is ours for evaluation, 0.05."""
    said = model.eval()([_picture(dataset, name)[0]])[0]
    rows, floats = torch.zeros(0, dtype=torch.int64), torch.zeros(0)
    nothing = SuppressedBoxes(torch.zeros(0, 4), floats, rows, rows, rows, floats)
    return Detections(
        boxes=said["boxes"],
        scores=said["scores"],
        labels=said["labels"],
        roi_index=torch.arange(len(said["boxes"])),
        classes=dataset.classes,
        suppressed=nothing,
    )


if __name__ == "__main__":
    tyro.cli(main)
