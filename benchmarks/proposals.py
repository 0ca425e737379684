"""How good proposals are and how long they take, beside the pip package and OpenCV, on one thread each.
`python benchmarks/proposals.py --data DIR`

Every engine sees the same pictures one after the other, in turns, so that a ratio of two times comes from the same
picture in the same minute. Seconds are the processor's, which other programs hardly lengthen. Boxes have sides of at
least 16 px and any aspect; at most 2,000 a picture are judged.
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
from typing import Annotated

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
    """What one engine did: seconds and boxes of each picture, best overlaps (LIMITS, people) of each."""

    seconds: list[float] = dataclasses.field(default_factory=list)
    counts: list[int] = dataclasses.field(default_factory=list)
    overlaps: list[FloatArray] = dataclasses.field(default_factory=list)

    def row(self, limit: int) -> tuple[float, float, float]:
        """Recall at IoU 0.5 and 0.7, and MABO, of the first boxes."""
        best = np.concatenate(self.overlaps, axis=1)[LIMITS.index(limit)]
        return float(np.mean(best >= 0.5)), float(np.mean(best >= 0.7)), float(best.mean())


def main(
    data: Annotated[str | None, tyro.conf.arg(help="A data set (default: FASTRCNN_DATA).")] = None,
    every: Annotated[int, tyro.conf.arg(help="Take every N-th picture by name.")] = 1,
    slow_every: Annotated[
        int, tyro.conf.arg(help="Of these, every N-th for the peers, which are slow.")
    ] = 1,
    only: Annotated[
        tuple[str, ...], tyro.conf.arg(help="These engines, such as: single fast quality.")
    ] = (),
) -> None:
    """Print what each engine's boxes are worth, what the first of them are worth, and the ratios of time."""
    cv2.setNumThreads(1)
    warnings.filterwarnings("ignore", module="skimage")  # of the package's own texture
    dataset = open_dataset(data or data_setting() or "synthetic:60")
    names = dataset.names[::every]
    measured = {name: Measured() for name in engines() if not only or name in only}
    for place, name in enumerate(names):
        judge(dataset, name, measured, with_peers=place % slow_every == 0, is_first=place == 0)
    print(
        f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {len(names)} pictures\n"
    )
    tell_worth(measured)
    tell_first(measured)
    tell_ratios(measured, slow_every)


def engines() -> dict[str, Engine]:
    """Everybody who takes part; the ranks of the paper and of ours differ in their order only."""
    ours: dict[str, Engine] = {name: _ours(ProposalConfig(method=name)) for name in OURS}
    drawn = {
        f"{it}, paper's rank": _ours(ProposalConfig(method=it, order="pseudo_random"))
        for it in OURS[1:]
    }
    package = dataclasses.replace(preset("notebook").proposals, max_aspect=None)
    peers = {"package": _ours(package), "OpenCV fast": _opencv("fast")}
    return {**ours, **drawn, **peers, "OpenCV quality": _opencv("quality")}


def is_peer(name: str) -> bool:
    return name == "package" or name.startswith("OpenCV")


def _ours(config: ProposalConfig) -> Engine:
    return lambda image: propose(image, config)


def _opencv(mode: str) -> Engine:
    """OpenCV's boxes in its own order; those that are too small are left out before the limit, as with ours."""

    def find(image: Image) -> FloatArray:
        search = cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
        search.setBaseImage(np.ascontiguousarray(image.pixels[:, :, ::-1]))
        search.switchToSelectiveSearchFast() if mode == "fast" else search.switchToSelectiveSearchQuality()
        rects = np.asarray(search.process(), np.float32).reshape(-1, 4)
        rects = rects[rects[:, 2:].min(axis=1) >= ProposalConfig().min_side]
        return np.concatenate([rects[:, :2], rects[:, :2] + rects[:, 2:]], axis=1)

    return find


def judge(
    dataset: Dataset, name: str, measured: dict[str, Measured], *, with_peers: bool, is_first: bool
) -> None:
    """Let everybody search one picture; the first time compiles and does not count."""
    annotated = dataset.load(name)
    for who in measured:
        engine = engines()[who]
        if is_peer(who) and not with_peers:
            continue
        if is_first and not is_peer(who):
            engine(annotated.image)
        began = time.process_time()
        boxes = engine(annotated.image)
        measured[who].seconds.append(time.process_time() - began)
        measured[who].counts.append(len(boxes))
        measured[who].overlaps.append(
            best_overlap(proposals=boxes, gt_boxes=annotated.boxes, limits=LIMITS)
        )


def tell_worth(measured: dict[str, Measured]) -> None:
    """Time, boxes, recall and MABO at 2,000 boxes, beside the bars."""
    print(
        f"{'2,000 boxes':<24}{'seconds':>9}{'boxes':>8}{'people':>8}{'at 0.5':>8}{'at 0.7':>8}{'MABO':>8}"
    )
    for name, it in measured.items():
        people = sum(best.shape[1] for best in it.overlaps)
        seconds, boxes = statistics.median(it.seconds), statistics.median(it.counts)
        print(f"{name:<24}{seconds:>9.3f}{boxes:>8.0f}{people:>8}{_three(it.row(2000))}")
        if name in BARS:
            print(f"{'  bar':<49}{_three(BARS[name])}\n{'  moonshot':<49}{_three(MOONSHOTS[name])}")


def tell_first(measured: dict[str, Measured]) -> None:
    """What the first boxes are worth: our rank against the paper's, and against the peers' order."""
    print(f"\n{'first boxes':<24}" + "".join(f"{limit:>24,}" for limit in LIMITS))
    for name, it in measured.items():
        print(f"{name:<24}" + "".join(_three(it.row(limit)) for limit in LIMITS))


def tell_ratios(measured: dict[str, Measured], slow_every: int) -> None:
    """Time against the peer's, picture by picture; the median of the ratios."""
    print("\nours / theirs, median over the pictures that both searched")
    for ours, theirs, bar, moonshot in RATIOS:
        if ours not in measured or theirs not in measured:
            continue
        pairs = zip(measured[ours].seconds[::slow_every], measured[theirs].seconds, strict=True)
        ratio = statistics.median(mine / other for mine, other in pairs)
        print(
            f"{ours + ' / ' + theirs:<30}1/{1 / ratio:<6.1f}bar 1/{1 / bar:.0f}, moonshot 1/{1 / moonshot:.0f}"
            f"   ({len(measured[theirs].seconds)} pictures)"
        )


def _three(values: Sequence[float]) -> str:
    return "".join(f"{value:>8.3f}" for value in values)


if __name__ == "__main__":
    tyro.cli(main)
