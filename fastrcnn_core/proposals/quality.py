"""How good are proposals? Recall at an IoU, and the mean of the best overlaps.

Source: Uijlings et al., IJCV 2013, section 5: a ground-truth box's best overlap is its highest IoU with any proposal.

Shape letters: N ground-truth boxes; P proposals; L limits; T IoUs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.proposals.funnel import Funnel, Stage
from fastrcnn_core.structures import FloatArray


def best_overlap(
    *, proposals: FloatArray, gt_boxes: FloatArray, limits: Sequence[int]
) -> FloatArray:
    """Each ground-truth box's highest IoU with the first proposals: (L, N), a row for each limit; 0 without any."""
    best = np.zeros((len(limits), len(gt_boxes)), np.float32)
    if not len(proposals) or not len(gt_boxes):
        return best
    so_far = np.maximum.accumulate(pairwise_iou(proposals, gt_boxes), axis=0)  # (P, N)
    for row, limit in enumerate(limits):
        if limit > 0:
            best[row] = so_far[min(limit, len(proposals)) - 1]
    return best


def recall(overlaps: FloatArray, iou: float) -> float | None:
    """Share of ground-truth boxes with a best overlap of at least this: (N,) → [0, 1]; None without any box."""
    return float(np.mean(overlaps >= iou)) if len(overlaps) else None


def mean_average_best_overlap(overlaps: FloatArray) -> float | None:
    """MABO of one class: the mean of the best overlaps, (N,) → [0, 1]; None without any box."""
    return float(np.mean(overlaps)) if len(overlaps) else None


def recall_curve(overlaps: FloatArray, ious: Sequence[float]) -> FloatArray:
    """Recall at each IoU and each limit: (L, N) best overlaps → (L, T) in [0, 1]; not a number without any box."""
    thresholds = np.asarray(ious, np.float32)
    if overlaps.shape[1] == 0:
        return np.full((len(overlaps), len(thresholds)), np.nan, np.float32)
    return (overlaps[:, :, None] >= thresholds).mean(axis=1, dtype=np.float32)


@dataclass(frozen=True)
class Loss:
    """Why a box did not survive a stage.

    Args:
        index: of the box that went.
        measure: what was too small or too large: the shorter side in pixels ("big enough"), the longer side over
            the shorter ("shape"), the IoU with a better ranked box ("distinct"), or the place from 1 ("kept").
        other: the better ranked box that it repeats, for "distinct" only.
    """

    index: int
    measure: float
    other: int | None = None


@dataclass(frozen=True)
class Best:
    """The best box that a stage leaves one ground-truth box.

    Args:
        stage: its name.
        index: of the box, in the search's boxes; None if nothing that is left touches the ground truth.
        iou: with the ground truth, in [0, 1].
        place: the box's place among the survivors, from 1; None without a box.
        loss: why the best box of the stage before is not here; None if it is.
    """

    stage: str
    index: int | None
    iou: float
    place: int | None
    loss: Loss | None


def follow(funnel: Funnel, gt_box: FloatArray) -> tuple[Best, ...]:
    """The best box of one ground-truth box, (4,), at each stage of the funnel."""
    iou = pairwise_iou(funnel.found.boxes, gt_box[None])[:, 0]
    followed: list[Best] = []
    for number, stage in enumerate(funnel.stages):
        before = followed[-1].index if followed else None
        loss = None
        if before is not None and before not in stage.survivors:
            loss = _loss(funnel, before, stage, funnel.stages[number - 1])
        followed.append(_best(stage, iou, loss))
    return tuple(followed)


def _best(stage: Stage, iou: FloatArray, loss: Loss | None) -> Best:
    place = int(iou[stage.survivors].argmax()) if len(stage.survivors) else None
    if place is None or iou[stage.survivors[place]] <= 0:
        return Best(stage.name, None, 0.0, None, loss)
    index = int(stage.survivors[place])
    return Best(stage.name, index, float(iou[index]), place + 1, loss)


def _loss(funnel: Funnel, index: int, stage: Stage, before: Stage) -> Loss:
    """Measured as the filter measures it."""
    boxes = funnel.found.boxes
    sides = boxes[index, 2:] - boxes[index, :2]
    place = int(np.flatnonzero(before.survivors == index)[0])
    if stage.name == "big enough":
        return Loss(index, float(sides.min()))
    if stage.name == "shape":
        return Loss(index, float(sides.max() / sides.min()))
    if stage.name == "kept":
        return Loss(index, place + 1)
    better = before.survivors[:place]
    better = better[np.isin(better, stage.survivors)]
    overlap = pairwise_iou(boxes[better], boxes[[index]])[:, 0]
    nearest = int(overlap.argmax())
    return Loss(index, float(overlap[nearest]), int(better[nearest]))
