"""Pictures with boxes on them, in the picture's own continuous pixel coordinates.

x runs from 0 to W and y from 0 (top) to H: pixel column c covers [c, c+1), as everywhere in the core, so that nothing
is ever moved by half a pixel. The picture fills the width of its place and keeps its shape.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import streamlit as st

from fastrcnn_core.structures import Image
from pages.ui.cache import renderings
from pages.ui.components import canvas, chart_files, saving, swatches
from pages.ui.components.layers import Layer
from pages.ui.state import projector, widget_state

__all__ = ["Chosen", "Drawing", "Layer", "draw", "show"]

_PROJECTOR_SCALE = 1.6


@dataclass(frozen=True)
class Chosen:
    """A box that the visitor clicked on: the name of its role, and its row in that layer."""

    role: str
    index: int


@dataclass(frozen=True, eq=False)
class Drawing:
    """A picture and what is drawn over it, the last layer on top.

    Args:
        masks: (H, W) instance numbers, 0 for none; each is tinted in a colour of its own.
        legend: whether the roles are named below, where they can be switched on and off.
    """

    image: Image
    layers: tuple[Layer, ...]
    masks: npt.NDArray[np.int32] | None = None
    legend: bool = True

    def scene(self, *, alt: str = "", choose: bool = False) -> dict[str, Any]:
        """Return what the browser draws: plain values for JSON.

        Args:
            alt: what a screen reader says of it.
            choose: a click on a box chooses it.
        """
        return {
            "identity": self.image.key,
            "file": self.image.name or "picture",
            "width": self.image.width,
            "height": self.image.height,
            "picture": renderings.data_uri(self.image),
            "tint": None if self.masks is None else _tint(self.masks),
            "layers": [layer.scene() for layer in self.layers],
            "legend": self.legend,
            "marks": choose,
            "choose": choose,
            "scale": _PROJECTOR_SCALE if projector.is_on() else 1.0,
            "alt": alt,
        }


def draw(
    image: Image,
    *layers: Layer,
    masks: npt.NDArray[np.int32] | None = None,
    legend: bool = True,
) -> Drawing:
    """Make a drawing of a picture with layers over it, the last on top; `masks` and `legend` as in `Drawing`."""
    return Drawing(image, layers, masks, legend)


def show(
    drawing: Drawing,
    *,
    key: str,
    caption: str,
    alt: str = "",
    on_choose: Callable[[Chosen], None] | None = None,
) -> None:
    """Put the drawing on the page, as wide as its place and as high as the picture needs.

    Zoom and switched-off roles stay when boxes change, and start anew with another picture.

    Args:
        key: unique on the page and the same for every picture.
        caption: the question that the picture answers, and the numbers that answer it.
        alt: what a screen reader says; the caption if left out.
        on_choose: told of each click on a box, before the page runs again: the drawing can then show the choice.
            Without it a click chooses nothing; hovering tells a box's note in either case.
    """
    with st.container(gap="xsmall"):
        canvas.mount(
            drawing.scene(alt=alt or caption, choose=on_choose is not None),
            key=key,
            on_chosen=partial(_tell, key, drawing.image.key, on_choose),
        )
        saving.caption(
            caption,
            key=key,
            file=drawing.image.name or "picture",
            figure=lambda: chart_files.picture(drawing),
        )


def _tell(key: str, identity: str, on_choose: Callable[[Chosen], None] | None) -> None:
    """Hand on the click in the canvas's state; one on a picture that has gone since does not count."""
    chosen = (widget_state.value(key) or {}).get("chosen")
    if on_choose is not None and chosen and chosen["identity"] == identity:
        on_choose(Chosen(str(chosen["role"]), int(chosen["index"])))


def _tint(masks: npt.NDArray[np.int32]) -> str:
    """Paint a half transparent colour for each number, as a PNG data URI of the masks' size."""
    numbers = np.where(masks > 0, (masks - 1) % 255 + 1, 0).astype(np.uint8)
    tinted = PIL.Image.fromarray(numbers).convert("P")
    colours = [swatches.colour_of(number) for number in range(256)]
    tinted.putpalette([channel for colour in colours for channel in colour])
    content = io.BytesIO()
    tinted.save(content, "PNG", transparency=bytes([0] + [110] * 255))
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
