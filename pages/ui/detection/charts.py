"""Charts of the Detection page: precision, recall and F1 against confidence, verdicts by confidence, class scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from fastrcnn_core import palette
from fastrcnn_core.evaluation import PrecisionRecallCurve
from fastrcnn_core.structures import FloatArray
from pages.ui.components.chart import Axis, Bars, Chart, Guide, Line, Star

_BINS = 20
_CONFIDENCE = Axis("confidence", range=(0, 1.01))
# The hatch says again what the colour says.
_HATCHES = {"hit": "", "duplicate": "x", "background_hit": "/"}


def curves(ranking: PrecisionRecallCurve, *, threshold: float, best: float | None) -> Chart:
    """Chart precision, recall and F1 at every confidence, with a guide at the threshold and a star at the best F1.

    From one detection's score down to the next one's nothing changes: that is what the steps say.
    """
    line = Line("", ranking.scores, (), "", steps=True, hover="%{y:.2f} at confidence %{x:.2f}")
    marks: list[Line | Star] = [
        replace(line, name="Precision", y=ranking.precision, colour=palette.SKY),
        replace(line, name="Recall", y=ranking.recall, colour=palette.ORANGE, dash="dash"),
        replace(line, name="F1", y=ranking.f1, colour=palette.PURPLE, width=3.5),
    ]
    if best is not None:
        name, hover = f"Best F1, at {best:.2f}", "F1 %{y:.2f} at confidence %{x:.2f}"
        marks.append(Star(name, best, ranking.at(best).f1, palette.PURPLE, hover))
    return Chart(tuple(marks), _CONFIDENCE, Axis(range=(0, 1.02)), guides=_guides(threshold))


def histogram(ranking: PrecisionRecallCurve, *, threshold: float) -> Chart:
    """Chart how many hits, duplicates and false positives there are at each confidence."""
    parts = {
        palette.HIT: ranking.is_hit,
        palette.DUPLICATE: ranking.is_duplicate,
        palette.BACKGROUND_HIT: ~(ranking.is_hit | ranking.is_duplicate),
    }
    edges = np.linspace(0, 1, _BINS + 1)
    bars = tuple(
        Bars(
            role.label,
            (edges[:-1] + edges[1:]) / 2,
            np.histogram(ranking.scores[is_part], edges)[0],
            role.colour,
            _HATCHES[role.name],
            hover="%{y} at confidence %{x:.2f}",
        )
        for role, is_part in parts.items()
    )
    return Chart(bars, _CONFIDENCE, Axis("detections"), guides=_guides(threshold))


def class_scores(scores: FloatArray, classes: tuple[str, ...], *, most: int = 8) -> Chart:
    """Chart the scores of one RoI, the background's too, as bars; the highest of many."""
    names = ("background", *classes)
    rows = np.argsort(-scores, kind="stable")[:most]
    bars = Bars(
        "Score",
        scores[rows],
        [names[row] for row in rows],
        [palette.VERMILION if row == 0 else palette.BLUE for row in rows],
        horizontal=True,
        texts=[f"{scores[row]:.3f}" for row in rows],
        hover="%{y}: %{x:.3f}",
    )
    height = 64 + 34 * len(rows)
    return Chart((bars,), Axis(range=(0, 1)), Axis(words=True, reversed=True), height=height)


def _guides(threshold: float) -> tuple[Guide, ...]:
    return (Guide(threshold, f"{threshold:.2f}"),)
