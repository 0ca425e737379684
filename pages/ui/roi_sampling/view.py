"""Everything that the RoI sampling page says of one picture at one setting of its knobs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from fastrcnn_core.config import SamplingConfig
from fastrcnn_core.roi_sampling import Assignment, assign, sample_rois
from fastrcnn_core.structures import AnnotatedImage, FloatArray, IntArray, SampledRoIs

Kind = Literal["foreground", "background", "ignored"]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class SamplingView:
    """One picture's candidates, what each counts as, and who is drawn.

    Shape letters: P proposals, N ground-truth boxes, C candidates (the proposals, then the ground truth if it is among
    them), R sampled RoIs.

    Args:
        annotated: the picture with the ground truth that training sees.
        proposals: how many of the candidates are proposals. candidates: (C, 4) float32.
        assignment: of the candidates. sampled: who is drawn with this seed.
        config: the knobs. delta_std: by what the targets are divided.
    """

    annotated: AnnotatedImage
    proposals: int
    candidates: FloatArray
    assignment: Assignment
    sampled: SampledRoIs
    config: SamplingConfig
    delta_std: tuple[float, float, float, float]

    @cached_property
    def iou(self) -> FloatArray:
        """(C,) with the ground truth that each overlaps most."""
        return np.asarray(self.assignment.match.iou.numpy(), np.float32)

    @cached_property
    def matches(self) -> IntArray:
        """(C,) row of that ground truth; -1 if a candidate touches none."""
        return np.asarray(self.assignment.match.gt_index.numpy(), np.int64)

    @cached_property
    def drawn(self) -> IntArray:
        """(R,) rows of the candidates that are drawn, foreground first."""
        return np.asarray(self.sampled.candidate_index.numpy(), np.int64)

    def rows(self, kind: Kind, *, drawn: bool | None = None) -> IntArray:
        """Return the rows of the candidates of a kind; only the sampled, or only the unsampled, if `drawn` says so."""
        rows = np.flatnonzero(self._flags[kind])
        if drawn is None:
            return rows
        return rows[np.isin(rows, self.drawn) == drawn]

    def kind(self, row: int) -> Kind:
        """Return the kind of a candidate: positive, negative or ignored."""
        return next(kind for kind, flags in self._flags.items() if flags[row])

    @property
    def places(self) -> int:
        """Return the largest number of foreground RoIs (RoIs per image × foreground share)."""
        return int(self.config.foreground_share * self.config.rois_per_image + 1e-6)

    @cached_property
    def key(self) -> str:
        """Six hexadecimal digits of the picture and its proposals: a row means the same wherever they agree."""
        digest = hashlib.blake2b(self.annotated.image.key.encode(), digest_size=3)
        digest.update(np.ascontiguousarray(self.candidates[: self.proposals]).data)
        return digest.hexdigest()

    @cached_property
    def _flags(self) -> dict[Kind, Flags]:
        assignment = self.assignment
        return {
            "foreground": assignment.is_foreground.numpy(),
            "background": assignment.is_background.numpy(),
            "ignored": assignment.is_ignored.numpy(),
        }


def view(
    annotated: AnnotatedImage,
    proposals: FloatArray,
    config: SamplingConfig,
    *,
    delta_std: tuple[float, float, float, float],
    seed: int,
) -> SamplingView:
    """Sample RoIs as training would, from this picture with this seed. Crowds match no candidate, as in"""
    truth = _without_crowds(annotated)
    boxes, gt_boxes = torch.tensor(proposals), torch.tensor(truth.boxes)
    sampled = sample_rois(
        proposals=boxes,
        gt_boxes=gt_boxes,
        gt_labels=torch.tensor(truth.labels),
        config=config,
        delta_std=delta_std,
        generator=torch.Generator().manual_seed(seed),
    )
    candidates = torch.cat([boxes, gt_boxes]) if config.add_ground_truth else boxes
    assignment = assign(candidates, gt_boxes, config)
    return SamplingView(
        truth, len(boxes), candidates.numpy(), assignment, sampled, config, delta_std
    )


def _without_crowds(annotated: AnnotatedImage) -> AnnotatedImage:
    rows = np.flatnonzero(~annotated.is_crowd)
    if len(rows) == len(annotated.boxes):
        return annotated
    return AnnotatedImage(
        annotated.image,
        annotated.boxes[rows],
        annotated.labels[rows],
        annotated.classes,
        tuple(annotated.tags[row] for row in rows),
    )
