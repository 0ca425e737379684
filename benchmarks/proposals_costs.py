"""Time and memory of each step of Selective Search. `python benchmarks/proposals_costs.py --data DIR`

Bars: a whole data set with 2 workers ≥ 1.7 × faster than with 1; a picture of 1,000×600 ≤ 500 MB above the
interpreter. Beside them the floor: what no search can do without, one sort of the edges and one pass over the pixels.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fastrcnn_core.config import ProposalConfig, ProposalMethod
from fastrcnn_core.datasets import open_dataset
from fastrcnn_core.files import data_setting
from fastrcnn_core.proposals import propose
from fastrcnn_core.selective_search.colour_spaces import blur, convert
from fastrcnn_core.selective_search.engine import (
    FINEST_K,
    STRATEGIES,
    hierarchies,
    search_strategies,
)
from fastrcnn_core.selective_search.grouping import group
from fastrcnn_core.selective_search.pixel_features import pixel_features
from fastrcnn_core.selective_search.regions import coarsen, describe_regions
from fastrcnn_core.selective_search.segmentation import segment, sort_edges
from fastrcnn_core.structures import Image

ROOT = Path(__file__).resolve().parents[1]
METHODS: tuple[ProposalMethod, ...] = ("fast", "quality")
HEIGHT, WIDTH = 600, 1000


def main(
    data: Annotated[str | None, tyro.conf.arg(help="A data set (default: FASTRCNN_DATA).")] = None,
) -> None:
    """Print the three parts."""
    setting = data or data_setting() or "synthetic:60"
    print(f"machine: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    memory()
    floor(setting)
    workers(setting)


def memory() -> None:
    """Peak memory of a search above what this process had before, with everything imported and compiled."""
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 256, (HEIGHT // 4, WIDTH // 4, 3))
    pixels = np.kron(coarse, np.ones((4, 4, 1))) + generator.integers(-20, 20, (HEIGHT, WIDTH, 3))
    busy = Image(np.clip(pixels, 0, 255).astype(np.uint8), "busy")
    small = Image(busy.pixels[:64, :64].copy(), "small")
    for method in METHODS:
        propose(small, ProposalConfig(method=method))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        propose(busy, ProposalConfig(method=method))
        peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(
            f"memory: {method} on {WIDTH}×{HEIGHT} of small squares, {peak:.0f} MB more (bar 500)"
        )


def floor(setting: str) -> None:
    """Time the steps of `fast` on the data set's middle picture beside the floor."""
    dataset = open_dataset(setting)
    image = dataset.load(dataset.names[len(dataset.names) // 2]).image
    rgb = blur(image.pixels, 0.8)
    planes = convert(rgb, "HSV")
    edges = sort_edges(planes)
    segments = segment(edges, k=FINEST_K, min_size=FINEST_K)
    features = pixel_features(planes)
    finest = describe_regions(segments, features)
    regions, _ = coarsen(finest, k=100, min_size=100)
    pixels = image.height * image.width
    config, strategies = ProposalConfig(), STRATEGIES["fast"]
    steps: dict[str, Callable[[], object]] = {
        "floor: one pass over the pixels (a copy)": planes.copy,
        "floor: one sort of the edges": lambda: sort_edges(planes),
        "blur": lambda: blur(image.pixels, 0.8),
        "colour space": lambda: convert(rgb, "HSV"),
        "segmentation, edges sorted": lambda: segment(edges, k=FINEST_K, min_size=FINEST_K),
        "bins and codes of the pixels": lambda: pixel_features(planes),
        "sizes, boxes, histograms, neighbours": lambda: describe_regions(segments, features),
        "a coarser scale": lambda: coarsen(finest, k=100, min_size=100),
        "a grouping": lambda: group(regions, similarity="CTSF", pixels=pixels),
        "all hierarchies": lambda: list(hierarchies(image.pixels, strategies, sigma=0.8)),
        "all boxes in their order": lambda: search_strategies(image, config),
        "proposals": lambda: propose(image, config),
    }
    print(
        f"\n{image.width}×{image.height}, {len(edges.codes):,} edges, {len(finest.sizes):,} regions"
    )
    for name, step in steps.items():
        print(f"{name:<42}{1000 * _quickest(step):8.2f} ms")


def workers(setting: str) -> None:
    """Time the command line over the whole data set, with an empty store each time; 1, 2, 2, 1 workers."""
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for count in (1, 2, 2, 1):
        seconds[count].append(_propose(setting, count))
    single, double = min(seconds[1]), min(seconds[2])
    print(
        f"\nwhole data set: 1 worker {single:.1f} s, 2 workers {double:.1f} s: {single / double:.2f} × (bar 1.7)"
    )


def _propose(setting: str, count: int) -> float:
    with tempfile.TemporaryDirectory() as cache:
        began = time.perf_counter()
        subprocess.run(
            [
                sys.executable,
                *f"-m fastrcnn_core propose --workers {count} --data".split(),
                setting,
            ],
            cwd=ROOT,
            env=os.environ | {"FASTRCNN_CACHE": cache},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        return time.perf_counter() - began


def _quickest(step: Callable[[], object]) -> float:
    """Processor's seconds of the quickest of 15 calls: on a shared machine that is what the step itself takes."""
    seconds = []
    for _ in range(15):
        began = time.thread_time()
        step()
        seconds.append(time.thread_time() - began)
    return min(seconds)


if __name__ == "__main__":
    tyro.cli(main)
