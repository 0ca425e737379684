"""The RoI sampling page's pictures: who is drawn, one RoI beside its match, and what the drawn RoIs show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import PIL.Image
import PIL.ImageOps

from fastrcnn_core import palette
from fastrcnn_core.boxes import clip
from fastrcnn_core.palette import Role
from fastrcnn_core.structures import FloatArray, Image, IntArray
from pages.ui.components import figures, nouns
from pages.ui.components.crop import crop
from pages.ui.components.figures import Drawing, Layer
from pages.ui.roi_sampling import words
from pages.ui.roi_sampling.view import Kind, SamplingView

ROLES: dict[Kind, Role] = {
    "foreground": palette.FOREGROUND,
    "background": palette.BACKGROUND,
    "ignored": palette.IGNORED,
}
_LEFT_OUT = replace(palette.PROPOSAL, name="left_out", label="Not drawn this time")
_RIM = replace(palette.CHOSEN, label="Chosen", width=6.0)
# Chosen here: as many of those who were not drawn can be told apart.
_MOST = 150
# Of a crop on the screen, in pixels; RoIs of any shape are fitted into it.
_CROP = (80, 112)


def draw(view: SamplingView, *, chosen: int | None, ignored: bool, left_out: bool) -> Drawing:
    """Draw the picture with the sampled RoIs, and with ignored or unsampled candidates if wanted."""
    layers = [
        *([_some(view, _LEFT_OUT, _left_out(view))] if left_out else []),
        *([_some(view, palette.IGNORED, view.rows("ignored"))] if ignored else []),
        *(
            [Layer(_RIM, view.candidates[[chosen]], notes=["told of beside the picture"])]
            if chosen is not None
            else []
        ),
        _layer(view, palette.BACKGROUND, view.rows("background", drawn=True)),
        _layer(view, palette.FOREGROUND, view.rows("foreground", drawn=True)),
        _truth(view, range(len(view.annotated.boxes))),
    ]
    return figures.draw(view.annotated.image, *layers)


def clicked(view: SamplingView, mark: figures.Chosen) -> int | None:
    """Return the candidate that a mark in `draw` stands for."""
    if mark.role == _LEFT_OUT.name:
        return int(_left_out(view)[mark.index])
    if mark.role == palette.IGNORED.name:
        return int(view.rows("ignored")[mark.index])
    for kind, role in ROLES.items():
        if mark.role == role.name:
            return int(view.rows(kind, drawn=True)[mark.index])
    return None


def match(view: SamplingView, row: int) -> Drawing:
    """Draw a crop of one candidate and the ground truth that it is matched with."""
    gt_index = int(view.matches[row])
    truth = [gt_index] if gt_index >= 0 else []
    box = view.candidates[[row]]
    image, corner = crop(view.annotated.image, np.concatenate([box, view.annotated.boxes[truth]]))
    shift = np.concatenate([corner, corner])
    role = replace(ROLES[view.kind(row)], width=2.5, halo=1.0)
    return figures.draw(
        image,
        Layer(palette.GROUND_TRUTH, view.annotated.boxes[truth] - shift),
        Layer(role, box - shift, notes=[words.candidate(view, row)]),
    )


def crops(view: SamplingView, rows: IntArray) -> list[PIL.Image.Image]:
    """Crop the RoIs, each fitted into a frame of the same size."""
    return [_crop(view.annotated.image, view.candidates[row]) for row in rows]


def _crop(image: Image, box: FloatArray) -> PIL.Image.Image:
    x1, y1, x2, y2 = clip(box[None], height=image.height, width=image.width)[0]
    left, top = int(x1), int(y1)
    pixels = image.pixels[
        top : max(int(np.ceil(y2)), top + 1), left : max(int(np.ceil(x2)), left + 1)
    ]
    part = PIL.Image.fromarray(pixels).convert("RGBA")
    return PIL.ImageOps.pad(part, _CROP, color=(0, 0, 0, 0))


def _left_out(view: SamplingView) -> IntArray:
    """Foreground and background that this draw did not take."""
    return np.concatenate(
        [view.rows("foreground", drawn=False), view.rows("background", drawn=False)]
    )


def _some(view: SamplingView, role: Role, rows: IntArray) -> Layer:
    """Take the first of perhaps thousands of boxes, which together would hide the picture."""
    label = f"{role.label}, of {len(rows):,} the first" if len(rows) > _MOST else ""
    return replace(_layer(view, role, rows[:_MOST]), label=label)


def _layer(view: SamplingView, role: Role, rows: IntArray) -> Layer:
    notes = [
        f"{words.candidate(view, row)}<br>{words.SHORT[view.kind(row)].lower()}, IoU {view.iou[row]:.2f} "
        f"with {nouns.numbered(view.annotated, int(view.matches[row]))}"
        for row in rows
    ]
    return Layer(role, view.candidates[rows], notes=notes)


def _truth(view: SamplingView, rows: Sequence[int]) -> Layer:
    names = [nouns.numbered(view.annotated, row) for row in rows]
    return Layer(palette.GROUND_TRUTH, view.annotated.boxes[list(rows)], notes=names)
