"""`data`: fetch, make or check a data set, and print what is in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from fastrcnn_core.commands.arguments import parse
from fastrcnn_core.commands.progress import bar, note
from fastrcnn_core.datasets import default_dataset_setting, open_dataset
from fastrcnn_core.datasets.dataset import Annotation, Dataset
from fastrcnn_core.errors import ConfigError, UserError


@dataclass(frozen=True, kw_only=True)
class DataArguments:
    """Fetch, make or check a data set, and print what is in it."""

    data: Annotated[
        str | None,
        tyro.conf.arg(
            metavar="DIR",
            help="A folder in Penn-Fudan's or COCO's layout, or synthetic:COUNT:SEED. With --download or --synthetic: "
            "where to put it.",
            help_behavior_hint="(default: FASTRCNN_DATA, else Penn-Fudan if it was downloaded, else synthetic)",
        ),
    ] = None
    download: Annotated[
        bool,
        tyro.conf.FlagCreatePairsOff,
        tyro.conf.arg(help="Fetch Penn-Fudan from its authors first (54 MB)."),
    ] = False
    synthetic: Annotated[
        int | None,
        tyro.conf.arg(
            metavar="COUNT",
            help="Write so many synthetic street scenes into the folder of --data first, in Penn-Fudan's layout.",
            help_behavior_hint="(default: none)",
        ),
    ] = None
    seed: Annotated[
        int, tyro.conf.arg(help="Of the synthetic scenes: the same seed, the same scenes.")
    ] = 0


def run(words: Sequence[str]) -> int:
    """The command; returns 0, or 1 if a picture of the data set cannot be used."""
    arguments, _ = parse(DataArguments, words, command="data")
    dataset = open_dataset(_setting(arguments))
    annotations, problems = _checked(dataset)
    print("\n".join(_description(dataset, annotations)))
    for name, problem in problems:
        note(f"{name}: {problem}")
    print(f"checks       {len(annotations)} of {len(dataset)} pictures can be used")
    return 1 if problems else 0


def _setting(arguments: DataArguments) -> str:
    """The data set to look at, fetched or made if that was asked for."""
    if arguments.download and arguments.synthetic is not None:
        raise ConfigError(
            "--download and --synthetic ask for two data sets.", hint="Give one of them."
        )
    if arguments.download:
        return str(_download(arguments.data))
    if arguments.synthetic is not None:
        return str(_make(arguments))
    return arguments.data or default_dataset_setting()


def _download(folder: str | None) -> Path:
    from fastrcnn_core.datasets.pennfudan import download, downloaded_folder

    target = downloaded_folder().parent if folder is None else Path(folder)
    with bar(0, "Penn-Fudan", unit="B") as progress:

        def show(done: int, total: int) -> None:
            progress.total = total
            progress.update(done - progress.n)

        return download(target, progress=show, cancelled=lambda: False)


def _make(arguments: DataArguments) -> Path:
    from fastrcnn_core.datasets.synthetic import write_folder

    if arguments.data is None:
        raise ConfigError("--synthetic needs a folder to write to.", hint="Name it by --data.")
    note(f"Painting {arguments.synthetic} scenes…")
    return write_folder(Path(arguments.data), count=arguments.synthetic or 0, seed=arguments.seed)


def _checked(dataset: Dataset) -> tuple[list[Annotation], list[tuple[str, str]]]:
    """Every picture read once: what is on those that can be, and what is wrong with the others."""
    annotations, problems = [], []
    with bar(len(dataset), "checking") as progress:
        for name in dataset.names:
            try:
                it = dataset.load(name)
                annotations.append(
                    Annotation(name, it.image.height, it.image.width, it.boxes, it.labels, it.tags)
                )
            except UserError as error:
                problems.append((name, str(error)))
            progress.update()
    return annotations, problems


def _description(dataset: Dataset, annotations: Sequence[Annotation]) -> Iterator[str]:
    """What is in it, a line a fact."""
    boxes = np.concatenate([np.zeros((0, 4), np.float32), *(it.boxes for it in annotations)])
    labels = Counter(int(label) for it in annotations for label in it.labels)
    tags = Counter(tag for it in annotations for tag in it.tags if tag)
    yield f"data set     {dataset.title}"
    yield f"setting      {dataset.setting}"
    yield f"images       {len(dataset)}: {len(dataset.split.train)} train, {len(dataset.split.test)} test"
    yield f"boxes        {len(boxes)}"
    for label, name in enumerate(dataset.classes, start=1):
        yield f"  {name:<11}{labels[label]}"
    for tag, count in sorted(tags.items()):
        yield f"  of these {count} {tag}"
    if len(boxes):
        heights = boxes[:, 3] - boxes[:, 1]
        yield f"box heights  {heights.min():.0f} to {heights.max():.0f} px, median {np.median(heights):.0f}"
    if annotations:
        highs, wides = [it.height for it in annotations], [it.width for it in annotations]
        yield f"image sizes  {min(highs)} to {max(highs)} high, {min(wides)} to {max(wides)} wide"
    yield f"empty        {sum(not len(it.boxes) for it in annotations)} images without a box"
    yield f"content      {dataset.content_hash}"
    yield from (f"note         {sentence}" for sentence in dataset.notes)
