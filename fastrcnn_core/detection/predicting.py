"""The slow half of detection: what the network says of every proposal, in one look or the mean of several.

Shape letters: P proposals, R = P RoIs, K classes without the background.
Source: Girshick, Fast R-CNN, ICCV 2015, section 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn

from fastrcnn_core.boxes import clip, decode, flip_horizontally
from fastrcnn_core.config import PredictionConfig
from fastrcnn_core.devices import autocast, device_errors
from fastrcnn_core.model import FastRCNN, Features
from fastrcnn_core.structures import FloatArray, Image, RoIPredictions

_ROIS_AT_ONCE = 512  # bounds memory: RoIAlign's result for 512 RoIs of ResNet-50 takes 100 MB
# RoIs that no size of the picture gives this score for any class are spared the mirror image, and within a look those
# below it the second pass. Chosen here: on the validation part of Penn-Fudan's training split AP stays 0.657, and 0.671
# with linear soft-NMS, as if everybody had all looks.
_BACKGROUND_BELOW = 0.01
_ONE_LOOK = PredictionConfig()


def predict(
    model: FastRCNN, image: Image, proposals: FloatArray, config: PredictionConfig = _ONE_LOOK
) -> RoIPredictions:
    """What the network says of every proposal of a picture, before any threshold. On the CPU.

    Args:
        model: runs where its weights are, without dropout, and comes back in the mode in which it was.
        image: the picture.
        proposals: (P, 4) float32 in its pixels; P may be 0.
        config: how often the network looks; scores and boxes are the mean of all looks. Every size looks at every RoI;
            those that are plainly background to all of them are not looked at in the mirror images.

    Raises:
        DeviceError: the device failed or is out of memory.
    """
    with inferring(model):
        pixels = torch.tensor(image.pixels).to(model.device).permute(2, 0, 1)
        rois = torch.tensor(proposals).to(model.device)
        straight = [_look(model, pixels, rois, config, zoom) for zoom in config.zooms]
        said = _mean(straight)
        if not config.flip_average:
            return said
        rows = _promising(torch.stack([it.scores for it in straight]).amax(dim=0))
        mirrored = [
            _look_at_mirror_image(model, pixels, rois[rows], config, it) for it in config.zooms
        ]
        return _with_mean_in(said, rows, _mean(mirrored))


def predict_rois(
    model: FastRCNN,
    features: Features,
    rois: Tensor,
    *,
    height: int,
    width: int,
    passes: int = 1,
) -> RoIPredictions:
    """`predict` from features that are already there: (R, 4) RoIs on the model's device, in pixels of the original.

    Args:
        passes: how often the head looks; each RoI's corrected box is the next pass's RoI, but for those that look
            like background at first sight. The boxes are the last pass's, the scores the mean of all: measured better
            than the last pass's own, AP 0.504 against 0.491 on the validation part of Penn-Fudan's training split.
            Source: Gidaris & Komodakis, ICCV 2015, section 5.
    """
    with inferring(model):
        boxes, scores = _ask_head(model, features, rois, height, width)
        rows = _promising(scores)
        said, mean = scores[rows], scores.clone()
        for earlier in range(1, passes):
            again = _most_likely_boxes(rois[rows], boxes[rows], said)
            boxes[rows], said = _ask_head(model, features, again, height, width)
            mean[rows] += (said - mean[rows]) / (earlier + 1)
        return RoIPredictions(
            rois=rois.cpu(),
            boxes=boxes.cpu(),
            scores=mean.cpu(),
            classes=model.classes,
            height=height,
            width=width,
        )


@contextmanager
def inferring(model: nn.Module, *, mixed: bool = True) -> Iterator[None]:
    """Without dropout, gradients or bookkeeping; the model's mode is restored.

    Args:
        mixed: in mixed precision where it pays; False computes in float32.

    Raises:
        DeviceError: the device failed or is out of memory.
    """
    device = next(model.parameters()).device
    was_training = model.training
    if was_training:  # a model that several threads share is never written to
        model.eval()
    try:
        with device_errors(), torch.inference_mode(), autocast(device, mixed=mixed):
            yield
    finally:
        if was_training:
            model.train()


def _promising(scores: Tensor) -> Tensor:
    """The rows of the RoIs that may be something: (R, K + 1) → (r,)."""
    return (scores[:, 1:].amax(dim=1) >= _BACKGROUND_BELOW).nonzero()[:, 0]


def _look(
    model: FastRCNN, pixels: Tensor, rois: Tensor, config: PredictionConfig, zoom: float
) -> RoIPredictions:
    """The picture, (3, H, W) uint8, seen once."""
    height, width = pixels.shape[1:]
    features = model.features(pixels, zoom=zoom)
    return predict_rois(model, features, rois, height=height, width=width, passes=config.box_passes)


def _look_at_mirror_image(
    model: FastRCNN, pixels: Tensor, rois: Tensor, config: PredictionConfig, zoom: float
) -> RoIPredictions:
    """The mirror image seen once, and what was said of it turned back."""
    width = pixels.shape[2]
    said = _look(model, pixels.flip(2), flip_horizontally(rois, width=width), config, zoom)
    boxes = flip_horizontally(said.boxes.flatten(0, 1), width=width).view_as(said.boxes)
    return replace(said, rois=rois.cpu(), boxes=boxes)


def _mean(looks: Sequence[RoIPredictions]) -> RoIPredictions:
    """One look as it is; else the mean of the scores and of each class's boxes, RoI by RoI."""
    if len(looks) == 1:
        return looks[0]
    return replace(
        looks[0],
        boxes=torch.stack([look.boxes for look in looks]).mean(0),
        scores=torch.stack([look.scores for look in looks]).mean(0),
    )


def _with_mean_in(said: RoIPredictions, rows: Tensor, again: RoIPredictions) -> RoIPredictions:
    """What was said of every RoI, and in these rows the mean of that and of what was said again."""
    boxes, scores = said.boxes.clone(), said.scores.clone()
    boxes[rows] = (boxes[rows] + again.boxes) / 2
    scores[rows] = (scores[rows] + again.scores) / 2
    return replace(said, boxes=boxes, scores=scores)


def _ask_head(
    model: FastRCNN, features: Features, rois: Tensor, height: int, width: int
) -> tuple[Tensor, Tensor]:
    """Each class's box inside the picture and the scores: (R, 4) → (R, K, 4), (R, K + 1)."""
    parts = [model.outputs([features], [some]) for some in rois.split(_ROIS_AT_ONCE)]
    logits = torch.cat([part.class_logits for part in parts])
    deltas = torch.cat([part.deltas for part in parts])
    boxes = _decode_each_class(rois, deltas, model)
    inside = clip(boxes.flatten(0, 1), height=height, width=width).view_as(boxes)
    return inside, logits.softmax(dim=1)


def _most_likely_boxes(rois: Tensor, boxes: Tensor, scores: Tensor) -> Tensor:
    """The RoIs' boxes for their likeliest classes; the RoI itself where that box is thinner than a pixel: (R, 4)."""
    likeliest = scores[:, 1:].argmax(dim=1)
    best = boxes[torch.arange(len(boxes), device=boxes.device), likeliest]
    is_thin = (best[:, 2:] - best[:, :2]).amin(dim=1) < 1
    return torch.where(is_thin[:, None], rois, best)


def _decode_each_class(rois: Tensor, deltas: Tensor, model: FastRCNN) -> Tensor:
    """Each class's box: (R, 4), (R, K, 4) in units of `delta_std` → (R, K, 4)."""
    source = rois[:, None].expand_as(deltas)
    raw = deltas * deltas.new_tensor(model.config.delta_std)
    return decode(
        source=source.reshape(-1, 4),
        deltas=raw.reshape(-1, 4),
        max_log_growth=model.config.max_log_growth,
    ).view_as(deltas)
