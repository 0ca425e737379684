"""A run's numbers against its steps: losses, accuracies, what was sampled, the learning rate, validation AP."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

from fastrcnn_core import palette
from fastrcnn_core.palette import Dash
from fastrcnn_core.runs import Columns
from pages.ui.components.chart import Axis, Chart, Line

_HEIGHT = 260
_POINTS = 300  # as many as half a screen can show apart
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Quantity:
    """One quantity of a chart: its column, its words, and how it looks."""

    column: str
    label: str
    colour: str
    dash: Dash = "solid"


LOSSES = (
    Quantity("classification_loss", "Classification", palette.BLUE),
    Quantity("box_loss", "Box", palette.ORANGE, "dash"),
)
ACCURACIES = (
    Quantity("accuracy", "All RoIs right", palette.BLUE),
    Quantity("foreground_accuracy", "Positives right", palette.GREEN, "dot"),
    Quantity(
        "foreground_called_background", "Positives called background", palette.VERMILION, "dash"
    ),
)
COUNTS = (
    Quantity("foreground", "Positive", palette.BLUE),
    Quantity("background", "Negative", palette.VERMILION, "dash"),
)
RATE = (Quantity("learning_rate", "Learning rate", palette.PURPLE),)
QUALITY = (
    Quantity("proposal_recall_50", "Recall of the proposals", palette.GREY, "dot"),
    Quantity("AP50", "AP50", palette.BLUE),
    Quantity("AP", "AP", palette.ORANGE, "dash"),
)
# Runs that are compared have a colour each, and then the dash alone says which quantity it is.
RUN_COLOURS = (palette.BLUE, palette.VERMILION, palette.GREEN, palette.PURPLE)


def over_steps(
    runs: Mapping[str, Columns],
    quantities: Sequence[Quantity],
    *,
    smoothing: float,
    top: float | None = None,
    marks: bool = False,
) -> Chart:
    """Chart quantities against the step, raw values faint behind the smoothed ones.

    One run: a colour each quantity. Several: a colour each run, a dash each quantity.

    Args:
        smoothing: weight of the past in the running mean, in [0, 1); 0 shows the raw values alone.
        top: of the y axis, if it is known; the figure's own choice if None.
        marks: whether each value gets a mark: for those that are few.
    """
    lines = [
        line
        for name, quantity in _coloured(tuple(runs), quantities)
        for line in _lines(
            quantity,
            runs[name],
            run=name if len(runs) > 1 else "",
            smoothing=smoothing,
            marks=marks,
        )
    ]
    if len(runs) > 1 and len(quantities) > 1:
        lines += [Line(each.label, [None], [None], palette.GREY, each.dash) for each in quantities]
    height = _HEIGHT if len(quantities) > 1 else _HEIGHT - 20
    y = Axis() if top is None else Axis(range=(0, top))
    return Chart(
        tuple(lines), Axis("Step"), y, height=height, shared_hover=True, revision="-".join(runs)
    )


def _coloured(names: tuple[str, ...], quantities: Sequence[Quantity]) -> list[tuple[str, Quantity]]:
    if len(names) == 1:
        return [(names[0], quantity) for quantity in quantities]
    return [
        (name, dataclasses.replace(quantity, colour=colour))
        for name, colour in zip(names, RUN_COLOURS, strict=False)
        for quantity in quantities
    ]


def smoothed(values: Floats, weight: float) -> Floats:
    """Running mean with exponentially fading weights, without the pull of a first 0: (S,) → (S,).

    Source: Kingma & Ba, Adam, 2015, section 3 (the bias correction).
    """
    if not len(values):
        return values
    is_finite = np.isfinite(values)
    total = lfilter([1 - weight], [1, -weight], np.where(is_finite, values, 0.0))
    share = lfilter([1 - weight], [1, -weight], is_finite.astype(float))
    mean: Floats = total / np.where(share > 0, share, np.nan)
    return mean


def _shown(steps: int) -> npt.NDArray[np.int64]:
    """Choose which of so many steps are drawn: evenly spread, the first and the last among them."""
    if steps <= _POINTS:
        return np.arange(steps)
    return np.unique(np.linspace(0, steps - 1, _POINTS).round().astype(np.int64))


def _lines(
    quantity: Quantity, columns: Columns, *, run: str, smoothing: float, marks: bool
) -> list[Line]:
    steps = np.asarray(columns["step"], dtype=np.int64)
    values = np.asarray(columns[quantity.column], dtype=float)
    rows = _shown(len(steps))
    drawn = Line(
        quantity.label,
        steps[rows].tolist(),
        _rounded(smoothed(values, smoothing)[rows] if smoothing else values[rows]),
        quantity.colour,
        quantity.dash,
        markers=marks,
        in_legend=not run,
        hover="%{y:.4g}",
        note=f"{quantity.label}, {run}" if run else "",
    )
    if not smoothing or run:  # raw values of several runs hide each other
        return [drawn]
    raw = dataclasses.replace(drawn, y=_rounded(values[rows]), dash="solid", width=1, faint=True)
    return [dataclasses.replace(raw, in_legend=False), drawn]


def _rounded(values: Floats) -> list[float | None]:
    """Four digits are more than a screen shows, and less to send."""
    return [float(f"{value:.4g}") if np.isfinite(value) else None for value in values]
