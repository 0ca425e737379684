"""`evaluate`: evaluate a detector on a split of a data set by COCO's average precision."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from fastrcnn_core.commands.arguments import (
    DataSetting,
    DetectorArguments,
    FiguresFile,
    option,
    parse_with_detector,
)
from fastrcnn_core.datasets.checking import check, describe_near_duplicates
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.errors import ConfigError, DataError
from fastrcnn_core.files import write_text
from fastrcnn_core.runs import find_run
from fastrcnn_core.structures import class_key
from fastrcnn_core.terminal import echo, progress_bar

_COMPARED = 2000  # images of a data set that is searched for near-duplicates; a larger one would take minutes

GROUPS = ("proposals", "detection")


@dataclass(frozen=True, kw_only=True)
class EvaluateArguments(DetectorArguments):
    """Evaluate a detector by pycocotools on boxes: the whole split, every ground-truth box, all sizes.

    Options left out are those of its training. Detections count from a score of 0.05.
    """

    data: DataSetting = None
    split: Annotated[
        Literal["test", "train", "validation", "all"],
        tyro.conf.arg(
            help="Part of the data set; `validation` is the part that the run kept out of training."
        ),
    ] = "test"
    json: FiguresFile = None
    results: Annotated[
        Path | None,
        option(
            "FILE",
            "Write all detections here, in COCO's results format, with the image and category ids of the data "
            "set's own annotation file; without one, ids count from 1, as in the file that the Dataset page saves.",
        ),
    ] = None
    svd_ranks: Annotated[
        str | None,
        option(
            "FIRST:SECOND",
            "Compress the head's two wide layers to this many singular values each, such as 256:64. "
            "[Girshick, ICCV 2015, section 3.1: 1024:256 of 4096]",
        ),
    ] = None


def run(argv: Sequence[str]) -> int:
    """Run the command; return exit code 0."""
    arguments, config, file = parse_with_detector(
        EvaluateArguments,
        argv,
        command="evaluate",
        groups=GROUPS,
        omitted=("score-threshold",),  # AP needs the whole precision-recall curve
    )

    from fastrcnn_core.datasets import default_dataset_setting, open_dataset
    from fastrcnn_core.detector import Detector
    from fastrcnn_core.evaluation import coco_results, evaluate
    from fastrcnn_core.model import compress_head

    dataset = open_dataset(arguments.data or default_dataset_setting())
    names = images_of(dataset, arguments.split, arguments.run)
    detector = Detector.load(
        file,
        device=arguments.device,
        proposal_config=config.proposals,
        detection_config=config.detection,
    )
    _echo_other_classes(dataset.classes, detector.classes)
    if arguments.svd_ranks is not None:
        compressed = compress_head(detector.model, parse_ranks(arguments.svd_ranks))
        detector = dataclasses.replace(detector, model=compressed)
    echo(f"{file} on {dataset.title}, {arguments.split}")
    with progress_bar(len(names), "detecting") as progress:
        evaluation = evaluate(detector, dataset, names, progress=lambda name: progress.update())
    if arguments.json is not None:
        write_text(arguments.json, json.dumps(evaluation.to_dict(), indent=1))
    if arguments.results is not None:
        ids = dataset.coco_ids
        categories = dict(zip(dataset.classes, ids.categories, strict=True))
        results = coco_results(evaluation.found, ids.images, categories)
        write_text(arguments.results, json.dumps(results))
    _print(evaluation.to_dict())
    if arguments.split == "test" and len(dataset) <= _COMPARED:
        echo(describe_near_duplicates(check(dataset).near_duplicates, dataset))
    return 0


def _echo_other_classes(annotated: Sequence[str], detected: Sequence[str]) -> None:
    """Say which classes are left out because only the data or only the detector has them.

    Raises:
        DataError: they have none in common.
    """
    detected_keys = set(map(class_key, detected))
    only_annotated = [name for name in annotated if class_key(name) not in detected_keys]
    if len(only_annotated) == len(annotated):
        raise DataError(
            f"The detector knows {', '.join(detected)}; the data has {', '.join(annotated)}: no class in common.",
            hint="Choose another detector, or train one on this data.",
        )
    if only_annotated:
        echo(f"Left out, since the detector does not know them: {', '.join(only_annotated)}.")


def images_of(dataset: Dataset, split: str, run: str | None) -> tuple[str, ...]:
    """Return the names of a split's images; those of the validation split are recorded by the run.

    Raises:
        ConfigError: no run is named, or it kept no validation split. DataError: the run was trained on other data, of
            which this data set's images may be a part.
    """
    if split != "validation":
        from fastrcnn_core.evaluation import split_names

        return split_names(dataset, split)
    trained = {} if run is None else find_run(run).environment().get("data", {})
    if not trained.get("validation"):
        raise ConfigError(
            "No validation split is known: only a run that kept one out of training has one.",
            hint="Take --split test, or train with --validation-share 0.2 and name the run by --run.",
        )
    if not dataset.has_hash(trained["hash"]):
        raise DataError(
            "The run was trained on other data, so that it may have been trained on these images.",
            hint="Give --data as it was given to train the run.",
        )
    return tuple(trained["validation"])


def parse_ranks(text: str) -> tuple[int, int]:
    """Parse "256:64" to (256, 64). Raises ConfigError."""
    first, _, second = text.partition(":")
    if not (first.isdecimal() and second.isdecimal()):
        raise ConfigError(f"--svd-ranks is {text!r}, not two numbers.", hint="Write it as 256:64.")
    return int(first), int(second)


def _print(figures: dict[str, Any]) -> None:
    """Print the figures as a table, with a dash where there is no ground truth."""
    plain = {name: value for name, value in figures.items() if not isinstance(value, dict | tuple)}
    for name, value in plain.items():
        print(f"{name:<20} {_figure(value)}")
    if figures["without_added"] is not None:
        for name, value in figures["without_added"].items():
            print(f"{name + ' without added':<20} {_figure(value)}")
    for row in figures["classes"]:
        print(
            f"{row['name']:<20} AP {_figure(row['AP'])}  AP50 {_figure(row['AP50'])}  boxes {row['ground_truth']}"
        )


def _figure(value: float | int | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
