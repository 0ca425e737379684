"""Of which RoIs a step's loss is made: each one's part, so that all parts together are the loss.

Shape letters: R RoIs of all pictures of a step.
Source: Girshick, Fast R-CNN, ICCV 2015, section 2.3, taken apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fastrcnn_core.config import LossConfig
from fastrcnn_core.runs.live import LiveStep
from fastrcnn_core.structures import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Anatomy:
    """A step's loss, RoI by RoI, in the order of its pictures and their RoIs.

    Args:
        picture: (R,) int64, which of the step's pictures. row: (R,) int64, which of that picture's RoIs.
        classification, box: (R,) float32, each RoI's part of the classification and of the weighted box loss.
    """

    picture: IntArray
    row: IntArray
    classification: FloatArray
    box: FloatArray

    @property
    def parts(self) -> FloatArray:
        """(R,) both together; their sum is the step's loss."""
        return self.classification + self.box

    @property
    def largest_first(self) -> IntArray:
        """(R,) the RoIs, the one that cost most first; of equal ones the earlier first."""
        return np.argsort(-self.parts, kind="stable")

    def share_of(self, which: IntArray) -> float:
        """The share of the whole loss that these RoIs make, in [0, 1]; 0 where nothing was paid."""
        whole = float(self.parts.sum())
        return float(self.parts[which].sum()) / whole if whole else 0.0


def anatomy(step: LiveStep, config: LossConfig) -> Anatomy:
    """The parts of which the step's loss is made.

    Args:
        config: the run's, for λ and for what the box loss was divided by.
    """
    labels = _joined([it.labels for it in step.pictures])
    count, foreground = max(len(labels), 1), int((labels > 0).sum())
    divisor = count if config.box_mean == "sampled_rois" else max(4 * foreground, 1)
    paid = _joined([it.classification_loss for it in step.pictures])
    box = _joined([it.box_loss for it in step.pictures])
    numbers = [np.full(len(it.labels), number) for number, it in enumerate(step.pictures)]
    return Anatomy(
        picture=_joined(numbers).astype(np.int64),
        row=_joined([np.arange(len(it.labels)) for it in step.pictures]).astype(np.int64),
        classification=(paid / count).astype(np.float32),
        box=(config.box_weight * box / divisor).astype(np.float32),
    )


def _joined(parts: list[FloatArray] | list[IntArray]) -> FloatArray:
    return np.concatenate([np.zeros(0, np.float32), *parts])
