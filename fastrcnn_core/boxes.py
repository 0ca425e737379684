"""Box geometry: area, clip, horizontal flip, IoU, and encoding and decoding of deltas.

Boxes are `(N, 4)` float32 `x1, y1, x2, y2` in pixels, x right and y down; pixel column c covers
[c, c+1), so x2 and y2 are exclusive and width = x2 - x1. Every function takes NumPy arrays or PyTorch
tensors and returns the same kind, on the same device, so that pages without a network do not import PyTorch.

Shape letters: N, M boxes.
"""

from __future__ import annotations

from typing import Any, TypeVar

from array_api_compat import array_namespace

Boxes = TypeVar("Boxes", bound=Any)  # an (N, 4) NumPy array or PyTorch tensor

# log(1000 / 16), the clamp of dw and dh. Source: Detectron, `BBOX_XFORM_CLIP`.
MAX_LOG_GROWTH = 4.135166556742356


def area(boxes: Boxes) -> Boxes:
    """Compute the area of each box in square pixels: (N, 4) → (N,); 0 where x2 < x1 or y2 < y1."""
    size = _size(boxes).clip(min=0)
    return size[:, 0] * size[:, 1]


def clip(boxes: Boxes, *, height: int, width: int) -> Boxes:
    """Clip boxes to the image: (N, 4) → (N, 4)."""
    xp = array_namespace(boxes)
    x, y = boxes[:, 0::2].clip(min=0, max=width), boxes[:, 1::2].clip(min=0, max=height)
    return xp.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], axis=1)


def flip_horizontally(boxes: Boxes, *, width: int) -> Boxes:
    """Flip boxes horizontally (hflip) together with their image: (N, 4) → (N, 4)."""
    xp = array_namespace(boxes)
    return xp.stack([width - boxes[:, 2], boxes[:, 1], width - boxes[:, 0], boxes[:, 3]], axis=1)


def pairwise_iou(boxes: Boxes, targets: Boxes) -> Boxes:
    """Compute the intersection over union (IoU) of each box with each target: (N, 4), (M, 4) → (N, M) in [0, 1].

    Two boxes without area have IoU 0. Source: the PASCAL VOC criterion, Everingham et al., IJCV 2010, 4.2.
    """
    xp = array_namespace(boxes, targets)
    left, top, right, bottom = (boxes[:, None, side] for side in range(4))  # (N, 1) each
    width = xp.minimum(right, targets[:, 2]) - xp.maximum(left, targets[:, 0])  # (N, M)
    height = xp.minimum(bottom, targets[:, 3]) - xp.maximum(top, targets[:, 1])
    intersection = width.clip(min=0) * height.clip(min=0)
    union = area(boxes)[:, None] + area(targets)[None, :] - intersection
    return intersection / union.clip(min=1e-9)


def encode(*, source: Boxes, target: Boxes) -> Boxes:
    """Encode each target box as deltas from its source box: (N, 4), (N, 4) → (N, 4).

    The deltas are (dx, dy, dw, dh): the shift of the center in units of the source's size, and the log of the growth.
    Widths and heights are > 0. Source: R-CNN, Girshick et al., CVPR 2014, appendix C.
    """
    xp = array_namespace(source, target)
    shift = (_center(target) - _center(source)) / _size(source)
    growth = xp.log(_size(target) / _size(source))
    return xp.concat([shift, growth], axis=1)


def decode(*, source: Boxes, deltas: Boxes, max_log_growth: float | None = MAX_LOG_GROWTH) -> Boxes:
    """Decode deltas from each source box to a box: (N, 4), (N, 4) → (N, 4); the inverse of `encode`.

    Args:
        source: boxes with width and height > 0.
        deltas: (dx, dy, dw, dh), as `encode` makes them.
        max_log_growth: dw and dh are clamped here, so that the exponential cannot overflow; None does not clamp.
    """
    xp = array_namespace(source, deltas)
    center = _center(source) + deltas[:, :2] * _size(source)
    growth = deltas[:, 2:] if max_log_growth is None else deltas[:, 2:].clip(max=max_log_growth)
    half = xp.exp(growth) * _size(source) / 2
    return xp.concat([center - half, center + half], axis=1)


def _center(boxes: Boxes) -> Boxes:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _size(boxes: Boxes) -> Boxes:
    return boxes[:, 2:] - boxes[:, :2]
