"""Report of a training step in plain numbers: losses, and the head's accuracy on foreground and background.

Shape letters: R RoIs of some or all images of the step, K classes without the background.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from fastrcnn_core.structures import Losses, RoIOutputs, SampledRoIs, StepReport


@dataclass(frozen=True, eq=False)
class StepPart:
    """Results of one process's part of a step's batch, on the CPU and without gradient.

    Args:
        images, flipped, rois: of each image. scores: (R, K + 1) of all RoIs in order. losses: of these RoIs.
    """

    images: tuple[str, ...]
    flipped: tuple[bool, ...]
    rois: tuple[SampledRoIs, ...]
    scores: Tensor
    losses: Losses


def step_part(
    images: tuple[str, ...],
    flipped: tuple[bool, ...],
    rois: Sequence[SampledRoIs],
    outputs: RoIOutputs,
    losses: Losses,
) -> StepPart:
    """Detach a part of a step from the graph and move it to the CPU."""
    scores = outputs.class_logits.detach().softmax(dim=1).cpu()
    on_cpu = Losses(*(value.detach().cpu() for value in vars(losses).values()))
    return StepPart(images, flipped, tuple(rois), scores, on_cpu)


def merge_parts(parts: Sequence[StepPart]) -> StepPart:
    """Merge the parts of a step; their losses are divided by the whole batch's counts already, so they are summed."""
    if len(parts) == 1:
        return parts[0]
    return StepPart(
        sum((part.images for part in parts), ()),
        sum((part.flipped for part in parts), ()),
        sum((part.rois for part in parts), ()),
        torch.cat([part.scores for part in parts]),
        Losses(
            torch.stack([part.losses.classification for part in parts]).sum(),
            torch.stack([part.losses.box for part in parts]).sum(),
            torch.cat([part.losses.classification_per_roi for part in parts]),
            torch.cat([part.losses.box_per_roi for part in parts]),
        ),
    )


def build_report(batch: StepPart, **fields: Any) -> StepReport:
    """Build the report of a step from all of its parts, merged.

    Args:
        fields: those of `StepReport` that are not computed here.
    """
    labels = torch.cat([rois.labels for rois in batch.rois])
    predicted, is_foreground = batch.scores.argmax(dim=1), labels > 0
    return StepReport(
        images=batch.images,
        flipped=batch.flipped,
        loss=float(batch.losses.total),
        classification_loss=float(batch.losses.classification),
        box_loss=float(batch.losses.box),
        foreground=int(is_foreground.sum()),
        background=int((~is_foreground).sum()),
        accuracy=_mean(predicted == labels) or 0.0,
        foreground_accuracy=_mean((predicted == labels)[is_foreground]),
        foreground_called_background=_mean((predicted == 0)[is_foreground]),
        rois=batch.rois,
        losses=batch.losses,
        scores=batch.scores,
        **fields,
    )


def _mean(values: Tensor) -> float | None:
    return float(values.float().mean()) if len(values) else None
