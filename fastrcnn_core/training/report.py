"""A training step in plain numbers: what was paid, and how the head did on foreground and background.

Shape letters: R RoIs of some or all pictures of the step, K classes without the background.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from fastrcnn_core.structures import Losses, RoIOutputs, SampledRoIs, StepReport


@dataclass(frozen=True, eq=False)
class Seen:
    """What came of some of a step's pictures, on the CPU and without gradient.

    Args:
        images, flipped, rois: of each picture. scores: (R, K + 1) of all RoIs in order. losses: what they cost.
    """

    images: tuple[str, ...]
    flipped: tuple[bool, ...]
    rois: tuple[SampledRoIs, ...]
    scores: Tensor
    losses: Losses


def seen(
    images: tuple[str, ...],
    flipped: tuple[bool, ...],
    rois: Sequence[SampledRoIs],
    outputs: RoIOutputs,
    paid: Losses,
) -> Seen:
    """These pictures' part of the report."""
    scores = outputs.class_logits.detach().softmax(dim=1).cpu()
    losses = Losses(*(value.detach().cpu() for value in vars(paid).values()))
    return Seen(images, flipped, tuple(rois), scores, losses)


def together(parts: Sequence[Seen]) -> Seen:
    """The parts of a step as one; their losses are sums over parts of what the whole is divided by."""
    if len(parts) == 1:
        return parts[0]
    return Seen(
        sum((it.images for it in parts), ()),
        sum((it.flipped for it in parts), ()),
        sum((it.rois for it in parts), ()),
        torch.cat([it.scores for it in parts]),
        Losses(
            torch.stack([it.losses.classification for it in parts]).sum(),
            torch.stack([it.losses.box for it in parts]).sum(),
            torch.cat([it.losses.classification_per_roi for it in parts]),
            torch.cat([it.losses.box_per_roi for it in parts]),
        ),
    )


def report_of(whole: Seen, **known: Any) -> StepReport:
    """The report of a step.

    Args:
        known: the fields of `StepReport` that need no computing.
    """
    labels = torch.cat([it.labels for it in whole.rois])
    said, is_foreground = whole.scores.argmax(dim=1), labels > 0
    return StepReport(
        images=whole.images,
        flipped=whole.flipped,
        loss=float(whole.losses.total),
        classification_loss=float(whole.losses.classification),
        box_loss=float(whole.losses.box),
        foreground=int(is_foreground.sum()),
        background=int((~is_foreground).sum()),
        accuracy=_share(said == labels) or 0.0,
        foreground_accuracy=_share((said == labels)[is_foreground]),
        foreground_called_background=_share((said == 0)[is_foreground]),
        rois=whole.rois,
        losses=whole.losses,
        scores=whole.scores,
        **known,
    )


def _share(holds: Tensor) -> float | None:
    return float(holds.float().mean()) if len(holds) else None
