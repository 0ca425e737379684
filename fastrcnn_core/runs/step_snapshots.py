"""Snapshots of training steps with their RoIs, and each RoI's part of the loss.

runs/NAME/live.json          the step just done, replaced about once a second
          steps/000040.json  the step history: every step of a short run, evenly spread ones of a long run; 10 KB each

Shape letters: R RoIs of one image, or of all images of a step; K classes without the background.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from fastrcnn_core.config import LossConfig
from fastrcnn_core.errors import RunError
from fastrcnn_core.files import write_text
from fastrcnn_core.structures import FloatArray, IntArray, StepReport

LATEST_FILE = "live.json"
HISTORY_FOLDER = "steps"
# Chosen here: some 10 MB, less than one checkpoint; a minute's run on Penn-Fudan has 680 steps.
MAX_HISTORY = 1000


@dataclass(frozen=True, eq=False)
class ImageSnapshot:
    """One image of a step, its sampled RoIs and the head's scores of them, foreground first.

    Args:
        name: in the data set. flipped: the step saw the mirror image, and the boxes lie there.
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


_ARRAYS = [item.name for item in fields(ImageSnapshot) if item.name not in ("name", "flipped")]


@dataclass(frozen=True, eq=False)
class StepSnapshot:
    """A training step and its images."""

    step: int
    images: tuple[ImageSnapshot, ...]


@dataclass(frozen=True, eq=False)
class LossBreakdown:
    """The loss of a step, RoI by RoI, in the order of its images and their RoIs; all parts add up to the loss.

    Args:
        image: (R,) int64, which of the step's images. row: (R,) int64, which of that image's RoIs.
        classification, box: (R,) float32, each RoI's part of the classification and of the weighted box loss.
    """

    image: IntArray
    row: IntArray
    classification: FloatArray
    box: FloatArray

    @property
    def parts(self) -> FloatArray:
        """(R,) classification and box together."""
        return self.classification + self.box

    @property
    def largest_first(self) -> IntArray:
        """(R,) indices of the RoIs, largest part first; of equal ones the earlier first."""
        return np.argsort(-self.parts, kind="stable")

    def share_of(self, rows: IntArray) -> float:
        """Return the share of the loss that these RoIs make, in [0, 1]; 0 where the loss is 0."""
        total = float(self.parts.sum())
        return float(self.parts[rows].sum()) / total if total else 0.0


def break_down_loss(step: StepSnapshot, config: LossConfig) -> LossBreakdown:
    """Break a step's loss down to its RoIs.

    Args:
        config: the run's, for λ and for the divisor of the box loss.

    Source: Girshick, Fast R-CNN, ICCV 2015, section 2.3.
    """
    labels = _concatenated([image.labels for image in step.images])
    count, foreground = max(len(labels), 1), int((labels > 0).sum())
    divisor = count if config.box_mean == "sampled_rois" else max(4 * foreground, 1)
    classification = _concatenated([image.classification_loss for image in step.images])
    box = _concatenated([image.box_loss for image in step.images])
    numbers = [np.full(len(image.labels), number) for number, image in enumerate(step.images)]
    rows = [np.arange(len(image.labels)) for image in step.images]
    return LossBreakdown(
        image=_concatenated(numbers).astype(np.int64),
        row=_concatenated(rows).astype(np.int64),
        classification=(classification / count).astype(np.float32),
        box=(config.box_weight * box / divisor).astype(np.float32),
    )


def image_snapshots(report: StepReport) -> tuple[ImageSnapshot, ...]:
    """Split a step's report into its images; none without losses and scores."""
    if report.losses is None or report.scores is None:
        return ()
    counts = [len(rois.boxes) for rois in report.rois]
    per_image = zip(
        report.images,
        report.flipped,
        report.rois,
        report.scores.split(counts),
        report.losses.classification_per_roi.split(counts),
        report.losses.box_per_roi.split(counts),
        strict=True,
    )
    return tuple(
        ImageSnapshot(
            name=name,
            flipped=flipped,
            boxes=rois.boxes.numpy(),
            labels=rois.labels.numpy(),
            iou=rois.iou.numpy(),
            gt_index=rois.gt_index.numpy(),
            scores=scores.numpy(),
            classification_loss=classification.numpy(),
            box_loss=box.numpy(),
        )
        for name, flipped, rois, scores, classification, box in per_image
    )


def write_latest(folder: Path, report: StepReport) -> None:
    """Replace the run's latest snapshot by this step."""
    _write(folder / LATEST_FILE, report)


def read_latest(folder: Path) -> StepSnapshot | None:
    """Read the run's latest snapshot; None if there is none yet. Raises RunError if the file is damaged."""
    return _read(folder / LATEST_FILE)


def is_in_history(step: int, total_steps: int) -> bool:
    """Decide whether a step of a run of this length is saved: the first, the last, and at most a thousand between."""
    stride = max(1, -(-total_steps // MAX_HISTORY))
    return step % stride == 0 or step in (1, total_steps)


def append_history(folder: Path, report: StepReport, *, total_steps: int) -> None:
    """Save the step to the run's history if it is one of those that are saved."""
    if is_in_history(report.step, total_steps):
        _write(_history_path(folder, report.step), report)


def history_steps(folder: Path) -> tuple[int, ...]:
    """List the numbers of the saved steps, in order; none for a run of an early version."""
    names = (path.stem for path in (folder / HISTORY_FOLDER).glob("*.json"))
    return tuple(sorted(int(name) for name in names if name.isdecimal()))


def read_history(folder: Path, step: int) -> StepSnapshot:
    """Read a saved step.

    Raises:
        RunError: it was not saved, or its file is damaged.
    """
    found = _read(_history_path(folder, step))
    if found is None:
        raise RunError(
            f"Step {step} of the run {folder.name!r} was not saved.",
            hint="Choose another step, or train again.",
        )
    return found


def truncate_history(folder: Path, step: int) -> None:
    """Remove the saved steps after this one: a resumed run does them again."""
    for later in history_steps(folder):
        if later > step:
            _history_path(folder, later).unlink(missing_ok=True)


def _history_path(folder: Path, step: int) -> Path:
    return folder / HISTORY_FOLDER / f"{step:06d}.json"


def _write(path: Path, report: StepReport) -> None:
    """Write the step as JSON, numbers rounded to four decimals, which is more than a screen shows."""
    images = [
        {name: _to_json(value) for name, value in vars(image).items()}
        for image in image_snapshots(report)
    ]
    write_text(path, json.dumps({"step": report.step, "pictures": images}))


def _read(path: Path) -> StepSnapshot | None:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return StepSnapshot(
            values["step"], tuple(_from_json(value) for value in values["pictures"])
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{path.name}, a step of the run with its RoIs, is damaged.",
            hint="Look at another step; a run that goes on writes new ones.",
        ) from error


def _to_json(value: Any) -> Any:
    is_array = isinstance(value, np.ndarray)
    return np.round(value.astype(np.float64), 4).tolist() if is_array else value


def _from_json(values: dict[str, Any]) -> ImageSnapshot:
    arrays: dict[str, Any] = {
        name: np.asarray(values[name], np.int64 if name in ("labels", "gt_index") else np.float32)
        for name in _ARRAYS
    }
    count = len(arrays["labels"])
    arrays["boxes"] = arrays["boxes"].reshape(count, 4)
    arrays["scores"] = arrays["scores"].reshape(count, -1 if count else 0)
    return ImageSnapshot(name=values["name"], flipped=values["flipped"], **arrays)


def _concatenated(parts: list[FloatArray] | list[IntArray]) -> FloatArray:
    return np.concatenate([np.zeros(0, np.float32), *parts])
