"""Why does the package find so little? Its own histograms of this picture, ours beside them."""

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
    """Four faults, each with the chart or the numbers that show it."""
    st.subheader("Why does the package find so little?", anchor=False)
    it = searches.compare_with_package(view.image)
    hue, saturation = st.columns(2, gap="large")
    with hue:
        _compare("Does it see hues?", it.package.colour[0], it.engine.colour[0], key="fault-hue")
        st.caption(
            _BINS.format(
                what="hue", used=_used(it.package.colour[0]), ours=_used(it.engine.colour[0])
            )
        )
    with saturation:
        _compare(
            "Does it see how strong colours are?",
            it.package.colour[1],
            it.engine.colour[1],
            key="fault-saturation",
        )
        used, ours = _used(it.package.colour[1]), _used(it.engine.colour[1])
        st.caption(_BINS.format(what="saturation", used=used, ours=ours))
    texture, similarity = st.columns(2, gap="large")
    with texture:
        _compare("Does it see textures?", it.package.texture.mean(axis=0), it.engine.texture.mean(axis=0),
                 key="fault-texture")  # fmt: skip
        st.caption(
            f"Its texture codes run from 0 to 255 and are binned over 0 to 1: **{1 - it.package.counted:.0%} of the "
            "pixels fall into no bin** at all. Ours are gradients in 8 orientations; every pixel counts in each."
        )
    with similarity:
        _similarity(it.package.similarity, it.engine.similarity)
    missed = it.adjacent - it.assumed_correctly
    st.markdown(
        f"**Does it know its neighbours?** Of {it.adjacent:,} pairs of segments that touch, it compares "
        f"{it.assumed_correctly:,} and misses {missed:,}; of the {it.assumed:,} pairs that it takes for neighbours, "
        f"{it.assumed - it.assumed_correctly:,} do not touch. It guesses from the corners of boxes; ours looks at "
        "pixels.\n\n"
        "**Are its boxes right?** A region in columns 10 to 19 is ten pixels wide; its rectangle says nine. "
        "**Which come first?** Nothing is ranked: regions come as they were made."
    )


def _compare(question: str, package: FloatArray, ours: FloatArray, *, key: str) -> None:
    """Two histograms over the same bins."""
    bins = list(range(1, len(package) + 1))
    used = f"package {_used(package)}, ours {_used(ours)} of {len(bins)} bins used"
    drawn = _chart(bins, package, ours, x=Axis("Bin"), y="Share of the pixels")
    chart.show(drawn, key=key, question=question, alt=f"{question} {used}")


def _similarity(package: FloatArray, ours: FloatArray) -> None:
    """How alike neighbours look to each engine."""
    if not len(package):
        st.caption("This picture is one segment: there are no neighbours to compare.")
        return
    middles = (_EDGES[:-1] + _EDGES[1:]) / 2
    shares = [(np.histogram(it, _EDGES)[0] / len(it)).astype(np.float32) for it in (package, ours)]
    x = Axis("Colour similarity of two neighbours", range=(0, 1))
    question = "Can it tell neighbours apart by colour?"
    lowest = f"The least alike neighbours share {package.min():.0%} of their colours"
    chart.show(
        _chart(middles, *shares, x=x, y="Share of the pairs"),
        key="fault-similarity",
        question=question,
        alt=f"{question} {lowest}",
        caption=f"{lowest} for the package, whatever they look like: hue and saturation, two of three channels, are "
        f"always equal. For ours it is {ours.min():.0%}.",
    )


def _chart(places: object, package: FloatArray, ours: FloatArray, *, x: Axis, y: str) -> Chart:
    bars = (
        Bars("Package", places, package, palette.VERMILION, "/", hover="%{y:.1%}"),
        Bars("Ours", places, ours, palette.BLUE, hover="%{y:.1%}"),
    )
    return Chart(bars, x, Axis(y, format=".0%"), height=220, side_by_side=True)


def _used(histogram: FloatArray) -> int:
    """How many bins hold anything that matters: a thousandth of the pixels."""
    return int((histogram > 0.001).sum())


_BINS = "The package's {what} runs from 0 to 1 and is binned over 0 to 255: **{used} of 25 bins** in use. Ours: {ours}."
