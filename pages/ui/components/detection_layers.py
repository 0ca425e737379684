"""A picture with its detections drawn by verdict, the ground truth beside them, and what was missed."""

from __future__ import annotations

from dataclasses import replace

from fastrcnn_core import palette
from fastrcnn_core.detection.matching import Verdict
from fastrcnn_core.palette import Role
from fastrcnn_core.structures import FloatArray
from pages.ui.components import detection_words, figures, nouns
from pages.ui.components.detection_view import DetectionView
from pages.ui.components.figures import Drawing, Layer

ROLES: dict[Verdict, Role] = {
    "hit": palette.HIT,
    "duplicate": palette.DUPLICATE,
    "background": palette.BACKGROUND_HIT,
    "ignored": palette.IGNORED,
}
# A white rim around the box that is told of, whatever its own colour.
_RIM = replace(palette.CHOSEN, label="Chosen", width=8.0)
# Without ground truth a detection has no verdict.
_UNJUDGED = "Detection"


def survivors(
    view: DetectionView, *, chosen: FloatArray | None, truth: bool, suppressed: bool
) -> Drawing:
    """Draw a picture's detections by verdict, the ground truth beside them, and the missed objects.

    Args:
        chosen: (4,) box to point out by a wider rim, under the rest.
        truth: whether the ground truth is drawn. suppressed: whether the suppressed boxes are.
    """
    layers = [
        *([_suppressed(view)] if suppressed else []),
        *([_truth(view)] if truth and view.annotated is not None else []),
        *(
            [Layer(_RIM, chosen[None], notes=["the box that is told of below"])]
            if chosen is not None
            else []
        ),
        *_detections(view),
        *([_missed(view)] if view.judged is not None else []),
    ]
    return figures.draw(view.image, *layers)


def _detections(view: DetectionView) -> list[Layer]:
    """Make a layer for each verdict; a single one without ground truth."""
    if view.judged is None:
        rows = list(range(len(view.detections.boxes)))
        return [_layer(view, palette.HIT, rows, label=_UNJUDGED)]
    return [
        _layer(view, role, rows)
        for verdict, role in reversed(ROLES.items())
        if (rows := rows_of(view, verdict)) or verdict == "hit"
    ]


def _layer(view: DetectionView, role: Role, rows: list[int], label: str = "") -> Layer:
    detections = view.detections
    return Layer(
        role,
        detections.boxes[rows],
        notes=[_note(view, row) for row in rows],
        texts=[_text(view, row) for row in rows],
        label=label or ("In a crowd" if role is palette.IGNORED else ""),
    )


def rows_of(view: DetectionView, verdict: Verdict) -> list[int]:
    """Return the rows of the detections with a verdict; without ground truth, all of them for "hit"."""
    if view.judged is None:
        return list(range(len(view.detections.boxes))) if verdict == "hit" else []
    return [row for row, word in enumerate(view.judged.verdicts) if word == verdict]


def _text(view: DetectionView, row: int) -> str:
    """Write what stands at a detection: number and confidence, and the class if there are several."""
    detections = view.detections
    name = (
        f"{detections.classes[detections.labels[row] - 1]} " if len(detections.classes) > 1 else ""
    )
    return f"#{row + 1} {name}{detections.scores[row]:.2f}"


def _note(view: DetectionView, row: int) -> str:
    detections = view.detections
    name = detections.classes[detections.labels[row] - 1]
    verdict = ""
    if view.judged is not None and view.annotated is not None:
        verdict = f"<br>{detection_words.match_words(view.judged, row, view.annotated)}"
    silenced = int((detections.suppressed.by == row).sum())
    return f"<b>#{row + 1}</b> {name} {detections.scores[row]:.2f}{verdict}<br>silenced {silenced}"


def _suppressed(view: DetectionView) -> Layer:
    boxes = view.detections.suppressed
    notes = [
        f"{score:.2f}, suppressed by {f'#{by + 1}' if by >= 0 else 'a box beyond the limit'}<br>IoU {iou:.2f}"
        for score, by, iou in zip(
            boxes.scores.tolist(), boxes.by.tolist(), boxes.iou.tolist(), strict=True
        )
    ]
    return Layer(palette.SUPPRESSED, boxes.boxes, notes=notes)


def _truth(view: DetectionView) -> Layer:
    assert view.annotated is not None
    names = [nouns.numbered(view.annotated, row) for row in range(len(view.annotated.boxes))]
    return Layer(palette.GROUND_TRUTH, view.annotated.boxes, notes=names)


def _missed(view: DetectionView) -> Layer:
    assert view.annotated is not None
    assert view.judged is not None
    rows = view.judged.missed
    notes = [
        f"<b>{nouns.numbered(view.annotated, row)}</b><br>"
        f"missed: {detection_words.STAGES[view.diagnoses[row].stage].lower()}"
        for row in rows
    ]
    return Layer(palette.MISSED, view.annotated.boxes[rows], notes=notes, label="Missed")
