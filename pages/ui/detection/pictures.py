"""The detection page's pictures: who survived, and one box with the proposal it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fastrcnn_core.detection.matching import Verdict
from fastrcnn_core.prediction_trace import Origin
from pages.ui.components import figures, palette
from pages.ui.components.crop import crop
from pages.ui.components.figures import Drawing, Layer
from pages.ui.components.palette import Role
from pages.ui.detection import selection, words
from pages.ui.detection.selection import Choice, Prediction, Somebody
from pages.ui.detection.view import View

ROLES: dict[Verdict, Role] = {
    "hit": palette.HIT,
    "duplicate": palette.DUPLICATE,
    "background": palette.BACKGROUND_HIT,
    "ignored": palette.IGNORED,
}
# The two ends of box regression, in close-up; the same colours as everywhere.
_BEFORE = replace(palette.PROPOSAL, label="Proposal", width=2.5, opacity=1.0, halo=1.0)
_AFTER = replace(palette.HIT, label="Box after regression")
# A white rim around the box that is told of, whatever its own colour.
_RIM = replace(palette.CHOSEN, label="Chosen", width=8.0)
# Without ground truth nobody can say what a detection is worth.
_UNJUDGED = "Detection"


def survivors(view: View, *, chosen: Choice | None, truth: bool, suppressed: bool) -> Drawing:
    """The picture with its detections by verdict, the ground truth beside them, and what was missed.

    Args:
        chosen: drawn once more, wider, under the rest.
        truth: whether the ground truth is drawn. suppressed: whether the suppressed boxes are.
    """
    layers = [
        *([_suppressed(view)] if suppressed else []),
        *([_truth(view)] if truth and view.annotated is not None else []),
        *([_chosen(view, chosen)] if chosen else []),
        *_detections(view),
        *([_missed(view)] if view.judged is not None else []),
    ]
    return figures.draw(view.image, *layers)


def clicked(view: View, mark: figures.Chosen) -> Choice | None:
    """Whom a mark in `survivors` stands for."""
    if mark.role == palette.SUPPRESSED.name:
        return selection.suppressed(view, mark.index)
    if mark.role == palette.GROUND_TRUTH.name:
        return Somebody(mark.index)
    if mark.role == palette.MISSED.name and view.judged is not None:
        return Somebody(int(view.judged.missed[mark.index]))
    for verdict, role in ROLES.items():
        if mark.role == role.name:
            return selection.detection(view, _rows(view, verdict)[mark.index])
    return None


def journey(view: View, origin: Origin, others: Sequence[int] = ()) -> Drawing:
    """A close-up of one prediction: its proposal, the box that it became, and whom it should have found.

    Args:
        origin: the prediction. others: rows of the ground truth to draw too.
    """
    truth = np.zeros((0, 4), np.float32) if view.annotated is None else view.annotated.boxes
    boxes = [origin.roi[None], origin.box[None], truth[list(others)]]
    image, corner = crop(view.image, np.concatenate(boxes))
    shift = np.concatenate([corner, corner])
    return figures.draw(
        image,
        Layer(palette.GROUND_TRUTH, boxes[2] - shift),
        Layer(_BEFORE, boxes[0] - shift, notes=["where it started: the proposal"]),
        Layer(_AFTER, boxes[1] - shift, notes=["where box regression carried it"]),
    )


def _detections(view: View) -> list[Layer]:
    """One layer a verdict, so that colour and line say what each is worth; one for all if nobody can judge."""
    if view.judged is None:
        everyone = range(len(view.detections.boxes))
        return [_layer(view, palette.HIT, list(everyone), label=_UNJUDGED)]
    return [
        _layer(view, role, rows)
        for verdict, role in reversed(ROLES.items())
        if (rows := _rows(view, verdict)) or verdict == "hit"
    ]


def _layer(view: View, role: Role, rows: list[int], label: str = "") -> Layer:
    it = view.detections
    return Layer(
        role,
        it.boxes[rows],
        notes=[_note(view, row) for row in rows],
        texts=[_text(view, row) for row in rows],
        label=label or ("In a crowd" if role is palette.IGNORED else ""),
    )


def _rows(view: View, verdict: Verdict) -> list[int]:
    """Rows of the detections with this verdict; all of them are the first verdict's if nobody can judge."""
    if view.judged is None:
        return list(range(len(view.detections.boxes))) if verdict == "hit" else []
    return [row for row, it in enumerate(view.judged.verdicts) if it == verdict]


def _text(view: View, row: int) -> str:
    """What stands at a detection: its number and confidence, its class if there are several."""
    it = view.detections
    name = f"{it.classes[it.labels[row] - 1]} " if len(it.classes) > 1 else ""
    return f"#{row + 1} {name}{it.scores[row]:.2f}"


def _note(view: View, row: int) -> str:
    it = view.detections
    name = it.classes[it.labels[row] - 1]
    told = ""
    if view.judged is not None and view.annotated is not None:
        told = f"<br>{words.verdict(view.judged, row, view.annotated)}"
    silenced = int((it.suppressed.by == row).sum())
    return f"<b>#{row + 1}</b> {name} {it.scores[row]:.2f}{told}<br>silenced {silenced}"


def _suppressed(view: View) -> Layer:
    it = view.detections.suppressed
    notes = [
        f"{score:.2f}, suppressed by {f'#{by + 1}' if by >= 0 else 'a box beyond the limit'}<br>IoU {iou:.2f}"
        for score, by, iou in zip(it.scores.tolist(), it.by.tolist(), it.iou.tolist(), strict=True)
    ]
    return Layer(palette.SUPPRESSED, it.boxes, notes=notes)


def _truth(view: View) -> Layer:
    assert view.annotated is not None
    names = [words.somebody(view.annotated, row) for row in range(len(view.annotated.boxes))]
    return Layer(palette.GROUND_TRUTH, view.annotated.boxes, notes=names)


def _missed(view: View) -> Layer:
    assert view.annotated is not None
    assert view.judged is not None
    rows = view.judged.missed
    notes = [
        f"<b>{words.somebody(view.annotated, row)}</b><br>missed: {words.STAGES[view.fates[row].stage].lower()}"
        for row in rows
    ]
    return Layer(palette.MISSED, view.annotated.boxes[rows], notes=notes, label="Missed")


def _chosen(view: View, choice: Choice) -> Layer:
    if isinstance(choice, Prediction):
        box = view.predictions.boxes[choice.roi_index, choice.label - 1][None]
    else:
        assert view.annotated is not None
        box = view.annotated.boxes[choice.gt_index][None]
    return Layer(_RIM, box, notes=["the box that is told of below"])
