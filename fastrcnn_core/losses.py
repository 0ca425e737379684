"""The multi-task loss: cross-entropy for the class, smooth L1 for the box.

Shape letters: R RoIs of all images of a step, K classes without the background.
Source: Girshick, Fast R-CNN, ICCV 2015, section 2.3, "multi-task loss".
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from fastrcnn_core.config import LossConfig
from fastrcnn_core.structures import Losses, RoIOutputs


def losses(
    outputs: RoIOutputs,
    *,
    labels: Tensor,
    targets: Tensor,
    config: LossConfig,
    totals: tuple[int, int] | None = None,
) -> Losses:
    """Compute the classification loss and, for the foreground, the box loss; both 0, not NaN, without RoIs.

    Args:
        outputs: of the head for R RoIs.
        labels: (R,) int64 in 0..K; 0 is background.
        targets: (R, 4) float32 regression targets of the true class, in units of `delta_std` as the outputs.
        config: λ, β and the divisor of the box loss.
        totals: numbers of RoIs and of foreground RoIs in the step, if these R are only a part of it: then the parts'
            losses add up to the step's.
    """
    count, foreground = totals or (len(labels), (labels > 0).sum())
    cross_entropy = F.cross_entropy(outputs.class_logits, labels, reduction="none")
    box = _box_loss_per_roi(outputs.deltas, labels, targets, beta=config.smooth_l1_beta)
    return Losses(
        classification=cross_entropy.sum() / max(count, 1),
        box=config.box_weight * box.sum() / _divisor(count, foreground, config),
        classification_per_roi=cross_entropy.detach(),
        box_per_roi=box.detach(),
    )


def _box_loss_per_roi(deltas: Tensor, labels: Tensor, targets: Tensor, *, beta: float) -> Tensor:
    """Compute smooth L1 of the true class's deltas, summed over the four; 0 for background: (R, K, 4) → (R,)."""
    true_class = (labels - 1).clamp(min=0)[:, None, None].expand(-1, 1, 4)
    predicted = deltas.gather(1, true_class)[:, 0]
    distance = F.smooth_l1_loss(predicted, targets, beta=beta, reduction="none").sum(dim=1)
    # Not a product with the mask: 0 × inf would be nan.
    return torch.where(labels > 0, distance, distance.new_zeros(()))


def _divisor(count: int, foreground: int | Tensor, config: LossConfig) -> int | Tensor:
    """Count all sampled RoIs, or the foreground's coordinates; at least 1."""
    if config.box_mean == "sampled_rois":
        return max(count, 1)
    return torch.as_tensor(4 * foreground).clamp(min=1)
