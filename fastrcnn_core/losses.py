"""What the network pays: cross-entropy for the class, smooth L1 for the box.

Shape letters: R RoIs of all pictures of a step, K classes without the background.
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
    whole: tuple[int, int] | None = None,
) -> Losses:
    """The loss of the classes and, for the foreground, of the boxes; both 0, not nan, without RoIs.

    Args:
        outputs: what the head said of R RoIs.
        labels: (R,) int64 in 0..K; 0 is background.
        targets: (R, 4) float32, the deltas the true class should predict, in the same units as the outputs'.
        config: λ, β and by what the box loss is divided.
        whole: how many RoIs, and how many foreground ones, the step has, if these R are only a part of them: then the
            parts' losses add up to the whole's.
    """
    count, foreground = whole or (len(labels), (labels > 0).sum())
    cross_entropy = F.cross_entropy(outputs.class_logits, labels, reduction="none")
    box = _box_loss_per_roi(outputs.deltas, labels, targets, beta=config.smooth_l1_beta)
    return Losses(
        classification=cross_entropy.sum() / max(count, 1),
        box=config.box_weight * box.sum() / _divisor(count, foreground, config),
        classification_per_roi=cross_entropy.detach(),
        box_per_roi=box.detach(),
    )


def _box_loss_per_roi(deltas: Tensor, labels: Tensor, targets: Tensor, *, beta: float) -> Tensor:
    """Smooth L1 of the true class's deltas, summed over the four; 0 for background: (R, K, 4) → (R,)."""
    true_class = (labels - 1).clamp(min=0)[:, None, None].expand(-1, 1, 4)
    predicted = deltas.gather(1, true_class)[:, 0]
    distance = F.smooth_l1_loss(predicted, targets, beta=beta, reduction="none").sum(dim=1)
    # Not a product with the mask: 0 × inf would be nan.
    return torch.where(labels > 0, distance, distance.new_zeros(()))


def _divisor(count: int, foreground: int | Tensor, config: LossConfig) -> int | Tensor:
    """All sampled RoIs, or the foreground's coordinates; at least 1."""
    if config.box_mean == "sampled_rois":
        return max(count, 1)
    return torch.as_tensor(4 * foreground).clamp(min=1)
