"""Boxes of one role, and the Plotly traces that draw them: an outline, marks at the centers, a halo, words.

All boxes of a layer are one line trace with gaps, so that thousands of them stay quick. Shape letters: N boxes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastrcnn_core.structures import FloatArray
from pages.ui.palette import HALO, Role

# Higher than this many boxes, the marks at their centers shrink to dots.
_MANY = 60
_SHADOW = "0 0 2px #000, 0 0 3px #000, 0 0 5px #000"


@dataclass(frozen=True, eq=False)
class Layer:
    """Boxes of one role that are drawn, hovered over, chosen, and switched on and off together.

    Args:
        role: from `palette`; its look and its name in the legend.
        boxes: (N, 4) NumPy array or CPU tensor, in pixels of the picture; N may be 0.
        notes: N sentences that appear when the pointer is over a box; `<br>` breaks the line.
        texts: N short words that stand at the boxes, such as "0.97".
        label: another name for the legend than the role's.
        shown: False leaves it for the reader to switch on in the legend.
    """

    role: Role
    boxes: Any
    notes: Sequence[str] = ()
    texts: Sequence[str] = ()
    label: str = ""
    shown: bool = True

    @property
    def array(self) -> FloatArray:
        """(N, 4) float32."""
        return np.asarray(self.boxes, dtype=np.float32).reshape(-1, 4)

    @property
    def name(self) -> str:
        """What the legend says: whose boxes, and how many."""
        return f"{self.label or self.role.label} ({len(self.array)})"


def traces(layer: Layer, scale: float) -> list[dict[str, Any]]:
    """Halo, outline, and marks that can be hovered over and chosen; the legend switches them together."""
    role, boxes = layer.role, layer.array
    x, y = _outlines(boxes)
    shared = {
        "legendgroup": role.name + layer.label,
        "visible": True if layer.shown else "legendonly",
        "hoverinfo": "skip",
        "opacity": role.opacity * _crowd_opacity(len(boxes)),
    }
    line = {"color": role.colour, "dash": role.dash, "width": role.width * scale}
    fill = {"fill": "toself", "fillcolor": "rgba(0,0,0,0)", "fillpattern": _hatch(role)}
    outline = _scatter(
        x=x,
        y=y,
        mode="lines",
        line=line,
        name=layer.name,
        showlegend=role.halo < 1,
        **shared,
        **(fill if role.hatch else {}),
    )
    parts = [outline, _marks(layer, scale, shared)]
    if layer.texts:
        parts.append(_words(layer, scale, shared))
    if role.halo:
        dark = {"color": HALO, "width": (role.width + 3) * scale}
        under = shared | {"opacity": role.halo}
        parts.insert(0, _scatter(x=x, y=y, mode="lines", line=dark, showlegend=False, **under))
    if role.halo == 1:
        parts.append(_legend_entry(layer, line, shared))
    return parts


def _crowd_opacity(count: int) -> float:
    """Thousands of boxes are drawn so thin that the picture shows through."""
    return min(1.0, max(0.4, (100 / max(count, 1)) ** 0.5))


def _outlines(boxes: FloatArray) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Five corners a box and then a gap: (N, 4) → (6 N,), (6 N,)."""
    gap = np.full((len(boxes), 1), np.nan)
    return (
        np.hstack([boxes[:, [0, 2, 2, 0, 0]], gap]).ravel(),
        np.hstack([boxes[:, [1, 1, 3, 3, 1]], gap]).ravel(),
    )


def _marks(layer: Layer, scale: float, shared: dict[str, Any]) -> dict[str, Any]:
    """A dot in the middle of each box, with what is to be said of it; texts stand at the top left corner."""
    boxes, role = layer.array, layer.role
    few = len(boxes) <= _MANY
    return _scatter(
        x=boxes[:, [0, 2]].mean(axis=1),
        y=boxes[:, [1, 3]].mean(axis=1),
        mode="markers",
        marker={
            "color": role.colour,
            "size": (9 if few else 4) * scale,
            "line": {"color": HALO, "width": 1 if few else 0},
        },
        customdata=[[role.name, index] for index in range(len(boxes))],
        hovertext=list(layer.notes) or [f"{role.label} {index + 1}" for index in range(len(boxes))],
        showlegend=False,
        **shared | {"hoverinfo": "text"},
    )


def _words(layer: Layer, scale: float, shared: dict[str, Any]) -> dict[str, Any]:
    """Each box's text inside its top left corner, on a dark shadow so that it can be read on any picture."""
    boxes = layer.array
    colour = "#FFFFFF" if layer.role.halo == 1 else layer.role.colour
    return _scatter(
        x=boxes[:, 0],
        y=boxes[:, 1],
        mode="text",
        text=[f"<b>{text}</b>" for text in layer.texts],
        textposition="bottom right",
        textfont={"color": colour, "size": 13 * scale, "shadow": _SHADOW},
        showlegend=False,
        **shared,
    )


def _legend_entry(layer: Layer, line: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """A line with a dark-rimmed mark, so that bright colours can be read in the legend of the light theme."""
    marker = {"color": line["color"], "size": 10, "symbol": "square"}
    marker["line"] = {"color": HALO, "width": 1.5}
    return _scatter(
        x=[None],
        y=[None],
        mode="lines+markers",
        line=line,
        marker=marker,
        name=layer.name,
        **shared,
    )


def _hatch(role: Role) -> dict[str, Any]:
    return {"shape": role.hatch, "fgcolor": role.colour, "bgcolor": "rgba(0,0,0,0)", "size": 12}


def _scatter(**values: Any) -> dict[str, Any]:
    return {"type": "scatter", **values}
