"""Crops: the part of a picture around some boxes."""

from __future__ import annotations

import numpy as np

from fastrcnn_core.boxes import clip
from fastrcnn_core.structures import FloatArray, Image

# A crop is at least so much wider than high, so that the words beside it stay in sight.
_ASPECT = 1.25


def crop(image: Image, boxes: FloatArray) -> tuple[Image, FloatArray]:
    """Crop the part around (N, 4) boxes, N ≥ 1, with a margin; return it and its top left corner (2,)."""
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    margin = np.maximum((high - low) / 6, 12)
    height = high[1] - low[1] + 2 * margin[1]
    margin[0] = max(margin[0], (_ASPECT * height - (high[0] - low[0])) / 2)
    around = np.concatenate([low - margin, high + margin])[None]
    x1, y1, x2, y2 = clip(around, height=image.height, width=image.width)[0]
    left, top = min(int(x1), image.width - 1), min(int(y1), image.height - 1)
    right, bottom = max(int(np.ceil(x2)), left + 1), max(int(np.ceil(y2)), top + 1)
    part = Image(image.pixels[top:bottom, left:right], f"{image.name}-part")
    return part, np.asarray([left, top], np.float32)
