"""Chart of the detections on one picture from checkpoint to checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from fastrcnn_core import palette
from pages.ui.components import chart
from pages.ui.components.chart import Axis, Chart, Guide, Line

if TYPE_CHECKING:
    from pages.ui.components.detection_view import DetectionView

_QUESTION = "How many does each checkpoint find?"


def show(views: Mapping[int, DetectionView], step: int) -> None:
    """Hits, false alarms and missed people by checkpoint, a line at the one that is shown."""
    lines = _lines(views)
    counts = Axis(format="d", tick=_between_ticks(lines))
    drawn = Chart(lines, Axis("Step"), counts, (Guide(step),), height=220, shared_hover=True)
    caption = f"{_QUESTION} The dotted line is the checkpoint that is shown."
    chart.show(drawn, key="plot-growth", alt=_QUESTION, caption=caption)


def _between_ticks(lines: tuple[Line, ...]) -> int | None:
    """1 for a handful of people, who are never counted by halves; None leaves it to Plotly."""
    return 1 if max(count for line in lines for count in line.y) <= 8 else None


def _lines(views: Mapping[int, DetectionView]) -> tuple[Line, ...]:
    tallies = {step: view.tally for step, view in views.items()}
    annotated = {step: tally for step, tally in tallies.items() if tally is not None}
    line = partial(Line, markers=True, hover="%{y}")
    if not annotated:  # the picture has no annotations
        counts = [len(view.detections.boxes) for view in views.values()]
        return (line("Detections", list(views), counts, palette.BLUE),)
    steps, each = list(annotated), annotated.values()
    wrong = [tally.background + tally.duplicates for tally in each]
    return (
        line("Hits", steps, [tally.hits for tally in each], palette.BLUE),
        line("False alarms", steps, wrong, palette.VERMILION, "dash"),
        line("Missed", steps, [tally.missed for tally in each], palette.GREEN, "dot"),
    )
