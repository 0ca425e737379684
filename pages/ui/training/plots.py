"""A run's numbers: the last ones, and each against its steps, other runs beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import streamlit as st

from fastrcnn_core.palette import Role
from fastrcnn_core.runs import Columns, Run
from pages.ui.cache import run_files
from pages.ui.components import chart, swatches, term_pictures
from pages.ui.components.chart import Chart
from pages.ui.state.training import TrainingSelection
from pages.ui.training import curves
from pages.ui.training.curves import Quantity

_RECENT = 20  # steps of a mean; one step alone says little


@dataclass(frozen=True)
class _Plot:
    """A question, the quantities that answer it, and what the reader must know to read them."""

    key: str
    question: str
    quantities: tuple[Quantity, ...]
    caption: str
    top: float | None = None
    is_smoothed: bool = True


_PLOTS = (
    _Plot(
        "loss",
        "Does the loss fall?",
        curves.LOSSES,
        "How wrong the head is about what each RoI shows, and about where the box of a positive belongs.",
    ),
    _Plot(
        "accuracy",
        "Does the head get it right?",
        curves.ACCURACIES,
        "Most RoIs are negative: a head that always says “background” has nearly all of them right, and no positive.",
        top=1.05,
    ),
    _Plot(
        "counts",
        "How many of each did it look at?",
        curves.COUNTS,
        "RoIs of a step: positive (foreground, IoU with the ground truth high enough) and negative (background).",
    ),
    _Plot(
        "rate",
        "How large are its steps?",
        curves.RATE,
        "The learning rate: it rises in the warm-up, and drops towards the end.",
        is_smoothed=False,
    ),
)


def show(run: Run, compared: tuple[Run, ...], columns: Columns) -> None:
    """Show the latest numbers, four plots, and the figures on validation pictures."""
    _last_numbers(columns)
    runs = {run.name: columns} | {run.name: run_files.metrics(run) for run in compared}
    if compared:
        swatches.legend(
            Role(name, name, colour) for name, colour in zip(runs, curves.RUN_COLOURS, strict=False)
        )
    smoothing = TrainingSelection.current().smoothing
    for row in (_PLOTS[:2], _PLOTS[2:]):
        for place, plot in zip(st.columns(2, gap="large"), row, strict=True):
            with place:
                _show(plot, runs, smoothing if plot.is_smoothed else 0.0)
    st.slider(
        "Smoothing",
        *(0.0, 0.99, 0.9, 0.01),
        key=TrainingSelection.key("smoothing"),
        bind="query-params",
        width=320,
        help="How much of the steps before goes into each point of a line; the faint line is not smoothed.",
    )
    _quality((run, *compared))


def _show(plot: _Plot, runs: dict[str, Columns], smoothing: float) -> None:
    st.markdown(f"#### {plot.question}")
    figure = curves.over_steps(runs, plot.quantities, smoothing=smoothing, top=plot.top)
    _draw(figure, plot.key, plot.question, plot.caption)


def _draw(drawn: Chart, key: str, question: str, caption: str) -> None:
    chart.show(drawn, key=f"plot-{key}", alt=f"{question} {caption}", caption=caption)


def _last_numbers(columns: Columns) -> None:
    losses = ("loss", "classification_loss", "box_loss")
    places = st.columns(4)
    for place, name in zip(places, losses, strict=False):
        with place:
            _last_number(name.replace("_", " ").capitalize(), columns[name], delta_color="inverse")
    with places[3]:
        right = columns["foreground_accuracy"]
        _last_number("Positives (foreground) right", right, delta_color="normal")


def _last_number(
    label: str, column: list[float | None], *, delta_color: Literal["normal", "inverse"]
) -> None:
    values = np.asarray(column, dtype=float)
    recent, before = _mean(values[-_RECENT:]), _mean(values[-2 * _RECENT : -_RECENT])
    st.metric(
        label,
        "–" if recent is None else f"{recent:.3f}",
        None if before is None or recent is None else f"{recent - before:+.3f}",
        delta_color=delta_color,
        help=f"Mean of the last {_RECENT} steps, and the change against the {_RECENT} before.",
    )


def _mean(values: npt.NDArray[np.float64]) -> float | None:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else None


def _quality(runs: tuple[Run, ...]) -> None:
    found = {run.name: run_files.validation(run) for run in runs}
    found = {name: columns for name, columns in found.items() if len(columns)}
    question = "How good is it on pictures that it does not learn from?"
    st.markdown(f"#### {question}")
    term_pictures.explain("ap")
    if not found:
        st.caption(
            "No pictures were kept out for this. Begin a run with a *validation share* to see its average "
            "precision (AP) at each checkpoint, or judge it by the test split on the page *Detection*."
        )
        return
    figure = curves.over_steps(found, curves.QUALITY, smoothing=0.0, top=1.05, marks=True)
    caption = (
        "Average precision at each checkpoint. No detector finds whom no proposal covers: the proposals' recall is the "
        "ceiling."
    )
    _draw(figure, "quality", question, caption)
