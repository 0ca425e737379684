"""A RoI cut out of its picture, with the people around it."""

from __future__ import annotations

import io

import numpy as np
import PIL.Image
import PIL.ImageDraw

from fastrcnn_core.palette import GREEN, HALO
from fastrcnn_core.structures import AnnotatedImage, FloatArray
from pages.ui.components.crop import crop

_SIZE = (280, 210)


def snippet(annotated: AnnotatedImage, box: FloatArray, *, colour: str) -> bytes:
    """Encode a JPEG crop of fixed size around a (4,) box, the box in the given colour, the ground truth green."""
    image, corner = crop(annotated.image, box[None])
    part = PIL.Image.fromarray(np.ascontiguousarray(image.pixels))
    scale = min(_SIZE[0] / part.width, _SIZE[1] / part.height)
    shown = part.resize((max(1, round(part.width * scale)), max(1, round(part.height * scale))))
    pen = PIL.ImageDraw.Draw(shown)
    shift = np.concatenate([corner, corner])
    for truth in annotated.boxes:
        _rectangle(pen, (truth - shift) * scale, GREEN, 2)
    _rectangle(pen, (box - shift) * scale, colour, 3)
    framed = PIL.Image.new("RGB", _SIZE, HALO)
    framed.paste(shown, ((_SIZE[0] - shown.width) // 2, (_SIZE[1] - shown.height) // 2))
    content = io.BytesIO()
    framed.save(content, "JPEG", quality=85)
    return content.getvalue()


def _rectangle(pen: PIL.ImageDraw.ImageDraw, box: FloatArray, colour: str, width: int) -> None:
    """On a dark rim, so that it shows on bright and dark pictures alike."""
    x1, y1, x2, y2 = box.tolist()
    corners = (x1, y1, max(x1, x2 - 1), max(y1, y2 - 1))
    pen.rectangle(corners, outline=HALO, width=width + 2)
    pen.rectangle(corners, outline=colour, width=width)
