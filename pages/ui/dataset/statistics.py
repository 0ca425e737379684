"""Histograms of a data set: people a picture, their heights, and their aspect ratios."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from fastrcnn_core import palette
from fastrcnn_core.datasets.dataset import Annotation, Dataset
from pages.ui.cache import datasets
from pages.ui.components import chart, nouns
from pages.ui.components.chart import Axis, Bars, Chart, Guide
from pages.ui.dataset.annotations import NOTEBOOK_ASPECT

Values = npt.NDArray[np.float64]
_PARTS = {"train": ("Training", palette.BLUE, ""), "test": ("Test", palette.ORANGE, "/")}


def show(data: Dataset) -> None:
    """Show three histograms of the training and the test split, with a progress bar while counting."""
    place = st.empty()
    annotations = datasets.all_annotations(data, progress=_progress(place))
    place.empty()
    parts = {
        part: [
            annotation for annotation in annotations if data.split.part_of(annotation.name) == part
        ]
        for part in _PARTS
    }
    first, second, third = st.columns(3, gap="medium")
    with first:
        _counts(parts, nouns.plural(data.classes))
    with second:
        _heights(parts)
    with third:
        _aspects(parts)


def summary(data: Dataset) -> str:
    """Describe the data set in one sentence, from its names alone."""
    split = data.split
    classes = ", ".join(data.classes)
    return (
        f"**{data.title}**: {len(data)} pictures, {len(split.train)} for training and {len(split.test)} for the test, "
        f"{data.split_reason}. Annotated classes: {classes}."
    )


def _progress(place: Any) -> Callable[[int, int], None]:
    def report(done: int, total: int) -> None:
        if done % max(1, total // 50) == 0:
            place.progress(done / total, f"Looking at every picture: {done} of {total}")

    return report


def _counts(parts: dict[str, list[Annotation]], called: str) -> None:
    values = {
        part: np.array([len(counts.boxes) for counts in listed], float)
        for part, listed in parts.items()
    }
    most = max((int(counts.max()) for counts in values.values() if len(counts)), default=0)
    together = sum(int(counts.sum()) for counts in values.values())
    _histogram(
        values,
        start=-0.5,
        end=most + 0.5,
        size=1,
        x=f"{called} on a picture",
        key="people-a-picture",
        caption=f"How many {called} are on a picture? {together:,} in all.",
    )


def _heights(parts: dict[str, list[Annotation]]) -> None:
    values = {part: _sizes(annotations)[:, 1] for part, annotations in parts.items()}
    sizes = np.concatenate(list(values.values()))
    middle = f"{np.median(sizes):.0f} px in the middle" if len(sizes) else "no annotations"
    _histogram(
        values,
        start=0,
        end=max([1.0, *sizes.tolist()]),
        size=20,
        x="height in pixels",
        key="heights",
        caption=f"How tall are they? {middle}.",
    )


def _aspects(parts: dict[str, list[Annotation]]) -> None:
    sizes = {part: _sizes(annotations) for part, annotations in parts.items()}
    values = {part: boxes.max(axis=1) / boxes.min(axis=1) for part, boxes in sizes.items()}
    aspects = np.concatenate(list(values.values()))
    _histogram(
        values,
        start=1,
        end=max([4.5, *aspects.tolist()]) + 0.25,
        size=0.25,
        x="longer side : shorter side",
        key="aspects",
        caption=f"How thin are they? {int((aspects > NOTEBOOK_ASPECT).sum()):,} of {len(aspects):,} are beyond the "
        "line at 4 : 1, where the filter of the original Fast R-CNN notebook drops every proposal, even a perfect one.",
        line=NOTEBOOK_ASPECT,
    )


def _sizes(annotations: Sequence[Annotation]) -> Values:
    """Return width and height of each annotation: (N, 2)."""
    boxes = [annotation.boxes for annotation in annotations] or [np.zeros((0, 4), np.float32)]
    together = np.concatenate(boxes).astype(float)
    return together[:, 2:] - together[:, :2]


def _histogram(
    values: dict[str, Values],
    *,
    start: float,
    end: float,
    size: float,
    x: str,
    key: str,
    caption: str,
    line: float | None = None,
) -> None:
    edges = np.arange(start, end + size, size)
    bars = tuple(
        Bars(
            _PARTS[part][0],
            (edges[:-1] + edges[1:]) / 2,
            np.histogram(sizes, edges)[0],
            *_PARTS[part][1:],
            hover=f"%{{y}} at %{{x}} {x}",
        )
        for part, sizes in values.items()
    )
    guides = () if line is None else (Guide(line, colour=palette.VERMILION, dash="dash"),)
    histogram = Chart(bars, Axis(x), Axis("count"), guides=guides)
    chart.show(histogram, key=key, alt=caption, caption=caption)
