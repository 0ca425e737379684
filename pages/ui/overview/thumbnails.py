"""Thumbnails of activations for the Overview page: heat maps, RoI grids, hidden units."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import PIL.Image

from fastrcnn_core.structures import FloatArray, Pixels

# Dark is nothing, bright is much; even steps of brightness for every eye. Source: 5 colours of viridis.
_VIRIDIS = np.array(
    [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]], np.float64
)
_HEIGHT = 240


def heat(values: FloatArray) -> bytes:
    """Render a (h, w) map as PNG, each cell a square."""
    return _png(_coloured(values))


def tiles(maps: FloatArray, *, columns: int) -> bytes:
    """Render (R, S, S) maps side by side as PNG, on one scale, with a gap of one cell between them."""
    count, side = len(maps), maps.shape[1]
    rows = -(-count // columns)
    wall = np.full((rows * (side + 1) - 1, columns * (side + 1) - 1, 4), 0, np.uint8)
    coloured = _coloured(maps.reshape(count * side, side)).reshape(count, side, side, 3)
    for place, tile in enumerate(coloured):
        top, left = (place // columns) * (side + 1), (place % columns) * (side + 1)
        wall[top : top + side, left : left + side, :3] = tile
        wall[top : top + side, left : left + side, 3] = 255
    return _png(wall)


def units(values: FloatArray) -> bytes:
    """Render (D,) numbers as PNG, in a rectangle of cells as square as D allows."""
    columns = int(np.ceil(np.sqrt(len(values) * 4 / 3)))
    filled = np.zeros(-(-len(values) // columns) * columns, np.float32)
    filled[: len(values)] = values
    return _png(_coloured(filled.reshape(-1, columns)))


def _coloured(values: FloatArray) -> Pixels:
    """Map (h, w) values to (h, w, 3) colours: the smallest darkest, the largest brightest."""
    low, high = float(values.min()), float(values.max())
    place = (values.astype(np.float64) - low) / max(high - low, 1e-12) * (len(_VIRIDIS) - 1)
    anchors = np.arange(len(_VIRIDIS))
    channels = [np.interp(place, anchors, _VIRIDIS[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def _png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Encode as PNG, enlarged to some 240 pixels in height without blurring."""
    picture = PIL.Image.fromarray(pixels)
    factor = max(1, round(_HEIGHT / picture.height))
    size = (picture.width * factor, picture.height * factor)
    content = io.BytesIO()
    picture.resize(size, PIL.Image.Resampling.NEAREST).save(content, "PNG")
    return content.getvalue()
