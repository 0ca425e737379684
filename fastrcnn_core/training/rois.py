"""RoIs of a training step: sampled at random, or by online hard example mining (OHEM).

Shape letters: P proposals, N ground-truth boxes, R RoIs of one image.
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
from fastrcnn_core.roi_sampling import assigned_rois, sample_rois
from fastrcnn_core.structures import AnnotatedImage, FloatArray, SampledRoIs
from fastrcnn_core.training.data_loader import Example

_CHUNK_ROIS = 512  # bounds memory, as in detection
_OHEM_NMS_IOU = 0.7  # Source: Shrivastava et al., CVPR 2016, section 4.2


def training_rois(
    example: Example, flipped: bool, config: Config, generator: torch.Generator
) -> SampledRoIs:
    """Sample an image's RoIs for training, flipped with it; all candidates with `hard_examples`. On the CPU."""
    annotated, proposals = example
    boxes, labels = _ground_truth(annotated, config.training.min_box_side)
    if flipped:
        boxes = flip_horizontally(boxes, width=annotated.image.width)
        proposals = flip_horizontally(proposals, width=annotated.image.width)
    tensors = {
        "proposals": torch.tensor(proposals),
        "gt_boxes": torch.tensor(boxes),
        "gt_labels": torch.tensor(labels),
    }
    sampling, delta_std = config.sampling, config.model.delta_std
    if sampling.hard_examples:
        return assigned_rois(**tensors, config=sampling, delta_std=delta_std)
    return sample_rois(**tensors, config=sampling, delta_std=delta_std, generator=generator)


def ohem_rois(
    model: FastRCNN, features: Features, rois: SampledRoIs, config: Config
) -> SampledRoIs:
    """Select the `rois_per_image` hard examples: the highest losses after NMS by loss, foreground first.

    The head evaluates all candidates without dropout or gradient. Source: Shrivastava et al., Training Region-based
    Object Detectors with Online Hard Example Mining, CVPR 2016, section 4.2.

    Args:
        features: of the image, on the model's device. rois: all candidates, on the CPU.
    """
    chunks = torch.arange(len(rois.boxes)).split(_CHUNK_ROIS)
    with inference(model, mixed=config.training.mixed_precision):
        loss = torch.cat(
            [_loss_per_roi(model, features, rois.take(rows), config) for rows in chunks]
        )
    selected = greedy_nms(rois.boxes, loss, iou_threshold=_OHEM_NMS_IOU).keep
    return rois.take(selected[: config.sampling.rois_per_image].sort().values)


def _loss_per_roi(model: FastRCNN, features: Features, rois: SampledRoIs, config: Config) -> Tensor:
    """Compute each RoI's loss, classification and box together: (R,) on the CPU."""
    outputs = model.outputs([features], [rois.boxes.to(model.device)])
    result = losses(
        outputs,
        labels=rois.labels.to(model.device),
        targets=rois.targets.to(model.device),
        config=config.loss,
    )
    return (result.classification_per_roi + config.loss.box_weight * result.box_per_roi).cpu()


def _ground_truth(annotated: AnnotatedImage, min_side: int) -> tuple[FloatArray, np.ndarray]:
    """Select the boxes and labels to train on: no crowds, as torchvision's reference, no side below `min_side`."""
    sides = annotated.boxes[:, 2:] - annotated.boxes[:, :2]
    keep = (sides >= min_side).all(axis=1) & ~annotated.is_crowd
    return annotated.boxes[keep], annotated.labels[keep]
