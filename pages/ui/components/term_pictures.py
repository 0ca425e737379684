"""Small pictures that explain a term of the field where it first appears: IoU, recall, NMS, AP."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from fastrcnn_core.palette import BLUE, GREEN, PURPLE, SKY


class Term(NamedTuple):
    """A term: its name on screen, the body of its SVG (220 × 90), and one sentence."""

    name: str
    drawing: str
    sentence: str


def explain(*names: str) -> None:
    """Offer a popover with a picture and a sentence for each term, by its key in `TERMS`."""
    terms = [TERMS[name] for name in names]
    label = " and ".join(term.name for term in terms)
    with st.popover(f"{label} in pictures", icon=":material/help:", type="tertiary"):
        for term in terms:
            st.image(_svg(term), width=330, alt=term.sentence)
            st.markdown(f"**{term.name}**: {term.sentence}")


def _svg(term: Term) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 220 90" width="440" height="180">'
        f'<rect width="220" height="90" rx="6" fill="white"/>{term.drawing}</svg>'
    )


def _box(x: int, y: int, width: int, height: int, style: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" {style}/>'


def _text(x: int, y: int, words: str) -> str:
    return (
        f'<text x="{x}" y="{y}" font-family="sans-serif" font-size="11" fill="#222">{words}</text>'
    )


_TRUTH = f'fill="none" stroke="{GREEN}" stroke-width="2"'
_FOUND = f'fill="none" stroke="{BLUE}" stroke-width="2"'
_SUPPRESSED = f'fill="none" stroke="{PURPLE}" stroke-width="2" stroke-dasharray="2 3"'
_SHARED = f'fill="{SKY}" fill-opacity="0.6"'

TERMS = {
    "iou": Term(
        "IoU",
        _box(34, 24, 26, 46, _SHARED) + _box(14, 10, 46, 60, _TRUTH) + _box(34, 24, 46, 60, _FOUND)
        + _text(98, 40, "shared area: 1,196") + _text(98, 58, "covered by either: 4,324")
        + _text(98, 76, "IoU = 0.28"),
        "intersection over union, the area that two boxes share, divided by the area that either of them covers. "
        "1 is the same box; from 0.5 on, a box counts as found.",
    ),
    "recall": Term(
        "Recall",
        "".join(_box(x, 14, 22, 56, _TRUTH) for x in (14, 52, 90))
        + _box(17, 18, 22, 54, _FOUND) + _box(50, 10, 24, 58, _FOUND)
        + _text(130, 40, "2 of 3 found:") + _text(130, 58, "recall 0.67"),
        "the share of the annotated people that some box finds, with an IoU of at least 0.5 unless another is named.",
    ),
    "nms": Term(
        "NMS",
        _box(24, 12, 34, 62, _FOUND) + _box(32, 18, 34, 62, _SUPPRESSED)
        + _text(84, 34, "0.90 stays") + _text(84, 52, "0.80 overlaps it by more than")
        + _text(84, 66, "the NMS IoU: suppressed"),
        "non-maximum suppression. The most confident box stays, and boxes of its class that overlap it too much go.",
    ),
    "ap": Term(
        "AP",
        f'<path d="M14 72V14H44V28H66V40H84V72Z" {_SHARED}/>'
        + f'<path d="M14 14H44V28H66V40H84V72" fill="none" stroke="{BLUE}" stroke-width="2"/>'
        + '<path d="M14 8V72H94" fill="none" stroke="#222"/>'
        + _text(2, 86, "0") + _text(56, 86, "recall 1") + _text(100, 34, "height: precision")
        + _text(100, 52, "area under the") + _text(100, 66, "curve = AP"),
        "average precision. From the most confident box down, precision is drawn against recall; AP is the area under "
        "that curve, and 1 is perfect. AP50 asks for an IoU of 0.5; AP is the mean over IoUs from 0.5 to 0.95.",
    ),
}  # fmt: skip
