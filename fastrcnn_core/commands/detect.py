"""`detect`: detect on image files; print the detections, write them as JSON, or draw them."""

from __future__ import annotations

import glob
import itertools
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

import fastrcnn_core
from fastrcnn_core.commands.arguments import DetectorArguments, option, parse_with_detector
from fastrcnn_core.errors import ConfigError, DataError, ImageError, StorageError, UserError
from fastrcnn_core.files import write_text
from fastrcnn_core.images import IMAGE_ENDINGS
from fastrcnn_core.terminal import GracefulShutdown, echo, progress_bar

if TYPE_CHECKING:
    from fastrcnn_core.detector import Detector
    from fastrcnn_core.structures import Detections, Image

GROUPS = ("proposals", "detection")
STDIN = "-"
ADDRESSES = ("http://", "https://")

MAX_BYTES = 100_000_000  # of a picture from an address or from standard input; chosen here
TIMEOUT_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class DetectArguments(DetectorArguments):
    """Detect on image files. Options left out are those of the detector's training."""

    images: Annotated[
        tuple[str, ...],
        tyro.conf.Positional,
        tyro.conf.arg(
            name="IMAGE",
            metavar="IMAGE ...",
            help="Image files, folders of them, patterns such as 'day/*.jpg', http addresses, or - for an image on "
            "standard input.",
        ),
    ]
    json: Annotated[
        Path | None,
        option(
            "FILE",
            "Write the detections here as COCO results, - for standard output. `image` is the file's stem, or its "
            "path where two stems are equal; `category_id` counts the detector's classes from 1. With the ids of an "
            "annotation file: `evaluate --results`.",
        ),
    ] = None
    coco: Annotated[
        Path | None,
        option(
            "FILE",
            "Write one file in COCO's format with the program's version, the classes, and every image with its "
            "path and size, also those without a detection.",
        ),
    ] = None
    out: Annotated[
        Path | None,
        option(
            "DIR",
            "Write each image with its boxes into this folder, under its own name.",
        ),
    ] = None
    format: Annotated[
        Literal["png", "svg", "pdf"], tyro.conf.arg(help="Of the files that --out writes.")
    ] = "png"


@dataclass(frozen=True)
class Result:
    """Detections of one image: the source as it was given, a name that no other image has, and the image's size."""

    source: str
    name: str
    height: int
    width: int
    detections: Detections


def run(argv: Sequence[str]) -> int:
    """Run the command; return exit code 0, 1 if an image could not be used, or 128 + the signal that stopped it."""
    arguments, config, file = parse_with_detector(
        DetectArguments, argv, command="detect", groups=GROUPS
    )
    sources = expand(arguments.images)
    if arguments.run is None and arguments.checkpoint is None:
        echo(f"The detector that came with the app: {file.name}")

    from fastrcnn_core.detector import Detector

    detector = Detector.load(
        file,
        device=arguments.device,
        proposal_config=config.proposals,
        detection_config=config.detection,
    )
    with GracefulShutdown() as shutdown:
        results, bad = _detect(detector, sources, arguments, shutdown)
    _write(results, detector.classes, arguments)
    if shutdown.received is not None:
        echo(f"Stopped after {len(results) + bad} of {len(sources)} images.", is_error=True)
        return 128 + shutdown.received
    return 1 if bad else 0


def expand(words: Sequence[str]) -> list[str]:
    """Expand folders and patterns to the image files in them, sorted; leave files, addresses and "-" as they are.

    Raises:
        ConfigError: no image is named, or a folder or pattern has none.
    """
    if not words:
        raise ConfigError(
            "No image is named.",
            hint="Name image files, a folder, an address, or - for standard input.",
        )
    return list(dict.fromkeys(itertools.chain.from_iterable(map(_expand_word, words))))


def _expand_word(word: str) -> list[str]:
    path = Path(word)
    if word == STDIN or word.startswith(ADDRESSES) or path.is_file():
        return [word]
    if path.is_dir():
        files = [str(file) for file in sorted(path.iterdir()) if file.is_file()]
    elif glob.has_magic(word):
        files = [file for file in sorted(glob.glob(word, recursive=True)) if Path(file).is_file()]
    else:
        return [word]  # it is reported when it is read, and the others go on
    images = [file for file in files if Path(file).suffix.lower() in IMAGE_ENDINGS]
    if not images:
        raise ConfigError(
            f"There is no image in {word}.", hint=f"Endings: {', '.join(sorted(IMAGE_ENDINGS))}."
        )
    return images


def _detect(
    detector: Detector,
    sources: Sequence[str],
    arguments: DetectArguments,
    shutdown: GracefulShutdown,
) -> tuple[list[Result], int]:
    """Detect on each image until all are done or a signal is received; return the number of bad ones, too."""
    from fastrcnn_core import drawing

    names, file_names = unique_names(sources), _distinct_stems(sources)
    results, bad = [], 0
    with progress_bar(len(sources), "detecting") as progress:
        for source in sources:
            if shutdown.received is not None:
                break
            try:
                image = read_source(source)
                found = detector(image)
            except StorageError:  # not this image's fault: the next one would fail, too
                raise
            except UserError as error:
                echo(f"{source}: {error}", is_error=True)
                bad += 1
            else:
                results.append(Result(source, names[source], image.height, image.width, found))
                if arguments.out is not None:
                    target = arguments.out / f"{file_names[source]}.{arguments.format}"
                    drawing.save(drawing.draw(image, found), target)
            progress.update()
    return results, bad


def read_source(source: str) -> Image:
    """Read an image file, an image at an http address, or, for "-", the one on standard input.

    Raises:
        ImageError: it cannot be read. DataError: the address does not answer, or sends more than 100 MB.
    """
    from fastrcnn_core.images import read_image

    if source == STDIN:
        return read_image(sys.stdin.buffer.read(MAX_BYTES), name="stdin")
    if source.startswith(ADDRESSES):
        return read_image(_download(source), name=_stem(source))
    if "\0" in source:
        raise ImageError("There is no file of this name.", hint="Check the path.")
    return read_image(Path(source))


def _download(address: str) -> bytes:
    import requests

    content = b""
    try:
        with requests.get(address, stream=True, timeout=TIMEOUT_SECONDS) as response:
            response.raise_for_status()
            for piece in response.iter_content(1 << 16):
                content += piece
                if len(content) > MAX_BYTES:
                    raise DataError(f"{address} sends more than 100 MB.", hint="Name an image.")
    except requests.RequestException as error:
        raise DataError(
            f"The image cannot be downloaded ({error}).",
            hint="Check the address and the connection.",
        ) from error
    return content


def _stem(source: str) -> str:
    """Return the name of a source's file without its ending; "stdin" for standard input."""
    return "stdin" if source == STDIN else Path(source.partition("?")[0]).stem


def unique_names(sources: Sequence[str]) -> dict[str, str]:
    """Name each image by its stem, or by its source as it was given where two stems are equal."""
    counts = Counter(map(_stem, sources))
    return {source: _stem(source) if counts[_stem(source)] == 1 else source for source in sources}


def _distinct_stems(sources: Sequence[str]) -> dict[str, str]:
    """Name a file for each image by its stem, numbered from 2 on where stems are equal."""
    names: dict[str, str] = {}
    used: set[str] = set()  # in lower case: some file systems do not tell cases apart
    for source in sources:
        stem = _stem(source) or "image"
        numbered = (f"{stem}-{number}" for number in itertools.count(2))
        candidates = itertools.chain([stem], numbered)
        names[source] = next(name for name in candidates if name.lower() not in used)
        used.add(names[source].lower())
    return names


def _write(results: Sequence[Result], classes: Sequence[str], arguments: DetectArguments) -> None:
    """Write the files that were asked for, then print: a reader that ends early, such as `head`, loses nothing."""
    from fastrcnn_core.evaluation import coco_results

    rows = coco_results({result.name: result.detections for result in results})
    if arguments.coco is not None:
        write_text(arguments.coco, json.dumps(_coco_file(results, classes), indent=1))
    if arguments.json == Path(STDIN):
        print(json.dumps(rows))
        return
    if arguments.json is not None:
        write_text(arguments.json, json.dumps(rows))
    for result in results:
        _print(result)


def _coco_file(results: Sequence[Result], classes: Sequence[str]) -> dict[str, Any]:
    """Build a file in COCO's format, scores included: https://cocodataset.org/#format-data."""
    from fastrcnn_core.evaluation import coco_results

    ids = {result.name: number for number, result in enumerate(results, start=1)}
    rows = coco_results({result.name: result.detections for result in results}, ids)
    return {
        "info": {"description": f"Detections of fastrcnn {fastrcnn_core.__version__}"},
        "categories": [{"id": number, "name": name} for number, name in enumerate(classes, 1)],
        "images": [
            {
                "id": ids[result.name],
                "file_name": result.source,
                "height": result.height,
                "width": result.width,
            }
            for result in results
        ],
        "annotations": [
            row | {"id": number, "iscrowd": 0, "area": row["bbox"][2] * row["bbox"][3]}
            for number, row in enumerate(rows, start=1)
        ],
    }


def _print(result: Result) -> None:
    """Print a line for the image, and one for each detection."""
    detections = result.detections
    print(f"{result.source}: {len(detections.boxes)} detections")
    rows = zip(
        detections.boxes.tolist(),
        detections.labels.tolist(),
        detections.scores.tolist(),
        strict=True,
    )
    for (x1, y1, x2, y2), label, score in rows:
        name = detections.classes[label - 1]
        print(f"  {name:<12} {score:.3f}  x {x1:6.1f} to {x2:6.1f}, y {y1:6.1f} to {y2:6.1f}")
