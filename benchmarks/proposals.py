"""Recall, MABO and time of proposals beside the pip package and OpenCV, on one thread each.
`python benchmarks/proposals.py --data DIR [--split test]`

Every engine sees the same pictures one after the other, in turns, so that a ratio of two times comes from the same
picture in the same minute. Seconds are the processor's, which other programs hardly lengthen. Boxes have sides of at
least 16 px and any aspect; at most 2,000 a picture are judged.

The engine's strategies, ranking and near-duplicate IoU were chosen on all 170 pictures of Penn-Fudan. Fair figures are
those of other pictures, such as `--data synthetic:60`.
"""

from __future__ import annotations

import dataclasses
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import cv2
import numpy as np
import tyro

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fastrcnn_core.config import ProposalConfig, ProposalMethod, preset
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.files import data_setting
from fastrcnn_core.proposals import best_overlap, propose
from fastrcnn_core.structures import FloatArray, Image

Engine = Callable[[Image], FloatArray]

LIMITS = (100, 500, 1000, 2000)
OURS: tuple[ProposalMethod, ...] = ("single", "fast", "quality")
# Ours, the peer, the bar and the moonshot of the ratio of their times.
RATIOS = (
    ("single", "package", 1 / 5, 1 / 15),
    ("fast", "OpenCV fast", 1 / 5, 1 / 10),
    ("quality", "OpenCV quality", 1 / 5, 1 / 10),
)
BARS = {"fast": (0.98, 0.70, 0.75), "quality": (0.99, 0.80, 0.78)}
MOONSHOTS = {"fast": (0.99, 0.85, 0.80), "quality": (1.00, 0.90, 0.83)}


@dataclasses.dataclass
class Measured:
    """Results of one engine: each picture's seconds, number of boxes, and best overlaps (LIMITS, people)."""

    seconds: list[float] = dataclasses.field(default_factory=list)
    counts: list[int] = dataclasses.field(default_factory=list)
    overlaps: list[FloatArray] = dataclasses.field(default_factory=list)

    def row(self, limit: int) -> tuple[float, float, float]:
        """Compute recall at IoU 0.5 and 0.7, and MABO, of the first boxes."""
        best = np.concatenate(self.overlaps, axis=1)[LIMITS.index(limit)]
        return float(np.mean(best >= 0.5)), float(np.mean(best >= 0.7)), float(best.mean())


def main(
    data: Annotated[str | None, tyro.conf.arg(help="A data set (default: FASTRCNN_DATA).")] = None,
    split: Annotated[
        Literal["all", "train", "test"], tyro.conf.arg(help="Which of its pictures.")
    ] = "all",
    every: Annotated[int, tyro.conf.arg(help="Take every N-th picture by name.")] = 1,
    slow_every: Annotated[
        int, tyro.conf.arg(help="Of these, every N-th for the peers, which are slow.")
    ] = 1,
    only: Annotated[
        tuple[str, ...], tyro.conf.arg(help="These engines, such as: single fast quality.")
    ] = (),
) -> None:
    """Print each engine's quality, the quality of its first boxes, and the ratios of time."""
    cv2.setNumThreads(1)
    warnings.filterwarnings("ignore", module="skimage")  # of the package's own texture
    dataset = open_dataset(data or data_setting() or "synthetic:60")
    parts = {"all": dataset.names, "train": dataset.split.train, "test": dataset.split.test}
    names = parts[split][::every]
    measured = {engine: Measured() for engine in engines() if not only or engine in only}
    for index, name in enumerate(names):
        measure(dataset, name, measured, with_peers=index % slow_every == 0, is_first=index == 0)
    print(
        f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {len(names)} pictures of split {split!r}\n"
    )
    print_quality(measured)
    print_first_boxes(measured)
    print_ratios(measured, slow_every)


def engines() -> dict[str, Engine]:
    """Return all engines; with the paper's rank and with ours the same boxes come in another order."""
    own: dict[str, Engine] = {name: _ours(ProposalConfig(method=name)) for name in OURS}
    pseudo_random = {
        f"{method}, paper's rank": _ours(ProposalConfig(method=method, order="pseudo_random"))
        for method in OURS[1:]
    }
    package = dataclasses.replace(preset("notebook").proposals, max_aspect=None)
    peers = {"package": _ours(package), "OpenCV fast": _opencv("fast")}
    return {**own, **pseudo_random, **peers, "OpenCV quality": _opencv("quality")}


def is_peer(name: str) -> bool:
    return name == "package" or name.startswith("OpenCV")


def _ours(config: ProposalConfig) -> Engine:
    return lambda image: propose(image, config)


def _opencv(mode: str) -> Engine:
    """Search with OpenCV, in its own order; boxes that are too small are removed before the limit, as with ours."""

    def find(image: Image) -> FloatArray:
        search = cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
        search.setBaseImage(np.ascontiguousarray(image.pixels[:, :, ::-1]))
        search.switchToSelectiveSearchFast() if mode == "fast" else search.switchToSelectiveSearchQuality()
        rects = np.asarray(search.process(), np.float32).reshape(-1, 4)
        rects = rects[rects[:, 2:].min(axis=1) >= ProposalConfig().min_side]
        return np.concatenate([rects[:, :2], rects[:, :2] + rects[:, 2:]], axis=1)

    return find


def measure(
    dataset: Dataset, name: str, measured: dict[str, Measured], *, with_peers: bool, is_first: bool
) -> None:
    """Search one picture with every engine; the first call compiles and does not count."""
    annotated = dataset.load(name)
    for title, result in measured.items():
        engine = engines()[title]
        if is_peer(title) and not with_peers:
            continue
        if is_first and not is_peer(title):
            engine(annotated.image)
        began = time.process_time()
        boxes = engine(annotated.image)
        result.seconds.append(time.process_time() - began)
        result.counts.append(len(boxes))
        result.overlaps.append(
            best_overlap(proposals=boxes, gt_boxes=annotated.boxes, limits=LIMITS)
        )


def print_quality(measured: dict[str, Measured]) -> None:
    """Print time, boxes, recall and MABO at 2,000 boxes, beside the bars."""
    print(
        f"{'2,000 boxes':<24}{'seconds':>9}{'boxes':>8}{'people':>8}{'at 0.5':>8}{'at 0.7':>8}{'MABO':>8}"
    )
    for name, result in measured.items():
        people = sum(best.shape[1] for best in result.overlaps)
        seconds, boxes = statistics.median(result.seconds), statistics.median(result.counts)
        print(f"{name:<24}{seconds:>9.3f}{boxes:>8.0f}{people:>8}{_three(result.row(2000))}")
        if name in BARS:
            print(f"{'  bar':<49}{_three(BARS[name])}\n{'  moonshot':<49}{_three(MOONSHOTS[name])}")


def print_first_boxes(measured: dict[str, Measured]) -> None:
    """Print the quality of the first boxes: our rank beside the paper's and the peers' order."""
    print(f"\n{'first boxes':<24}" + "".join(f"{limit:>24,}" for limit in LIMITS))
    for name, result in measured.items():
        print(f"{name:<24}" + "".join(_three(result.row(limit)) for limit in LIMITS))


def print_ratios(measured: dict[str, Measured], slow_every: int) -> None:
    """Print our time over the peer's, picture by picture; the median of the ratios."""
    print("\nours / theirs, median over the pictures that both searched")
    for engine, peer, bar, moonshot in RATIOS:
        if engine not in measured or peer not in measured:
            continue
        pairs = zip(measured[engine].seconds[::slow_every], measured[peer].seconds, strict=True)
        ratio = statistics.median(own / reference for own, reference in pairs)
        print(
            f"{engine + ' / ' + peer:<30}1/{1 / ratio:<6.1f}bar 1/{1 / bar:.0f}, moonshot 1/{1 / moonshot:.0f}"
            f"   ({len(measured[peer].seconds)} pictures)"
        )


def _three(values: Sequence[float]) -> str:
    return "".join(f"{value:>8.3f}" for value in values)


if __name__ == "__main__":
    tyro.cli(main)
