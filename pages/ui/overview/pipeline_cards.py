"""Cards of the Overview page, one for each stage of the pipeline, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from fastrcnn_core.checkpoints import CheckpointHeader
from fastrcnn_core.config import SamplingConfig
from pages.ui.shell import header

_STYLE = """<style>
[class*="st-key-stage-"] { position: relative; }
[class*="st-key-stage-"] img { width: 100%; aspect-ratio: 4 / 3; object-fit: cover; border-radius: 0.4rem; }
[class*="st-key-stage-"] code { font-size: 0.85rem; white-space: nowrap; }
[class*="st-key-stage-"]:not(.st-key-stage-detections):not(.st-key-stage-roi_sampling)::after {
  content: "→"; position: absolute; right: -1.6rem; top: 42%; font-size: 1.3rem; opacity: 0.55; }
@media (max-width: 640px) { [class*="st-key-stage-"]::after { right: 48% !important; top: auto !important;
  bottom: -1.75rem; rotate: 90deg; } }
.st-key-stage-roi_sampling { border-style: dashed !important; }
.stage-empty { width: 100%; aspect-ratio: 4 / 3; border-radius: 0.4rem; display: grid; place-items: center;
  background: rgba(128, 140, 150, 0.14); color: rgba(128, 140, 150, 0.9); font-size: 2rem; }
</style>"""


@dataclass(frozen=True)
class Stage:
    """A stage of the pipeline, as described on any picture.

    Args:
        key: its name for code. title: on screen. shapes: of its outputs, in letters.
        sentence: its description. page: the page with details, "" if none.
    """

    key: str
    title: str
    shapes: tuple[str, ...]
    sentence: str
    page: str = ""


@dataclass(frozen=True)
class Card:
    """A stage's placeholders on the page: its picture and its shapes are filled in once computed."""

    picture: Any
    shape: Any

    def fill(self, *shapes: str, picture: bytes | None = None, alt: str = "") -> None:
        """Write the shapes of the outputs, and the picture if there is one."""
        self.shape.markdown(" ".join(f"`{shape}`" for shape in shapes))
        if picture is not None:
            self.picture.image(picture, width="stretch", alt=alt)


def stages(about: CheckpointHeader | None) -> tuple[Stage, ...]:
    """List all stages, in order; the last is for training alone.

    Args:
        about: the detector in use; None while there is none.
    """
    hidden = f"{about.model.hidden}" if about else "D"
    backbone = f"The backbone, {about.model.backbone}," if about else "The backbone"
    cells = f"{about.model.roi_cells} × {about.model.roi_cells}" if about else "S × S"
    return (
        Stage(
            "picture",
            "1. Picture",
            ("H × W × 3",),
            "Pixels: all that is known at first.",
            "dataset",
        ),
        Stage(
            "proposals",
            "2. Proposals",
            ("P × 4",),
            "Selective Search groups similar neighbours into boxes that may hold something. It learns nothing.",
            "proposals",
        ),
        Stage(
            "features",
            "3. Features",
            ("C × h × w",),
            f"{backbone} looks once at the whole picture, resized as in training. One cell stands for "
            "16 × 16 pixels of that size (stride 16).",
        ),
        Stage(
            "roi_align",
            f"4. {_roi_layer(about)}",
            (f"R × C × {cells}",),
            "Each proposal, now a region of interest (RoI), cuts its part out of the features, always in the same "
            "number of cells.",
        ),
        Stage(
            "head",
            "5. Head",
            (f"R × {hidden}",),
            f"Two fully connected layers of {hidden} units look at each RoI by itself.",
        ),
        Stage(
            "scores",
            "6. Scores and deltas",
            ("R × (K+1)", "R × K × 4"),
            "A confidence for each class and for the background, and four numbers that correct the box.",
        ),
        Stage(
            "detections",
            "7. Detections",
            ("D",),
            "Confident boxes stay, and each suppresses the less confident ones that overlap it, or lowers their scores "
            "(non-maximum suppression, NMS).",
            "detection",
        ),
        Stage(
            "roi_sampling",
            "In training: RoI sampling",
            (f"{SamplingConfig().rois_per_image} of P + N",),
            "A few RoIs are drawn: positives overlap the ground truth, negatives do not. The losses compare what the "
            "head says of them with what is true.",
            "roi_sampling",
        ),
    )


def _roi_layer(about: CheckpointHeader | None) -> str:
    """Name the detector's RoI layer."""
    return "RoIPool" if about and about.model.roi_layer == "pool" else "RoIAlign"


def cards(about: CheckpointHeader | None) -> dict[str, Card]:
    """Write a card for each stage, with what needs no picture; return the cards by key."""
    st.html(_STYLE)
    with st.grid(4, min_column_width=210, gap="medium"):
        return {stage.key: _card(stage) for stage in stages(about)}


def _card(stage: Stage) -> Card:
    with st.container(border=True, height="stretch", key=f"stage-{stage.key}", gap="small"):
        st.markdown(f"**{stage.title}**")
        card = Card(picture=st.empty(), shape=st.empty())
        card.picture.html('<div class="stage-empty" aria-hidden="true">…</div>')
        card.fill(*stage.shapes)
        st.caption(stage.sentence)
        if stage.page:
            st.space("stretch")
            header.link(stage.page, "Look closer")
    return card
