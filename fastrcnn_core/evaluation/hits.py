"""Which detections of one picture are right, and whom do they miss?

Shape letters: D detections, N ground-truth boxes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.evaluation.truth import Annotated
from fastrcnn_core.structures import Detections, FloatArray, IntArray

Verdict = Literal["hit", "duplicate", "background", "ignored"]


@dataclass(frozen=True, eq=False)
class HitsAndMisses:
    """The judgement of one picture's detections.

    Args:
        verdicts: D words, in the order of the detections: a `hit` finds somebody first; a `duplicate` finds somebody
            who was found already; `background` finds nobody; `ignored` lies in a crowd and counts as nothing.
        gt_index: (D,) int64, who was hit or found again; -1 for background and ignored.
        iou: (D,) float32, with the ground truth of its class that it overlaps most; 0 where there is none.
        missed: (M,) int64, ground truth that nobody found; crowds are not looked for.
        ground_truth: how many were to be found.
    """

    verdicts: tuple[Verdict, ...]
    gt_index: IntArray
    iou: FloatArray
    missed: IntArray
    ground_truth: int

    @property
    def hits(self) -> int:
        return self.verdicts.count("hit")

    @property
    def wrong(self) -> int:
        """Duplicates and background hits."""
        return self.verdicts.count("duplicate") + self.verdicts.count("background")

    @property
    def precision(self) -> float | None:
        """Share of the detections that are hits; None if there is no detection."""
        return _share(self.hits, self.hits + self.wrong)

    @property
    def recall(self) -> float | None:
        """Share of the people who were found; None if nobody was there."""
        return _share(self.hits, self.ground_truth)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None if there was nothing to find and nothing found."""
        return _share(2 * self.hits, self.hits + self.wrong + self.ground_truth)


def hits_and_misses(
    detections: Detections, annotated: Annotated, *, iou: float = 0.5
) -> HitsAndMisses:
    """Judge detections, best score first: each takes the free ground truth of its class that it overlaps most.

    Source: the COCO protocol (pycocotools, `evaluateImg`) at one IoU; "duplicate" names the false positives whose
    person another detection has taken.
    """
    boxes, labels = detections.boxes.numpy(), detections.labels.numpy()
    overlap = pairwise_iou(boxes, annotated.boxes)
    overlap[labels[:, None] != annotated.labels[None, :]] = 0.0  # (D, N)
    crowd = annotated.is_crowd
    in_crowd = _covered_by(boxes, annotated.boxes) * (labels[:, None] == annotated.labels[None, :])
    free = ~crowd
    verdicts: list[Verdict] = []
    gt_index = np.full(len(boxes), -1, dtype=np.int64)
    for row in range(len(boxes)):
        verdict, gt_index[row] = _judge(overlap[row], in_crowd[row], free, crowd, iou)
        verdicts.append(verdict)
        if verdict == "hit":
            free[gt_index[row]] = False
    best = overlap.max(axis=1, initial=0.0).astype(np.float32)
    return HitsAndMisses(tuple(verdicts), gt_index, best, np.flatnonzero(free), int((~crowd).sum()))


def total(judgements: Iterable[HitsAndMisses]) -> HitsAndMisses:
    """All pictures' judgements as one, for the precision, recall and F1 of a split; `gt_index` loses its meaning."""
    them = list(judgements)
    return HitsAndMisses(
        tuple(verdict for it in them for verdict in it.verdicts),
        np.concatenate([np.zeros(0, np.int64), *(it.gt_index for it in them)]),
        np.concatenate([np.zeros(0, np.float32), *(it.iou for it in them)]),
        np.concatenate([np.zeros(0, np.int64), *(it.missed for it in them)]),
        sum(it.ground_truth for it in them),
    )


def _judge(
    overlap: FloatArray,
    in_crowd: FloatArray,
    free: np.ndarray,
    crowd: np.ndarray,
    iou: float,
) -> tuple[Verdict, int]:
    """One detection against (N,) overlaps: its verdict, and whom it found."""
    if (available := np.where(free, overlap, -1.0)).max(initial=-1.0) >= iou:
        return "hit", int(available.argmax())
    if np.where(crowd, in_crowd, -1.0).max(initial=-1.0) >= iou:
        return "ignored", -1
    if (found_before := np.where(crowd, -1.0, overlap)).max(initial=-1.0) >= iou:
        return "duplicate", int(found_before.argmax())
    return "background", -1


def _covered_by(boxes: FloatArray, others: FloatArray) -> FloatArray:
    """Share of each box that lies inside each other box, COCO's measure for crowds: (D, N)."""
    top_left = np.maximum(boxes[:, None, :2], others[None, :, :2])
    bottom_right = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    inside = (bottom_right - top_left).clip(min=0).prod(axis=2)
    size = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1).clip(min=1e-9)
    return np.asarray(inside / size[:, None], dtype=np.float32)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
