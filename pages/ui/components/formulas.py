"""Formulas with one box's own numbers in them, as LaTeX."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastrcnn_core.boxes import pairwise_iou
from fastrcnn_core.structures import FloatArray


def decoded(source: FloatArray, deltas: FloatArray) -> str:
    """Write how deltas decode to a box: (4,), (4,) → four lines."""
    (cx, cy), (width, height) = _center(source), _size(source)
    dx, dy, dw, dh = deltas
    return _aligned(
        rf"x &= {cx:.1f} + {width:.1f} \cdot ({dx:+.3f}) = {cx + width * dx:.1f}",
        rf"y &= {cy:.1f} + {height:.1f} \cdot ({dy:+.3f}) = {cy + height * dy:.1f}",
        rf"w &= {width:.1f} \cdot e^{{{dw:+.3f}}} = {width * np.exp(dw):.1f}",
        rf"h &= {height:.1f} \cdot e^{{{dh:+.3f}}} = {height * np.exp(dh):.1f}",
    )


def encoded(source: FloatArray, target: FloatArray, deltas: FloatArray) -> str:
    """Write how a box is encoded as deltas from its match: (4,), (4,), (4,) → four lines."""
    (sx, sy), (width, height) = _center(source), _size(source)
    (tx, ty), (w, h) = _center(target), _size(target)
    dx, dy, dw, dh = deltas
    return _aligned(
        rf"d_x &= ({tx:.1f} - {sx:.1f}) / {width:.1f} = {dx:+.3f}",
        rf"d_y &= ({ty:.1f} - {sy:.1f}) / {height:.1f} = {dy:+.3f}",
        rf"d_w &= \ln({w:.1f} / {width:.1f}) = {dw:+.3f}",
        rf"d_h &= \ln({h:.1f} / {height:.1f}) = {dh:+.3f}",
    )


def targets(deltas: FloatArray, std: Sequence[float]) -> str:
    """Write the regression targets: the deltas divided by their usual spread."""
    stretched = ", ".join(f"{delta / unit:+.2f}" for delta, unit in zip(deltas, std, strict=True))
    spread = ", ".join(f"{unit:g}" for unit in std)
    return _aligned(rf"t &= d \div ({spread})", rf"&= ({stretched})")


def iou(box: FloatArray, second: FloatArray) -> str:
    """Write the IoU of two boxes, intersection over union in square pixels: (4,), (4,) → one line."""
    left_top, right_bottom = np.maximum(box[:2], second[:2]), np.minimum(box[2:], second[2:])
    common = float(np.prod(np.clip(right_bottom - left_top, 0, None)))
    a, b = float(np.prod(_size(box))), float(np.prod(_size(second)))
    value = float(pairwise_iou(box[None], second[None])[0, 0])
    return (
        rf"\text{{IoU}} = \frac{{{common:.0f}}}{{{a:.0f} + {b:.0f} - {common:.0f}}} = {value:.2f}"
    )


def figures(*, hits: int, wrong: int, missed: int) -> str:
    """Write precision, recall and F1 from counts; those with a zero divisor are left out."""
    lines = []
    if hits + wrong:
        lines.append(
            rf"\text{{precision}} &= \frac{{{hits}}}{{{hits} + {wrong}}} = {hits / (hits + wrong):.2f}"
        )
    if hits + missed:
        lines.append(
            rf"\text{{recall}} &= \frac{{{hits}}}{{{hits} + {missed}}} = {hits / (hits + missed):.2f}"
        )
    if both := 2 * hits + wrong + missed:
        lines.append(
            rf"F_1 &= \frac{{2 \cdot {hits}}}{{2 \cdot {hits} + {wrong} + {missed}}} = {2 * hits / both:.2f}"
        )
    return _aligned(*lines)


def _aligned(*lines: str) -> str:
    return r"\begin{aligned}" + r" \\ ".join(lines) + r"\end{aligned}"


def _center(box: FloatArray) -> FloatArray:
    return np.asarray((box[:2] + box[2:]) / 2, np.float32)


def _size(box: FloatArray) -> FloatArray:
    return box[2:] - box[:2]
