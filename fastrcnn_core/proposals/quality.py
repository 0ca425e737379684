"""Proposal quality: recall at an IoU, MABO, and the best box that each filter leaves a ground-truth box.

Source: Uijlings et al., IJCV 2013, section 5: a ground-truth box's best overlap is its highest IoU with any proposal;
MABO is the mean average best overlap.

Shape letters: N ground-truth boxes; P proposals; L limits; T IoUs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.proposals.funnel import FilterStage, Funnel
from fastrcnn_core.structures import FloatArray


def best_overlap(
    *, proposals: FloatArray, gt_boxes: FloatArray, limits: Sequence[int]
) -> FloatArray:
    """Compute each ground-truth box's highest IoU with the first proposals: (L, N), a row a limit; 0 without any."""
    best = np.zeros((len(limits), len(gt_boxes)), np.float32)
    if not len(proposals) or not len(gt_boxes):
        return best
    so_far = np.maximum.accumulate(pairwise_iou(proposals, gt_boxes), axis=0)  # (P, N)
    for row, limit in enumerate(limits):
        if limit > 0:
            best[row] = so_far[min(limit, len(proposals)) - 1]
    return best


def recall(overlaps: FloatArray, iou: float) -> float | None:
    """Compute recall, the share of (N,) best overlaps of at least `iou`; None without any box."""
    return float(np.mean(overlaps >= iou)) if len(overlaps) else None


def mean_average_best_overlap(overlaps: FloatArray) -> float | None:
    """Compute MABO of one class, the mean of (N,) best overlaps; None without any box."""
    return float(np.mean(overlaps)) if len(overlaps) else None


def recall_curve(overlaps: FloatArray, ious: Sequence[float]) -> FloatArray:
    """Compute recall at each limit and IoU: (L, N) best overlaps → (L, T) in [0, 1]; NaN without any box."""
    thresholds = np.asarray(ious, np.float32)
    if overlaps.shape[1] == 0:
        return np.full((len(overlaps), len(thresholds)), np.nan, np.float32)
    return (overlaps[:, :, None] >= thresholds).mean(axis=1, dtype=np.float32)


@dataclass(frozen=True)
class Removal:
    """A filter's reason for removing a box.

    Args:
        index: the removed box, in the search's boxes.
        measure: the shorter side in pixels ("minimum side"), the longer side over the shorter ("aspect ratio"), the IoU
            with a better ranked box ("deduplicated"), or the rank from 1 ("kept").
        duplicate_of: the better ranked box that it duplicates, for "deduplicated" only.
    """

    index: int
    measure: float
    duplicate_of: int | None = None


@dataclass(frozen=True)
class BestBox:
    """The box of highest IoU with one ground-truth box after one stage of the funnel.

    Args:
        stage: the stage's name.
        index: the box, in the search's boxes; None if no survivor overlaps the ground truth.
        iou: with the ground truth, in [0, 1].
        rank: among the stage's survivors, from 1; None without a box.
        removal: why the previous stage's best box was removed; None if it survives.
    """

    stage: str
    index: int | None
    iou: float
    rank: int | None
    removal: Removal | None


def best_by_stage(funnel: Funnel, gt_box: FloatArray) -> tuple[BestBox, ...]:
    """Find the best box for one ground-truth box, (4,), at each stage of the funnel."""
    iou = pairwise_iou(funnel.found.boxes, gt_box[None])[:, 0]
    best: list[BestBox] = []
    for number, stage in enumerate(funnel.stages):
        previous = best[-1].index if best else None
        removal = None
        if previous is not None and previous not in stage.survivors:
            removal = _removal(funnel, previous, stage, funnel.stages[number - 1])
        best.append(_best(stage, iou, removal))
    return tuple(best)


def _best(stage: FilterStage, iou: FloatArray, removal: Removal | None) -> BestBox:
    row = int(iou[stage.survivors].argmax()) if len(stage.survivors) else None
    if row is None or iou[stage.survivors[row]] <= 0:
        return BestBox(stage.name, None, 0.0, None, removal)
    index = int(stage.survivors[row])
    return BestBox(stage.name, index, float(iou[index]), row + 1, removal)


def _removal(funnel: Funnel, index: int, stage: FilterStage, previous: FilterStage) -> Removal:
    """Measure the removed box as the stage's filter does."""
    boxes = funnel.found.boxes
    sides = boxes[index, 2:] - boxes[index, :2]
    row = int(np.flatnonzero(previous.survivors == index)[0])
    if stage.name == "minimum side":
        return Removal(index, float(sides.min()))
    if stage.name == "aspect ratio":
        return Removal(index, float(sides.max() / sides.min()))
    if stage.name == "kept":
        return Removal(index, row + 1)
    better = previous.survivors[:row]
    better = better[np.isin(better, stage.survivors)]
    overlap = pairwise_iou(boxes[better], boxes[[index]])[:, 0]
    nearest = int(overlap.argmax())
    return Removal(index, float(overlap[nearest]), int(better[nearest]))
