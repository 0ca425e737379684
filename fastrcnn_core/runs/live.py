"""A step of a run with its RoIs, so that a page can show it; the one just done is in a file that is replaced.

Shape letters: R RoIs of one picture; K classes without the background.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fastrcnn_core.errors import RunError
from fastrcnn_core.files import write_text
from fastrcnn_core.structures import FloatArray, IntArray, StepReport

LIVE_FILE = "live.json"


@dataclass(frozen=True, eq=False)
class LivePicture:
    """One picture of a step and what the head said of its RoIs, foreground first.

    Args:
        name: in the data set. flipped: the step saw its mirror image, and the boxes lie there.
        boxes: (R, 4) float32. labels: (R,) int64, 0 is background. iou: (R,) float32 with the matched ground truth.
        gt_index: (R,) int64 of the ground truth that was trained on; -1 where there is none.
        scores: (R, K + 1) float32, column 0 is background.
        classification_loss, box_loss: (R,) float32, each RoI's own.
    """

    name: str
    flipped: bool
    boxes: FloatArray
    labels: IntArray
    iou: FloatArray
    gt_index: IntArray
    scores: FloatArray
    classification_loss: FloatArray
    box_loss: FloatArray


@dataclass(frozen=True, eq=False)
class LiveStep:
    """A training step and its pictures."""

    step: int
    pictures: tuple[LivePicture, ...]


def pictures_of(report: StepReport) -> tuple[LivePicture, ...]:
    """A step's RoIs, picture by picture, with what the head said of them."""
    return tuple(_pictures(report))


def write_live(folder: Path, report: StepReport) -> None:
    """Replace the run's live file by this step."""
    write_step(folder / LIVE_FILE, report)


def read_live(folder: Path) -> LiveStep | None:
    """The last step that was written; None if there is none yet. Raises RunError if the file is damaged."""
    return read_step(folder / LIVE_FILE)


def write_step(path: Path, report: StepReport) -> None:
    """Put the step into a file of its own; numbers are rounded to what a screen can show."""
    pictures = [
        {name: _plain(value) for name, value in vars(it).items()} for it in pictures_of(report)
    ]
    write_text(path, json.dumps({"step": report.step, "pictures": pictures}))


def read_step(path: Path) -> LiveStep | None:
    """The step in this file; None if there is no such file.

    Raises:
        RunError: the file is damaged.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return LiveStep(values["step"], tuple(_revived(it) for it in values["pictures"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{path.name}, a step of the run with its RoIs, is damaged.",
            hint="Look at another step; a run that goes on writes new ones.",
        ) from error


def _pictures(report: StepReport) -> Iterator[LivePicture]:
    if report.losses is None or report.scores is None:
        return
    start = 0
    for name, flipped, rois in zip(report.images, report.flipped, report.rois, strict=True):
        rows = slice(start, start + len(rois.boxes))
        start = rows.stop
        yield LivePicture(
            name=name,
            flipped=flipped,
            boxes=rois.boxes.numpy(),
            labels=rois.labels.numpy(),
            iou=rois.iou.numpy(),
            gt_index=rois.gt_index.numpy(),
            scores=report.scores[rows].numpy(),
            classification_loss=report.losses.classification_per_roi[rows].numpy(),
            box_loss=report.losses.box_per_roi[rows].numpy(),
        )


def _plain(value: Any) -> Any:
    return (
        np.round(value.astype(np.float64), 4).tolist() if isinstance(value, np.ndarray) else value
    )


def _revived(values: dict[str, Any]) -> LivePicture:
    count = len(values["labels"])

    def floats(name: str) -> FloatArray:
        return np.asarray(values[name], dtype=np.float32)

    def integers(name: str) -> IntArray:
        return np.asarray(values[name]).astype(np.int64)

    return LivePicture(
        name=values["name"],
        flipped=values["flipped"],
        boxes=floats("boxes").reshape(count, 4),
        labels=integers("labels"),
        iou=floats("iou"),
        gt_index=integers("gt_index"),
        scores=floats("scores").reshape(count, -1) if count else np.zeros((0, 0), np.float32),
        classification_loss=floats("classification_loss"),
        box_loss=floats("box_loss"),
    )
