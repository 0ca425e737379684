"""One ground-truth box through the funnel: the best box that each stage leaves it, and why the better one went.

Shape letters: S survivors of a stage.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.proposals.funnel import Funnel, Stage
from fastrcnn_core.structures import FloatArray


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
