"""Pictures with boxes on them, as Plotly figures in the picture's own continuous pixel coordinates.

x runs from 0 to W and y from 0 (top) to H: pixel column c covers [c, c+1), as everywhere in the core, so that nothing
is ever moved by half a pixel.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import plotly.graph_objects as go
import streamlit as st

from fastrcnn_core.structures import Image
from pages.ui import palette, resources
from pages.ui.layers import Layer, traces

__all__ = ["Chosen", "Drawing", "Layer", "draw", "show"]

_CONFIG = {
    "displaylogo": False,
    "doubleClick": "reset",
    "modeBarButtonsToRemove": [
        *("select2d", "lasso2d", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "autoScale2d"),
        *("hoverClosestCartesian", "hoverCompareCartesian", "toggleSpikelines"),
    ],
}


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


def draw(image: Image, *layers: Layer, masks: npt.NDArray[np.int32] | None = None) -> Drawing:
    """The picture with the layers over it, the last on top.

    Args:
        masks: (H, W), 0 where nobody is, else the number of who owns the pixel; tinted, a colour each.
    """
    scale = 1.6 if resources.projector() else 1.0
    sources = [resources.encoded(image)] + ([] if masks is None else [_tint(masks)])
    # Handed over as one value, which Plotly checks three times as fast as part by part.
    figure = go.Figure(
        {
            "data": [trace for layer in layers for trace in traces(layer, scale)],
            "layout": _layout(image, scale)
            | {"images": [_below(image, it, order) for order, it in enumerate(sources)]},
        }
    )
    return Drawing(image, layers, figure)


def show(
    drawing: Drawing,
    *,
    key: str,
    caption: str,
    alt: str = "",
    choose: bool = False,
    on_choose: Callable[[Chosen], None] | None = None,
) -> Chosen | None:
    """Put the drawing on the page, as wide as its place and as high as the picture needs.

    Args:
        key: unique on the page and the same for every picture, so that zoom and choice stay.
        caption: the question that the picture answers, and the numbers that answer it.
        alt: what a screen reader says; the caption if left out.
        choose: whether a click on a box's mark chooses the box and runs the page again.
        on_choose: told of each click on a box's mark, before the page runs again: the drawing can then show the choice.

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
            on_select=partial(_tell, key, on_choose)
            if on_choose
            else "rerun"
            if choose
            else "ignore",
            selection_mode="points",
        )
        st.caption(caption)
    return _chosen(event) if choose else None


def _tell(key: str, on_choose: Callable[[Chosen], None]) -> None:
    """A callback's callback: what was clicked on stands in the chart's state."""
    if (chosen := _chosen(resources.value(key))) is not None:
        on_choose(chosen)


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


def _tint(masks: npt.NDArray[np.int32]) -> str:
    """A half transparent colour for each number, as a PNG data URI of the masks' size."""
    numbers = np.where(masks > 0, (masks - 1) % 255 + 1, 0).astype(np.uint8)
    tinted = PIL.Image.fromarray(numbers).convert("P")
    colours = [palette.colour_of(number) for number in range(256)]
    tinted.putpalette([channel for colour in colours for channel in colour])
    content = io.BytesIO()
    tinted.save(content, "PNG", transparency=bytes([0] + [110] * 255))
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


def _below(image: Image, source: str, order: int) -> dict[str, Any]:
    """A picture under the boxes, stretched over the image's own coordinates.

    Plotly takes two pictures of the same place and size for one and drops the second: a billionth keeps them apart.
    """
    return {
        "source": source,
        **{"x": 0, "y": 0, "sizex": image.width * (1 + 1e-9 * order), "sizey": image.height},
        **{"xref": "x", "yref": "y", "xanchor": "left", "yanchor": "top"},
        "sizing": "stretch",
        "layer": "below",
    }


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
