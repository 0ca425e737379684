"""Charts of the RoI sampling page: the share of each kind, and all candidates by their IoU."""

from __future__ import annotations

import numpy as np

from fastrcnn_core.config import SamplingConfig
from fastrcnn_core.structures import FloatArray, IntArray
from pages.ui.components.chart import Axis, Bars, Chart, Guide
from pages.ui.roi_sampling import words
from pages.ui.roi_sampling.pictures import ROLES
from pages.ui.roi_sampling.view import Kind, SamplingView

_BINS = 20
_HATCHES: dict[Kind, str] = {"foreground": "", "background": "/", "ignored": "."}


def shares(view: SamplingView) -> Chart:
    """Chart the share of each kind among the candidates and among the drawn RoIs: two bars of 100 %."""
    counts = {kind: (len(view.rows(kind, drawn=True)), len(view.rows(kind))) for kind in ROLES}
    totals = np.maximum(np.sum(list(counts.values()), axis=0), 1)
    bars = tuple(
        Bars(
            words.NAMES[kind].capitalize(),
            100 * np.asarray(count) / totals,
            ["drawn", "candidates"],
            ROLES[kind].colour,
            _HATCHES[kind],
            horizontal=True,
            texts=[f"{number:,}" if number else "" for number in count],
            counts=count,
            hover="%{customdata:,} of the %{y}, %{x:.1f} %",
        )
        for kind, count in counts.items()
    )
    return Chart(bars, Axis(range=(0, 100), suffix=" %"), Axis(words=True), height=190)


def histogram(view: SamplingView) -> Chart:
    """Chart how many candidates have each IoU with their match, by kind; the count grows in powers of ten."""
    edges = np.linspace(0, 1, _BINS + 1)

    def count(iou: FloatArray) -> IntArray:
        # A candidate right at an edge belongs to the bar above it, as thresholds are "from"; at 1 there is none above.
        return np.histogram(np.minimum(np.nextafter(iou, np.float32(2)), 1), edges)[0]

    bars = tuple(
        Bars(
            words.NAMES[kind].capitalize(),
            (edges[:-1] + edges[1:]) / 2,
            count(view.iou[view.rows(kind)]),
            ROLES[kind].colour,
            _HATCHES[kind],
            hover="%{y:,} candidates at IoU %{x:.3f} ± 0.025",
        )
        for kind in ROLES
    )
    x, y = Axis("IoU with the match", range=(0, 1)), Axis("candidates", log=True)
    return Chart(bars, x, y, guides=_thresholds(view.config))


def _thresholds(config: SamplingConfig) -> tuple[Guide, ...]:
    bounds = {config.background_iou_low, config.background_iou_high, config.foreground_iou}
    return tuple(Guide(bound) for bound in sorted(bounds) if bound > 0)
