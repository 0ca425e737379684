"""`detect`: detect on image files; print the detections, write them as JSON, or draw them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from fastrcnn_core.commands.arguments import DetectorArguments, parse_with_detector
from fastrcnn_core.errors import StorageError, UserError
from fastrcnn_core.files import write_text
from fastrcnn_core.terminal import echo, progress_bar

if TYPE_CHECKING:
    from fastrcnn_core.structures import Detections

GROUPS = ("proposals", "detection")


@dataclass(frozen=True, kw_only=True)
class DetectArguments(DetectorArguments):
    """Detect on image files. Options left out are those of the detector's training."""

    images: Annotated[
        tuple[Path, ...],
        tyro.conf.Positional,
        tyro.conf.arg(name="IMAGE", metavar="IMAGE ...", help="Image files."),
    ]
    json: Annotated[
        Path | None,
        tyro.conf.arg(
            metavar="FILE",
            help="Write the detections here, as COCO results with the file's stem as `image`; `category_id` counts the "
            "detector's classes from 1. With the ids of an annotation file: `evaluate --results`.",
            help_behavior_hint="(default: none)",
        ),
    ] = None
    out: Annotated[
        Path | None,
        tyro.conf.arg(
            metavar="DIR",
            help="Write each image with its boxes into this folder, under its own name.",
            help_behavior_hint="(default: none)",
        ),
    ] = None
    format: Annotated[
        Literal["png", "svg", "pdf"], tyro.conf.arg(help="Of the files that --out writes.")
    ] = "png"


def run(argv: Sequence[str]) -> int:
    """Run the command; return exit code 0, or 1 if an image could not be used."""
    arguments, config, file = parse_with_detector(
        DetectArguments, argv, command="detect", groups=GROUPS
    )
    if arguments.run is None and arguments.checkpoint is None:
        echo(f"The detector that came with the app: {file.name}")

    from fastrcnn_core import drawing
    from fastrcnn_core.detector import Detector
    from fastrcnn_core.evaluation import coco_results
    from fastrcnn_core.images import as_image

    detector = Detector.load(
        file,
        device=arguments.device,
        proposal_config=config.proposals,
        detection_config=config.detection,
    )
    names = _distinct_stems(arguments.images)
    rows, bad = [], 0
    with progress_bar(len(arguments.images), "detecting") as progress:
        for path in arguments.images:
            try:
                image = as_image(path)
                detections = detector(image)
            except StorageError:  # not this image's fault: the next one would fail, too
                raise
            except UserError as error:
                echo(f"{path}: {error}")
                bad += 1
            else:
                rows += coco_results({path.stem: detections})
                _print(path, detections)
                if arguments.out is not None:
                    target = arguments.out / f"{names[path]}.{arguments.format}"
                    drawing.save(drawing.draw(image, detections), target)
            progress.update()
    if arguments.json is not None:
        write_text(arguments.json, json.dumps(rows))
    return 1 if bad else 0


def _distinct_stems(paths: Sequence[Path]) -> dict[Path, str]:
    """Name a file for each image by its stem, numbered from 2 on where stems are equal."""
    names: dict[Path, str] = {}
    used: set[str] = set()  # in lower case: some file systems do not tell cases apart
    for path in paths:
        if path in names:
            continue
        numbered = (f"{path.stem}-{number}" for number in itertools.count(2))
        names[path] = next(
            name for name in itertools.chain([path.stem], numbered) if name.lower() not in used
        )
        used.add(names[path].lower())
    return names


def _print(path: Path, detections: Detections) -> None:
    """Print a line for the image, and one for each detection."""
    print(f"{path}: {len(detections.boxes)} detections")
    for (x1, y1, x2, y2), label, score in zip(
        detections.boxes.tolist(),
        detections.labels.tolist(),
        detections.scores.tolist(),
        strict=True,
    ):
        name = detections.classes[label - 1]
        print(f"  {name:<12} {score:.3f}  x {x1:6.1f} to {x2:6.1f}, y {y1:6.1f} to {y2:6.1f}")
