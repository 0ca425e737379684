"""Gallery of a data set's thumbnails, with a filter; a click selects a picture."""

from __future__ import annotations

import streamlit as st

from fastrcnn_core import palette
from fastrcnn_core.datasets.dataset import Dataset
from fastrcnn_core.errors import UserError
from pages.ui.cache import datasets, renderings
from pages.ui.components.wording import plain
from pages.ui.state import selected_picture, widget_state
from pages.ui.state.dataset import FILTERS, DatasetSelection, follow_former_link

PER_PAGE = 12

# The name below a thumbnail is a button that covers the picture, too.
_STYLE = """<style>
[class*="st-key-thumbnail-"] { position: relative; }
[class*="st-key-thumbnail-"] :is(.stElementContainer, .stButton, button) { position: static; }
[class*="st-key-thumbnail-"] button::after { content: ""; position: absolute; inset: 0; }
[class*="st-key-thumbnail-"] img { border-radius: 0.4rem; aspect-ratio: 6 / 5; object-fit: cover; width: 100%; }
[class*="st-key-thumbnail-"]:hover img { filter: brightness(1.08); }
[class*="st-key-thumbnail-"]:has(button [data-testid="stIconMaterial"]) img {
  outline: 4px solid #0072B2; outline-offset: 2px; }
[class*="st-key-thumbnail-"]:focus-within img { outline: 3px solid #56B4E9; }
</style>"""


def show(data: Dataset, *, current: str) -> None:
    """Show the gallery below its filter; a click selects a picture on every page."""
    follow_former_link()
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        wanted = st.segmented_control(
            "Which pictures?",
            FILTERS,
            default="All",
            required=True,
            key=DatasetSelection.key("filter"),
            bind="query-params",
            label_visibility="collapsed",
        )
        names = _matching(data, wanted)
        pages = max(1, -(-len(names) // PER_PAGE))
        page = _page(f"wall-{data.setting}-{wanted}", names, pages, current) if pages > 1 else 1
    if not names:
        st.markdown(f"No picture of {data.title} is like that.")
    st.html(_STYLE)
    with st.grid("auto", min_column_width=170, gap="medium"):
        for name in names[(page - 1) * PER_PAGE : page * PER_PAGE]:
            _thumbnail(data, name, is_current=name == current)


def _page(key: str, names: tuple[str, ...], pages: int, current: str) -> int:
    """Return the gallery's page, from 1; another picture or filter turns it to the selected picture."""
    turned = (key, current)
    if DatasetSelection.current().turned_to != turned or widget_state.value(key) is None:
        DatasetSelection.select(turned_to=turned)
        if current in names:
            widget_state.put(key, names.index(current) // PER_PAGE + 1)
    return st.pagination(pages, key=key)


def _matching(data: Dataset, wanted: str) -> tuple[str, ...]:
    """Return the names that pass the filter, in the data set's order."""
    if wanted == "All":
        return data.names
    if wanted == "Without annotations":
        with st.spinner("Looking at every picture…"):
            return tuple(
                found.name for found in datasets.all_annotations(data) if not len(found.boxes)
            )
    part = set(data.split.train if wanted == "Training" else data.split.test)
    return tuple(name for name in data.names if name in part)


def _thumbnail(data: Dataset, name: str, *, is_current: bool) -> None:
    with st.container(key=f"thumbnail-{name}", gap="xxsmall"):
        try:
            st.image(
                renderings.thumbnail(data, name, colour=palette.GREEN),
                width="stretch",
                alt=f"The picture {name}",
            )
        except UserError as error:
            st.caption(f":material/broken_image: {plain(error.problem)}")
        st.button(
            f"**{name}**, chosen" if is_current else name,
            key=f"choose-{name}",
            type="tertiary",
            icon=":material/check:" if is_current else None,
            on_click=selected_picture.choose_name,
            args=(name,),
        )
