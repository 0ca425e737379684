"""Pictures with boxes on them, as Plotly figures in the picture's own continuous pixel coordinates.

x runs from 0 to W and y from 0 (top) to H: pixel column c covers [c, c+1), as everywhere in the core, so that nothing
is ever moved by half a pixel. All boxes of one role are one line trace, so that thousands of them stay quick.

Shape letters: N boxes of one layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import streamlit as st

from fastrcnn_core.structures import FloatArray, Image
from pages.ui import resources
from pages.ui.palette import HALO, Role

# Higher than this many boxes, the marks at their centers shrink to dots.
_MANY = 60
_CONFIG = {
    "displaylogo": False,
    "doubleClick": "reset",
    "modeBarButtonsToRemove": [
        *("select2d", "lasso2d", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "autoScale2d"),
        *("hoverClosestCartesian", "hoverCompareCartesian", "toggleSpikelines"),
    ],
}


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


@dataclass(frozen=True)
class Chosen:
    """A box that the reader clicked on: the name of its role, and its row in that layer."""

    role: str
    index: int


@dataclass(frozen=True, eq=False)
class Drawing:
    """A picture and the layers over it; `show` puts it on the page, `figure` is what Plotly draws."""

    image: Image
    layers: tuple[Layer, ...]
    figure: go.Figure = field(repr=False)


def draw(image: Image, *layers: Layer) -> Drawing:
    """The picture with the layers over it, the last on top."""
    scale = 1.6 if resources.projector() else 1.0
    figure = go.Figure([trace for layer in layers for trace in _traces(layer, scale)])
    figure.add_layout_image(
        source=resources.encoded(image),
        **{"x": 0, "y": 0, "sizex": image.width, "sizey": image.height},
        **{"xref": "x", "yref": "y", "xanchor": "left", "yanchor": "top"},
        sizing="stretch",
        layer="below",
    )
    figure.update_layout(_layout(image, scale))
    return Drawing(image, layers, figure)


def show(
    drawing: Drawing, *, key: str, caption: str, alt: str = "", choose: bool = False
) -> Chosen | None:
    """Put the drawing on the page, as wide as its place and as high as the picture needs.

    Args:
        key: unique on the page and the same for every picture, so that zoom and choice stay.
        caption: the question that the picture answers, and the numbers that answer it.
        alt: what a screen reader says; the caption if left out.
        choose: whether a click on a box's mark chooses the box and runs the page again.

    Returns:
        The box that is chosen, if `choose` and if there is one.
    """
    with st.container(key=f"drawing-{key}", gap="xsmall"):
        _fit(drawing.image, f"drawing-{key}")
        event = st.plotly_chart(
            drawing.figure,
            key=key,
            height="stretch",
            alt=alt or caption,
            config=_CONFIG | {"toImageButtonOptions": {"filename": f"{drawing.image.name}-{key}"}},
            on_select="rerun" if choose else "ignore",
            selection_mode="points",
        )
        st.caption(caption)
    return _chosen(event) if choose else None


def _chosen(event: Any) -> Chosen | None:
    """The first selected mark; a choice made on another picture does not count, for Plotly has forgotten it."""
    points = event.selection.points if event else []
    if not points or "customdata" not in points[0]:
        return None
    role, index = points[0]["customdata"][:2]
    return Chosen(str(role), int(index))


def _fit(image: Image, container: str) -> None:
    """Give the chart the picture's own shape at any width, but never more than most of the screen's height."""
    height = f"min(100cqw * {image.height} / {image.width}, 70vh)"
    st.html(
        f"<style>.st-key-{container} {{ container-type: inline-size; }}"
        f".st-key-{container} .stPlotlyChart {{ height: calc({height} + 2.75rem) !important; }}</style>"
    )


def _traces(layer: Layer, scale: float) -> list[go.Scatter]:
    """Halo, outline, and marks that can be hovered over and chosen; the legend switches them together."""
    role, boxes = layer.role, layer.array
    x, y = _outlines(boxes)
    shared = {
        "legendgroup": role.name + layer.label,
        "visible": True if layer.shown else "legendonly",
        "hoverinfo": "skip",
        "opacity": role.opacity,
    }
    line = {"color": role.colour, "dash": role.dash, "width": role.width * scale}
    fill = {"fill": "toself", "fillcolor": "rgba(0,0,0,0)", "fillpattern": _hatch(role)}
    outline = go.Scatter(
        x=x,
        y=y,
        mode="lines",
        line=line,
        name=layer.name,
        showlegend=not role.halo,
        **shared,
        **(fill if role.hatch else {}),
    )
    parts = [outline, _marks(layer, scale, shared)]
    if role.halo:
        dark = {"color": HALO, "width": (role.width + 3) * scale}
        parts.insert(0, go.Scatter(x=x, y=y, mode="lines", line=dark, showlegend=False, **shared))
        parts.append(_legend_entry(layer, line, shared))
    return parts


def _outlines(boxes: FloatArray) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Five corners a box and then a gap: (N, 4) → (6 N,), (6 N,)."""
    gap = np.full((len(boxes), 1), np.nan)
    return (
        np.hstack([boxes[:, [0, 2, 2, 0, 0]], gap]).ravel(),
        np.hstack([boxes[:, [1, 1, 3, 3, 1]], gap]).ravel(),
    )


def _marks(layer: Layer, scale: float, shared: dict[str, Any]) -> go.Scatter:
    """A dot in the middle of each box, with what is to be said of it; texts stand at the top left corner."""
    boxes, role = layer.array, layer.role
    few = len(boxes) <= _MANY
    return go.Scatter(
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


def _legend_entry(layer: Layer, line: dict[str, Any], shared: dict[str, Any]) -> go.Scatter:
    """A line with a dark-rimmed mark, so that bright colours can be read in the legend of the light theme."""
    marker = {"color": line["color"], "size": 10, "symbol": "square"}
    marker["line"] = {"color": HALO, "width": 1.5}
    return go.Scatter(
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


def _layout(image: Image, scale: float) -> dict[str, Any]:
    axis = {"visible": False, "constrain": "domain"}
    return {
        "xaxis": axis | {"range": [0, image.width]},
        "yaxis": axis | {"range": [image.height, 0], "scaleanchor": "x", "constraintoward": "top"},
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 0,
            "yanchor": "top",
            "font": {"size": 13 * scale},
            "itemdoubleclick": "toggleothers",
        },
        "hoverlabel": {"font": {"size": 13 * scale}, "align": "left"},
        "dragmode": "zoom",
        "uirevision": image.key,
        "font": {"size": 13 * scale},
    }
