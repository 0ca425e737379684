"""RoI sampling for a training step: match candidates to ground truth, assign foreground or background, draw.

`foreground_share` is the sampler's fg_fraction: FG_FRACTION in Fast R-CNN's own code, positive_fraction in torchvision
and detectron2, whose matchers also take fg_iou_thresh and bg_iou_thresh.

Shape letters: P proposals, N ground-truth boxes, C = P + N or P candidates, R RoIs.
Source: Girshick, Fast R-CNN, ICCV 2015, section 2.3, "mini-batch sampling".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from fastrcnn_core.boxes import encode, pairwise_iou
from fastrcnn_core.config import SamplingConfig
from fastrcnn_core.structures import SampledRoIs


@dataclass(frozen=True, eq=False)
class Match:
    """The ground-truth box with the highest IoU for each of C candidates.

    Args:
        iou: (C,) float32, 0 where no box overlaps.
        gt_index: (C,) int64, the row of that ground-truth box; -1 where no box overlaps.
    """

    iou: Tensor
    gt_index: Tensor


@dataclass(frozen=True, eq=False)
class Assignment:
    """The assignment of C candidates to foreground, background or ignored; exactly one of the three holds.

    Args:
        match: the matched ground truth.
        is_foreground, is_background, is_ignored: (C,) bool.
    """

    match: Match
    is_foreground: Tensor
    is_background: Tensor
    is_ignored: Tensor


def best_match(candidates: Tensor, gt_boxes: Tensor) -> Match:
    """Match each candidate to the ground truth with the highest IoU, the first of equals: (C, 4), (N, 4) → C."""
    no_match = candidates.new_zeros(len(candidates), 1)
    iou, column = torch.cat([no_match, pairwise_iou(candidates, gt_boxes)], dim=1).max(dim=1)
    return Match(iou, column - 1)


def assign(candidates: Tensor, gt_boxes: Tensor, config: SamplingConfig) -> Assignment:
    """Assign foreground from `foreground_iou`, background in [low, high), ignored otherwise: (C, 4), (N, 4) → C."""
    match = best_match(candidates, gt_boxes)
    is_foreground = match.iou >= config.foreground_iou
    in_range = (match.iou >= config.background_iou_low) & (match.iou < config.background_iou_high)
    is_background = in_range & ~is_foreground
    return Assignment(match, is_foreground, is_background, ~(is_foreground | is_background))


def sample_rois(
    *,
    proposals: Tensor,
    gt_boxes: Tensor,
    gt_labels: Tensor,
    config: SamplingConfig,
    delta_std: Sequence[float],
    generator: torch.Generator,
) -> SampledRoIs:
    """Sample the RoIs of one image at random, foreground first; fewer than `rois_per_image` if there are no more.

    Args:
        proposals: (P, 4) float32 with width and height > 0; P may be 0.
        gt_boxes: (N, 4) float32; N may be 0, then everything drawn is background.
        gt_labels: (N,) int64 in 1..K.
        config: the numbers and the IoU ranges of foreground and background.
        delta_std: targets are divided by these four.
        generator: of the random numbers; the same state draws the same RoIs.
    """
    candidates = _candidates(proposals, gt_boxes, config)
    assignment = assign(candidates, gt_boxes, config)
    chosen = _draw(assignment, config, generator)
    return _with_targets(chosen, candidates, assignment, gt_boxes, gt_labels, delta_std)


def assigned_rois(
    *,
    proposals: Tensor,
    gt_boxes: Tensor,
    gt_labels: Tensor,
    config: SamplingConfig,
    delta_std: Sequence[float],
) -> SampledRoIs:
    """Return all candidates that are foreground or background, foreground first: those from which `sample_rois` draws.

    Args:
        proposals, gt_boxes, gt_labels, config, delta_std: as in `sample_rois`.
    """
    candidates = _candidates(proposals, gt_boxes, config)
    assignment = assign(candidates, gt_boxes, config)
    kinds = (assignment.is_foreground, assignment.is_background)
    chosen = torch.cat([kind.nonzero()[:, 0] for kind in kinds])
    return _with_targets(chosen, candidates, assignment, gt_boxes, gt_labels, delta_std)


def _candidates(proposals: Tensor, gt_boxes: Tensor, config: SamplingConfig) -> Tensor:
    return torch.cat([proposals, gt_boxes]) if config.add_ground_truth else proposals


def _with_targets(
    chosen: Tensor,
    candidates: Tensor,
    assignment: Assignment,
    gt_boxes: Tensor,
    gt_labels: Tensor,
    delta_std: Sequence[float],
) -> SampledRoIs:
    """Give the chosen candidates their labels and regression targets: (R,) int64 → R rows."""
    iou, gt_index = assignment.match.iou[chosen], assignment.match.gt_index[chosen]
    is_foreground = assignment.is_foreground[chosen]
    boxes = candidates[chosen]
    return SampledRoIs(
        boxes=boxes,
        labels=_gather(gt_labels, gt_index) * is_foreground,
        targets=_targets(boxes, _gather(gt_boxes, gt_index), is_foreground, delta_std),
        iou=iou,
        gt_index=gt_index,
        candidate_index=chosen,
    )


def _draw(assignment: Assignment, config: SamplingConfig, generator: torch.Generator) -> Tensor:
    """Draw candidates, foreground first, and return their indices: (R,) int64.

    Shuffles once, then takes the first of each kind, so that no count is copied from the device to Python.
    """
    count = len(assignment.is_foreground)
    shuffled = torch.randperm(count, generator=generator, device=generator.device)
    is_foreground = assignment.is_foreground[shuffled]
    is_background = assignment.is_background[shuffled]
    order = torch.arange(count, device=is_foreground.device)[shuffled]
    most_foreground = int(config.foreground_share * config.rois_per_image + 1e-6)
    foreground = is_foreground & (is_foreground.cumsum(0) <= most_foreground)
    background = is_background & (
        is_background.cumsum(0) <= config.rois_per_image - foreground.sum()
    )
    return torch.cat([order[foreground], order[background]])


def _gather(gt_values: Tensor, gt_index: Tensor) -> Tensor:
    """Gather each RoI's ground-truth value: (N, …), (R,) → (R, …); zeros where there is no match."""
    no_match = gt_values.new_zeros(1, *gt_values.shape[1:])
    return torch.cat([no_match, gt_values])[gt_index + 1]


def _targets(
    boxes: Tensor, matched: Tensor, is_foreground: Tensor, delta_std: Sequence[float]
) -> Tensor:
    """Encode the matched ground truth in units of `delta_std`; 0 for background: (R, 4) → (R, 4)."""
    deltas = encode(source=boxes, target=matched) / boxes.new_tensor(delta_std)
    return torch.where(is_foreground[:, None], deltas, deltas.new_zeros(()))
