"""The Dataset page: annotations of one picture, gallery, and statistics."""

from functools import partial

import streamlit as st

from fastrcnn_core.datasets import split_by_name
from pages.ui.components import source
from pages.ui.dataset import annotations, gallery, statistics
from pages.ui.shell import add_data, header, inputs

picture = inputs.picture()
data = picture.dataset
header.show(
    "Who is in the pictures, and which of them are for training?",
    statistics.summary(data) if data else "A picture of your own: every page works on it.",
)
annotations.show(picture)

if data:
    for note in data.notes:
        st.caption(f":material/info: {note}")
    st.header("Which picture next?", anchor=False)
    gallery.show(data, current=picture.name)
    st.header("How many are they, how tall, how thin?", anchor=False)
    statistics.show(data)
    st.download_button(
        "Annotations as COCO JSON",
        data=partial(annotations.coco_json, data),
        file_name=f"{data.title}.json",
        mime="application/json",
        icon=":material/download:",
        on_click="ignore",
    )

add_data.penn_fudan(place="page")
source.show(split_by_name)
header.link("proposals", "Next: which boxes are worth looking at?")
