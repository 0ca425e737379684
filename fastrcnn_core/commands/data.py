"""`data`: download, copy or check a data set, and print its statistics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import tyro

from fastrcnn_core.commands.arguments import DEFAULT_DATA, option, parse
from fastrcnn_core.datasets import default_dataset_setting, open_dataset
from fastrcnn_core.datasets.checking import Report, check, describe_near_duplicates
from fastrcnn_core.datasets.coco_writing import write_coco_folder
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.errors import ConfigError
from fastrcnn_core.terminal import echo, progress_bar


@dataclass(frozen=True, kw_only=True)
class DataArguments:
    """Download, copy or check a data set, and print its statistics."""

    data: Annotated[
        str | None,
        option(
            "DIR",
            "A folder in the layout of Penn-Fudan, COCO, Pascal VOC or YOLO, or synthetic:COUNT. With --download "
            "or --synthetic: where to put it.",
            default=DEFAULT_DATA,
        ),
    ] = None
    download: Annotated[
        bool,
        tyro.conf.FlagCreatePairsOff,
        tyro.conf.arg(help="Download Penn-Fudan from its authors first (54 MB)."),
    ] = False
    synthetic: Annotated[
        int | None,
        option(
            "COUNT",
            "Copy so many synthetic street scenes into the folder of --data first, in Penn-Fudan's layout.",
        ),
    ] = None
    repair: Annotated[
        Path | None,
        option(
            "OUT",
            "Write what can be used, with repaired boxes, into this new folder in COCO's layout; the data set itself "
            "stays as it is.",
        ),
    ] = None
    seed: Annotated[
        int,
        tyro.conf.arg(
            help="Only 0: the synthetic scenes are shipped; assets/street_scenes/render.py renders others."
        ),
    ] = 0


def run(argv: Sequence[str]) -> int:
    """Run the command; return exit code 0, or 1 if an image of the data set cannot be used."""
    arguments, _ = parse(DataArguments, argv, command="data")
    dataset = open_dataset(_setting(arguments))
    report = _check(dataset)
    print("\n".join(_description(dataset, report)))
    for name, problem in report.problems:
        echo(f"{name}: {problem}", is_error=True)
    print(f"checks       {len(report.annotations)} of {len(dataset)} images can be used")
    if arguments.repair is not None:
        usable = [annotation.name for annotation in report.annotations]
        write_coco_folder(dataset, usable, arguments.repair)
        print(f"repaired     {len(usable)} images in {arguments.repair}")
    return 1 if report.problems else 0


def _setting(arguments: DataArguments) -> str:
    """Return the data set's setting, after downloading or copying it on request."""
    if arguments.download and arguments.synthetic is not None:
        raise ConfigError(
            "--download and --synthetic ask for two data sets.", hint="Give one of them."
        )
    if arguments.download:
        return str(_download(arguments.data))
    if arguments.synthetic is not None:
        return str(_copy(arguments))
    return arguments.data or default_dataset_setting()


def _download(folder: str | None) -> Path:
    from fastrcnn_core.datasets.pennfudan_download import download, downloaded_folder

    target = downloaded_folder().parent if folder is None else Path(folder)
    with progress_bar(0, "Penn-Fudan", unit="B") as progress:

        def show(done: int, total: int) -> None:
            progress.total = total
            progress.update(done - progress.n)

        return download(target, progress=show, cancelled=lambda: False)


def _copy(arguments: DataArguments) -> Path:
    from fastrcnn_core.datasets.street_scenes import copy_street_scenes

    if arguments.data is None:
        raise ConfigError("--synthetic needs a folder to write to.", hint="Name it by --data.")
    return copy_street_scenes(
        Path(arguments.data), count=arguments.synthetic or 0, seed=arguments.seed
    )


def _check(dataset: Dataset) -> Report:
    """Read every image once, with a progress bar."""
    with progress_bar(len(dataset), "checking") as progress:
        return check(dataset, progress=lambda done, total: progress.update())


def _description(dataset: Dataset, report: Report) -> Iterator[str]:
    """Yield the lines of the data set's statistics."""
    annotations, boxes = report.annotations, report.boxes
    yield f"data set     {dataset.title}"
    yield f"setting      {dataset.setting}"
    split = dataset.split
    yield f"images       {len(dataset)}: {len(split.train)} train, {len(split.test)} test"
    yield f"split        {dataset.split_reason}"
    yield f"boxes        {len(boxes)}"
    for name, count in report.boxes_per_class.items():
        yield f"  {name:<11}{count}"
    for tag, count in sorted(report.boxes_per_tag.items()):
        yield f"  of these {count} {tag}"
    if len(boxes):
        tall = boxes[:, 3] - boxes[:, 1]
        yield f"box heights  {tall.min():.0f} to {tall.max():.0f} px, median {np.median(tall):.0f}"
    if annotations:
        heights = [annotation.height for annotation in annotations]
        widths = [annotation.width for annotation in annotations]
        yield f"image sizes  {min(heights)} to {max(heights)} high, {min(widths)} to {max(widths)} wide"
    yield f"empty        {report.images_without_boxes} images without a box"
    yield f"content      {dataset.content_hash}"
    duplicates = describe_near_duplicates(report.near_duplicates, dataset)
    yield from (f"note         {sentence}" for sentence in (*dataset.notes, duplicates) if sentence)
