"""Which RoIs a training step looks at: match candidates with the ground truth, judge them, draw some.

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
        iou: (C,) float32, 0 where nothing is touched.
        gt_index: (C,) int64, the row of that ground-truth box; -1 where none is touched.
    """

    iou: Tensor
    gt_index: Tensor


@dataclass(frozen=True, eq=False)
class Judgement:
    """What each of C candidates counts as; exactly one of the three holds.

    Args:
        match: with the ground truth.
        is_foreground, is_background, is_ignored: (C,) bool.
    """

    match: Match
    is_foreground: Tensor
    is_background: Tensor
    is_ignored: Tensor


def best_match(candidates: Tensor, gt_boxes: Tensor) -> Match:
    """Who each candidate shows best: (C, 4), (N, 4) → C IoUs and indices; the first of equals."""
    nobody = candidates.new_zeros(len(candidates), 1)
    iou, column = torch.cat([nobody, pairwise_iou(candidates, gt_boxes)], dim=1).max(dim=1)
    return Match(iou, column - 1)


def judge(candidates: Tensor, gt_boxes: Tensor, config: SamplingConfig) -> Judgement:
    """Foreground from `foreground_iou`, background in [low, high), ignored otherwise: (C, 4), (N, 4) → C."""
    match = best_match(candidates, gt_boxes)
    is_foreground = match.iou >= config.foreground_iou
    in_range = (match.iou >= config.background_iou_low) & (match.iou < config.background_iou_high)
    is_background = in_range & ~is_foreground
    return Judgement(match, is_foreground, is_background, ~(is_foreground | is_background))


def sample_rois(
    *,
    proposals: Tensor,
    gt_boxes: Tensor,
    gt_labels: Tensor,
    config: SamplingConfig,
    delta_std: Sequence[float],
    generator: torch.Generator,
) -> SampledRoIs:
    """Draw the RoIs of one picture at random, foreground first; fewer than asked for if there are no more.

    Args:
        proposals: (P, 4) float32 with width and height > 0; P may be 0.
        gt_boxes: (N, 4) float32; N may be 0, then everything drawn is background.
        gt_labels: (N,) int64 in 1..K.
        config: how many, and what counts as foreground and background.
        delta_std: targets are divided by these four.
        generator: where the chance comes from; the same state draws the same RoIs.
    """
    candidates = _candidates(proposals, gt_boxes, config)
    judgement = judge(candidates, gt_boxes, config)
    chosen = _draw(judgement, config, generator)
    return _described(chosen, candidates, judgement, gt_boxes, gt_labels, delta_std)


def judged_rois(
    *,
    proposals: Tensor,
    gt_boxes: Tensor,
    gt_labels: Tensor,
    config: SamplingConfig,
    delta_std: Sequence[float],
) -> SampledRoIs:
    """Every candidate that counts as foreground or background, foreground first: what `sample_rois` draws from.

    Args:
        proposals, gt_boxes, gt_labels, config, delta_std: as there.
    """
    candidates = _candidates(proposals, gt_boxes, config)
    judgement = judge(candidates, gt_boxes, config)
    kinds = (judgement.is_foreground, judgement.is_background)
    chosen = torch.cat([kind.nonzero()[:, 0] for kind in kinds])
    return _described(chosen, candidates, judgement, gt_boxes, gt_labels, delta_std)


def _candidates(proposals: Tensor, gt_boxes: Tensor, config: SamplingConfig) -> Tensor:
    return torch.cat([proposals, gt_boxes]) if config.add_ground_truth else proposals


def _described(
    chosen: Tensor,
    candidates: Tensor,
    judgement: Judgement,
    gt_boxes: Tensor,
    gt_labels: Tensor,
    delta_std: Sequence[float],
) -> SampledRoIs:
    """The chosen candidates with what they should be called and moved to: (R,) int64 → R rows."""
    iou, gt_index = judgement.match.iou[chosen], judgement.match.gt_index[chosen]
    is_foreground = judgement.is_foreground[chosen]
    boxes = candidates[chosen]
    return SampledRoIs(
        boxes=boxes,
        labels=_of_match(gt_labels, gt_index) * is_foreground,
        targets=_targets(boxes, _of_match(gt_boxes, gt_index), is_foreground, delta_std),
        iou=iou,
        gt_index=gt_index,
        candidate_index=chosen,
    )


def _draw(judgement: Judgement, config: SamplingConfig, generator: torch.Generator) -> Tensor:
    """Indices of the drawn candidates, foreground first: (R,) int64.

    Shuffle once, then take the first of each kind: no count ever travels from the device to Python.
    """
    count = len(judgement.is_foreground)
    shuffled = torch.randperm(count, generator=generator, device=generator.device)
    is_foreground = judgement.is_foreground[shuffled]
    is_background = judgement.is_background[shuffled]
    order = torch.arange(count, device=is_foreground.device)[shuffled]
    most_foreground = int(config.foreground_share * config.rois_per_image + 1e-6)
    foreground = is_foreground & (is_foreground.cumsum(0) <= most_foreground)
    background = is_background & (
        is_background.cumsum(0) <= config.rois_per_image - foreground.sum()
    )
    return torch.cat([order[foreground], order[background]])


def _of_match(gt_values: Tensor, gt_index: Tensor) -> Tensor:
    """Each RoI's ground-truth value: (N, …), (R,) → (R, …); zeros where there is none."""
    nobody = gt_values.new_zeros(1, *gt_values.shape[1:])
    return torch.cat([nobody, gt_values])[gt_index + 1]


def _targets(
    boxes: Tensor, matched: Tensor, is_foreground: Tensor, delta_std: Sequence[float]
) -> Tensor:
    """Deltas onto the matched ground truth in units of `delta_std`; 0 for background: (R, 4) → (R, 4)."""
    deltas = encode(source=boxes, target=matched) / boxes.new_tensor(delta_std)
    return torch.where(is_foreground[:, None], deltas, deltas.new_zeros(()))
