"""A training step in plain numbers: what was paid, and how the head did on foreground and background.

Shape letters: R RoIs of all pictures of the step, K classes without the background.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from fastrcnn_core.structures import Losses, RoIOutputs, SampledRoIs, StepReport


def report_of(
    rois: Sequence[SampledRoIs], outputs: RoIOutputs, paid: Losses, **known: Any
) -> StepReport:
    """The report of a step; everything in it is on the CPU and holds no gradient.

    Args:
        rois: of each picture, on the CPU. outputs: of all of them in order. paid: their losses.
        known: the fields of `StepReport` that need no computing.
    """
    labels = torch.cat([it.labels for it in rois])
    scores = outputs.class_logits.detach().softmax(dim=1).cpu()
    said, is_foreground = scores.argmax(dim=1), labels > 0
    losses = Losses(*(value.detach().cpu() for value in vars(paid).values()))
    return StepReport(
        loss=float(losses.total),
        classification_loss=float(losses.classification),
        box_loss=float(losses.box),
        foreground=int(is_foreground.sum()),
        background=int((~is_foreground).sum()),
        accuracy=_share(said == labels) or 0.0,
        foreground_accuracy=_share((said == labels)[is_foreground]),
        foreground_called_background=_share((said == 0)[is_foreground]),
        rois=tuple(rois),
        losses=losses,
        scores=scores,
        **known,
    )


def _share(holds: Tensor) -> float | None:
    return float(holds.float().mean()) if len(holds) else None
