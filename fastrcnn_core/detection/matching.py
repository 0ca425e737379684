"""Matching of one image's detections to its ground truth: true positives, duplicates, background, missed objects.

Shape letters: D detections, N ground-truth boxes.
Source: the COCO protocol (pycocotools, `evaluateImg`) at one IoU threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.structures import BoolArray, Detections, FloatArray, IntArray

Verdict = Literal["hit", "duplicate", "background", "ignored"]


class GroundTruth(Protocol):
    """Annotated boxes of an image, without its pixels; `AnnotatedImage` and `Annotation` both are."""

    @property
    def name(self) -> str: ...
    @property
    def boxes(self) -> FloatArray: ...
    @property
    def labels(self) -> IntArray: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def is_crowd(self) -> BoolArray: ...


@dataclass(frozen=True, eq=False)
class MatchedDetections:
    """Detections matched to ground truth.

    Args:
        verdicts: D words, in the order of the detections. `hit`: a true positive. `duplicate`: a false positive on an
            object that a better detection has taken. `background`: a false positive on no object. `ignored`: inside a
            crowd, neither right nor wrong.
        gt_index: (D,) int64, the ground truth of a hit or duplicate; -1 for background and ignored.
        iou: (D,) float32, with the ground truth of its class that it overlaps most; 0 where there is none.
        found_by: (N,) int64, the detection that is the true positive of each ground-truth box; -1 without one.
        missed: (M,) int64, false negatives: ground truth without a hit, crowds left out.
        ground_truth: number of ground-truth boxes, crowds left out.
    """

    verdicts: tuple[Verdict, ...]
    gt_index: IntArray
    iou: FloatArray
    found_by: IntArray
    missed: IntArray
    ground_truth: int


def match_detections(
    detections: Detections, annotated: GroundTruth, *, iou: float = 0.5
) -> MatchedDetections:
    """Match detections to ground truth, best score first: each takes the free box of its class that it overlaps most.

    Args:
        iou: IoU from which on a detection counts as on an object.
    """
    boxes, labels = detections.boxes.numpy(), detections.labels.numpy()
    same_class = labels[:, None] == annotated.labels[None, :]
    overlap = np.where(same_class, pairwise_iou(boxes, annotated.boxes), 0.0)  # (D, N)
    in_crowd = np.where(same_class, _covered_share(boxes, annotated.boxes), 0.0)
    is_crowd = annotated.is_crowd
    found_by = np.full(len(annotated.boxes), -1, dtype=np.int64)
    gt_index = np.full(len(boxes), -1, dtype=np.int64)
    verdicts: list[Verdict] = []
    for row in range(len(boxes)):
        is_free = ~is_crowd & (found_by < 0)
        verdict, gt_index[row] = _match(overlap[row], in_crowd[row], is_free, is_crowd, iou)
        verdicts.append(verdict)
        if verdict == "hit":
            found_by[gt_index[row]] = row
    return MatchedDetections(
        verdicts=tuple(verdicts),
        gt_index=gt_index,
        iou=overlap.max(axis=1, initial=0.0).astype(np.float32),
        found_by=found_by,
        missed=np.flatnonzero(~is_crowd & (found_by < 0)),
        ground_truth=int((~is_crowd).sum()),
    )


def _match(
    overlap: FloatArray, in_crowd: FloatArray, is_free: BoolArray, is_crowd: BoolArray, iou: float
) -> tuple[Verdict, int]:
    """Match one detection by its (N,) overlaps; return its verdict and its ground-truth box."""
    if (available := np.where(is_free, overlap, -1.0)).max(initial=-1.0) >= iou:
        return "hit", int(available.argmax())
    if np.where(is_crowd, in_crowd, -1.0).max(initial=-1.0) >= iou:
        return "ignored", -1
    if (taken := np.where(is_crowd, -1.0, overlap)).max(initial=-1.0) >= iou:
        return "duplicate", int(taken.argmax())
    return "background", -1


def _covered_share(boxes: FloatArray, regions: FloatArray) -> FloatArray:
    """Return the share of each box that lies inside each region, COCO's overlap for crowds: (D, N)."""
    top_left = np.maximum(boxes[:, None, :2], regions[None, :, :2])
    bottom_right = np.minimum(boxes[:, None, 2:], regions[None, :, 2:])
    inside = (bottom_right - top_left).clip(min=0).prod(axis=2)
    size = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1).clip(min=1e-9)
    return np.asarray(inside / size[:, None], dtype=np.float32)
