"""Detection in two halves: `predict` runs the network, once a picture; `select` only compares numbers.

Shape letters: P proposals, R = P RoIs, K classes without the background, D detections, S suppressed boxes.
Source: Girshick, Fast R-CNN, ICCV 2015, section 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from fastrcnn_core.boxes import clip, decode
from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.devices import autocast, device_errors
from fastrcnn_core.model import FastRCNN, Features
from fastrcnn_core.nms import suppress
from fastrcnn_core.structures import (
    Detections,
    FloatArray,
    Image,
    RoIPredictions,
    SuppressedBoxes,
    Suppression,
)

_ROIS_AT_ONCE = 512  # bounds memory: RoIAlign's result for 512 RoIs of ResNet-50 takes 100 MB


def predict(model: FastRCNN, image: Image, proposals: FloatArray) -> RoIPredictions:
    """What the network says of every proposal of a picture, before any threshold. On the CPU.

    Args:
        model: runs where its weights are, without dropout, and comes back in the mode in which it was.
        image: the picture.
        proposals: (P, 4) float32 in its pixels; P may be 0.

    Raises:
        DeviceError: the device failed or is out of memory.
    """
    with inferring(model):
        pixels = torch.tensor(image.pixels).to(model.device).permute(2, 0, 1)
        rois = torch.tensor(proposals).to(model.device)
        features = model.features(pixels)
        return predict_rois(model, features, rois, height=image.height, width=image.width)


def predict_rois(
    model: FastRCNN, features: Features, rois: Tensor, *, height: int, width: int
) -> RoIPredictions:
    """`predict` from features that are already there: (R, 4) RoIs on the model's device, in pixels of the original."""
    with inferring(model):
        parts = [model.outputs([features], [some]) for some in rois.split(_ROIS_AT_ONCE)]
        logits = torch.cat([part.class_logits for part in parts])
        deltas = torch.cat([part.deltas for part in parts])
        boxes = _decode_each_class(rois, deltas, model)
        inside = clip(boxes.flatten(0, 1), height=height, width=width).view_as(boxes)
        return RoIPredictions(
            rois=rois.cpu(),
            boxes=inside.cpu(),
            scores=logits.softmax(dim=1).cpu(),
            classes=model.classes,
            height=height,
            width=width,
        )


@contextmanager
def inferring(model: nn.Module) -> Iterator[None]:
    """Without dropout, gradients or bookkeeping, mixed precision where it pays; the model's mode is restored.

    Raises:
        DeviceError: the device failed or is out of memory.
    """
    device = next(model.parameters()).device
    was_training = model.training
    if was_training:  # a model that several threads share is never written to
        model.eval()
    try:
        with device_errors(), torch.inference_mode(), autocast(device):
            yield
    finally:
        if was_training:
            model.train()


def select(predictions: RoIPredictions, config: DetectionConfig) -> Detections:
    """The detections: confident boxes that no better box of their class silences, the best `limit` of them.

    Numbers only, no network: made to be called at every move of a slider.
    """
    roi_index, column = (predictions.scores[:, 1:] >= config.score_threshold).nonzero(as_tuple=True)
    boxes = predictions.boxes[roi_index, column]
    scores, labels = predictions.scores[roi_index, column + 1], column + 1
    nms = _suppress_each_class(boxes, scores, labels, iou_threshold=config.nms_iou)
    keep = nms.keep[: config.limit]
    place = torch.full_like(labels, -1).index_copy(
        0, keep, torch.arange(len(keep), device=keep.device)
    )
    silenced = (nms.suppressed_by >= 0).nonzero()[:, 0]
    return Detections(
        boxes=boxes[keep],
        scores=scores[keep],
        labels=labels[keep],
        roi_index=roi_index[keep],
        classes=predictions.classes,
        suppressed=SuppressedBoxes(
            boxes=boxes[silenced],
            scores=scores[silenced],
            labels=labels[silenced],
            roi_index=roi_index[silenced],
            by=place[nms.suppressed_by[silenced]],
            iou=nms.iou[silenced],
        ),
    )


def _suppress_each_class(
    boxes: Tensor, scores: Tensor, labels: Tensor, *, iou_threshold: float
) -> Suppression:
    """NMS within each class, never across: (M, 4), (M,), (M,) → M rows; `keep` over all classes, best first."""
    keep = [labels[:0]]
    suppressed_by, iou = torch.full_like(labels, -1), torch.zeros_like(scores)
    for label in labels.unique():
        rows = (labels == label).nonzero()[:, 0]
        nms = suppress(boxes[rows], scores[rows], iou_threshold=iou_threshold)
        keep.append(rows[nms.keep])
        is_silenced = nms.suppressed_by >= 0
        suppressed_by[rows[is_silenced]] = rows[nms.suppressed_by[is_silenced]]
        iou[rows] = nms.iou
    kept = torch.cat(keep)
    return Suppression(kept[scores[kept].argsort(descending=True, stable=True)], suppressed_by, iou)


def _decode_each_class(rois: Tensor, deltas: Tensor, model: FastRCNN) -> Tensor:
    """Each class's box: (R, 4), (R, K, 4) in units of `delta_std` → (R, K, 4)."""
    source = rois[:, None].expand_as(deltas)
    raw = deltas * deltas.new_tensor(model.config.delta_std)
    return decode(
        source=source.reshape(-1, 4),
        deltas=raw.reshape(-1, 4),
        max_log_growth=model.config.max_log_growth,
    ).view_as(deltas)
