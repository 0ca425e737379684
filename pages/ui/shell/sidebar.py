"""The side bar: *Picture* and *Detector*, the same on every page, so that a selection lives across pages."""

from __future__ import annotations

import streamlit as st

from fastrcnn_core.errors import UserError
from pages.ui.cache import datasets
from pages.ui.components import pickers
from pages.ui.components.wording import plain
from pages.ui.shell import add_data, device_picker
from pages.ui.state import detectors, link, projector, runs, selected_picture, sources

# Above this many names, the list shows only those around the current one and those that match the search.
_LIST_LIMIT = 2000


def show() -> None:
    """Show both blocks, adopt the link and write it. Called by `app.py` alone, before the page."""
    runs.list_again()
    datasets.look_again()
    link.follow_link()
    with st.sidebar:
        name = _picture_block()
        _detector_block()
        st.space("small")
        st.toggle(
            "Projector",
            key=projector.KEY,
            bind="query-params",
            help="Bigger type and thicker lines, for the last row of the class room.",
        )
    link.write_link(picture=name)


def _picture_block() -> str | None:
    """Show pickers of data and picture; return the picture's name, None if the data cannot be opened."""
    st.subheader("Picture", anchor=False)
    _data_picker()
    name = None
    try:
        name = _name_picker()
    except UserError as error:
        st.caption(f":material/error: {plain(error.problem)}")
    with st.popover("Add pictures", icon=":material/add_photo_alternate:", width="stretch"):
        add_data.upload()
        add_data.penn_fudan(place="sidebar")
        add_data.folder()
    return name


def _data_picker() -> None:
    labels = {source.token: source.label for source in sources.offered_sources()}
    chosen = sources.chosen_source().token
    # Kept, so that a new default, such as a finished download, does not change the picture.
    sources.choose_source(chosen)
    pickers.synced(
        st.selectbox,
        "Data",
        list(labels),
        format_func=labels.__getitem__,
        key="pick-data",
        value=chosen,
        on_choose=sources.choose_source,
        help="The environment variable FASTRCNN_DATA puts a folder of yours at the top of this list.",
    )


def _name_picker() -> str | None:
    names = selected_picture.offered_names()
    if not names:
        return None
    chosen = selected_picture.chosen_name()
    name = chosen if chosen in names else names[0]
    listed = _listed(names, name)
    pickers.synced(
        st.selectbox,
        "Picture",
        listed,
        format_func=selected_picture.title,
        key="pick-picture",
        value=name,
        on_choose=selected_picture.choose_name,
        label_visibility="collapsed",
        help="Type to search by name.",
    )
    _neighbours(names, name)
    return name


def _listed(names: tuple[str, ...], name: str) -> list[str]:
    """List the names to pick from: all, or for a very large data set those near or searched for."""
    if len(names) <= _LIST_LIMIT:
        return list(names)
    wanted = st.text_input("Search by name", key="search-names", type="search")
    if wanted:
        found = [each for each in names if wanted.lower() in each.lower()][:_LIST_LIMIT]
        return [name, *(each for each in found if each != name)]
    start = max(0, names.index(name) - _LIST_LIMIT // 2)
    return list(names[start : start + _LIST_LIMIT])


def _neighbours(names: tuple[str, ...], name: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for label, icon, step, shortcut in (
            ("Previous", ":material/chevron_left:", -1, "P"),
            ("Next", ":material/chevron_right:", 1, "N"),
        ):
            st.button(
                label,
                key=f"{label.lower()}-picture",
                icon=icon,
                shortcut=shortcut,
                on_click=selected_picture.choose_neighbour,
                args=(names, name, step),
                disabled=len(names) == 1,
            )
    st.caption(_place(names, name))


def _place(names: tuple[str, ...], name: str) -> str:
    """Write the picture's place among all, and its part of the split."""
    place = f"{names.index(name) + 1} of {len(names)}"
    source = sources.chosen_source()
    if source.token == sources.UPLOADS:
        return place
    part = datasets.opened(source.setting).split.part_of(name)
    return f"{place}, {'training' if part == 'train' else 'test'} split"


def _detector_block() -> None:
    st.subheader("Detector", anchor=False)
    labels = {each.token: each.label for each in detectors.offered_detectors()}
    if labels:
        pickers.synced(
            st.selectbox,
            "Checkpoint",
            list(labels),
            format_func=labels.__getitem__,
            key="pick-detector",
            value=detectors.chosen_detector().token,
            on_choose=detectors.choose_detector,
            help="What came with the app, and the newest checkpoint of each run.",
        )
    else:
        st.caption("No trained detector here yet: train one on the page Training.")
    device_picker.show()
