"""Faults of the selectivesearch package: its histograms of this picture beside this project's."""

from __future__ import annotations

import numpy as np
import streamlit as st

from fastrcnn_core import palette
from fastrcnn_core.structures import FloatArray
from pages.ui.cache import searches
from pages.ui.components import chart
from pages.ui.components.chart import Axis, Bars, Chart
from pages.ui.proposals.view import View

_EDGES = np.linspace(0, 1, 21)


def show(view: View) -> None:
    """Show four faults, each with the chart or the numbers that show it."""
    st.subheader("Why does the package find so little?", anchor=False)
    compared = searches.compare_with_package(view.image)
    hue, saturation = st.columns(2, gap="large")
    with hue:
        _compare(
            "Does it see hues?",
            compared.package.colour[0],
            compared.engine.colour[0],
            key="fault-hue",
        )
        st.caption(
            _BINS.format(
                what="hue",
                used=_used(compared.package.colour[0]),
                engine=_used(compared.engine.colour[0]),
            )
        )
    with saturation:
        _compare(
            "Does it see how strong colours are?",
            compared.package.colour[1],
            compared.engine.colour[1],
            key="fault-saturation",
        )
        used, engine = _used(compared.package.colour[1]), _used(compared.engine.colour[1])
        st.caption(_BINS.format(what="saturation", used=used, engine=engine))
    texture, similarity = st.columns(2, gap="large")
    with texture:
        _compare("Does it see textures?", compared.package.texture.mean(axis=0), compared.engine.texture.mean(axis=0),
                 key="fault-texture")  # fmt: skip
        st.caption(
            f"Its texture codes run from 0 to 255 and are binned over 0 to 1: **{1 - compared.package.counted:.0%} of "
            "the pixels fall into no bin** at all. This project's are gradients in 8 orientations; every pixel counts "
            "in each."
        )
    with similarity:
        _similarity(compared.package.similarity, compared.engine.similarity)
    missed = compared.adjacent - compared.assumed_correctly
    st.markdown(
        f"**Does it know its neighbours?** Of {compared.adjacent:,} pairs of segments that touch, it compares "
        f"{compared.assumed_correctly:,} and misses {missed:,}; of the {compared.assumed:,} pairs that it takes for "
        f"neighbours, {compared.assumed - compared.assumed_correctly:,} do not touch. It guesses from the corners of "
        "boxes; this project looks at pixels.\n\n"
        "**Are its boxes right?** A region in columns 10 to 19 is ten pixels wide; its rectangle says nine. "
        "**Which come first?** Nothing is ranked: regions come as they were made."
    )


def _compare(question: str, package: FloatArray, engine: FloatArray, *, key: str) -> None:
    """Chart two histograms over the same bins."""
    bins = list(range(1, len(package) + 1))
    used = f"package {_used(package)}, this project {_used(engine)} of {len(bins)} bins used"
    drawn = _chart(bins, package, engine, x=Axis("Bin"), y="Share of the pixels")
    chart.show(drawn, key=key, question=question, alt=f"{question} {used}")


def _similarity(package: FloatArray, engine: FloatArray) -> None:
    """Chart how similar neighbouring regions look to each implementation."""
    if not len(package):
        st.caption("This picture is one segment: there are no neighbours to compare.")
        return
    middles = (_EDGES[:-1] + _EDGES[1:]) / 2
    shares = [
        (np.histogram(values, _EDGES)[0] / len(values)).astype(np.float32)
        for values in (package, engine)
    ]
    x = Axis("Colour similarity of two neighbours", range=(0, 1))
    question = "Can it tell neighbours apart by colour?"
    lowest = f"The least alike neighbours share {package.min():.0%} of their colours"
    chart.show(
        _chart(middles, *shares, x=x, y="Share of the pairs"),
        key="fault-similarity",
        question=question,
        alt=f"{question} {lowest}",
        caption=f"{lowest} for the package, whatever they look like: hue and saturation, two of three channels, are "
        f"always equal. For this project it is {engine.min():.0%}.",
    )


def _chart(places: object, package: FloatArray, engine: FloatArray, *, x: Axis, y: str) -> Chart:
    bars = (
        Bars("Package", places, package, palette.VERMILION, "/", hover="%{y:.1%}"),
        Bars("This project", places, engine, palette.BLUE, hover="%{y:.1%}"),
    )
    return Chart(bars, x, Axis(y, format=".0%"), height=220, side_by_side=True)


def _used(histogram: FloatArray) -> int:
    """Count the bins that hold at least a thousandth of the pixels."""
    return int((histogram > 0.001).sum())


_BINS = (
    "The package's {what} runs from 0 to 1 and is binned over 0 to 255: **{used} of 25 bins** in use. "
    "This project: {engine}."
)
