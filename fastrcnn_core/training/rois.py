"""Which RoIs a step learns from: drawn by chance, or those that the head gets most wrong.

Shape letters: P proposals, N ground-truth boxes, R RoIs of one picture.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from fastrcnn_core.boxes import flip_horizontally
from fastrcnn_core.config import Config
from fastrcnn_core.detection import inference
from fastrcnn_core.losses import losses
from fastrcnn_core.model import FastRCNN, Features
from fastrcnn_core.nms import greedy_nms
from fastrcnn_core.roi_sampling import judged_rois, sample_rois
from fastrcnn_core.structures import AnnotatedImage, FloatArray, SampledRoIs
from fastrcnn_core.training.pictures import Picture

_ROIS_AT_ONCE = 512  # bounds memory, as in detection
_SAME_PLACE = (
    0.7  # IoU from which two RoIs say the same: Shrivastava et al., CVPR 2016, section 4.2
)


def draw_rois(
    picture: Picture, mirrored: bool, config: Config, generator: torch.Generator
) -> SampledRoIs:
    """The picture's RoIs, mirrored with it; with `hard_examples` all of them. On the CPU, whatever trains."""
    annotated, proposals = picture
    boxes, labels = _ground_truth(annotated, config.training.min_box_side)
    if mirrored:
        boxes = flip_horizontally(boxes, width=annotated.image.width)
        proposals = flip_horizontally(proposals, width=annotated.image.width)
    known = {
        "proposals": torch.tensor(proposals),
        "gt_boxes": torch.tensor(boxes),
        "gt_labels": torch.tensor(labels),
    }
    sampling, delta_std = config.sampling, config.model.delta_std
    if sampling.hard_examples:
        return judged_rois(**known, config=sampling, delta_std=delta_std)
    return sample_rois(**known, config=sampling, delta_std=delta_std, generator=generator)


def hardest_rois(
    model: FastRCNN, features: Features, rois: SampledRoIs, config: Config
) -> SampledRoIs:
    """The `rois_per_image` RoIs with the highest losses, foreground first; of those in one place only the dearest.

    The head looks at them all without dropout or gradient. Source: Shrivastava et al., Training Region-based Object
    Detectors with Online Hard Example Mining, CVPR 2016, section 4.2.

    Args:
        features: of the picture, on the model's device. rois: all that could be learned from, on the CPU.
    """
    with inference(model, mixed=config.training.mixed_precision):
        losses_of = [_loss_per_roi(model, features, rois, some, config) for some in _parts(rois)]
    loss = torch.cat(losses_of)
    kept = greedy_nms(rois.boxes, loss, iou_threshold=_SAME_PLACE).keep
    return rois.take(kept[: config.sampling.rois_per_image].sort().values)


def _parts(rois: SampledRoIs) -> tuple[Tensor, ...]:
    return torch.arange(len(rois.boxes)).split(_ROIS_AT_ONCE)


def _loss_per_roi(
    model: FastRCNN, features: Features, rois: SampledRoIs, rows: Tensor, config: Config
) -> Tensor:
    """What each of some RoIs costs, classification and box together: (len(rows),) on the CPU."""
    some = rois.take(rows)
    outputs = model.outputs([features], [some.boxes.to(model.device)])
    paid = losses(
        outputs,
        labels=some.labels.to(model.device),
        targets=some.targets.to(model.device),
        config=config.loss,
    )
    return (paid.classification_per_roi + config.loss.box_weight * paid.box_per_roi).cpu()


def _ground_truth(annotated: AnnotatedImage, min_side: int) -> tuple[FloatArray, np.ndarray]:
    """What is trained on: no crowds, as torchvision's reference, and nothing thinner than `min_side`."""
    sides = annotated.boxes[:, 2:] - annotated.boxes[:, :2]
    keep = (sides >= min_side).all(axis=1) & ~annotated.is_crowd
    return annotated.boxes[keep], annotated.labels[keep]
