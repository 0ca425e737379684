"""Which boxes survive the confidence threshold and NMS?"""

import streamlit as st

from fastrcnn_core.detection import select
from fastrcnn_core.errors import DeviceError
from fastrcnn_core.nms import greedy_nms
from pages.ui import errors, header, resources, source, widgets
from pages.ui.detection import controls, panels, split, story, threshold
from pages.ui.detection.view import view

header.show(
    "Which boxes survive?",
    "The network gave every proposal a confidence and a corrected box. Two numbers decide what you see of it.",
)
picture, detector = widgets.picture(), widgets.detector()
trained = resources.trained_with(detector)
left, right = st.columns([3, 2], gap="large")
with right:
    config, drawn = controls.show(trained.detection, annotated=bool(picture.annotated))
looks = config.slow_half
with left:
    try:
        predictions = resources.predictions(picture.image, detector, trained.proposals, looks)
    except DeviceError as error:
        errors.show(error, *controls.ways_out(error, config))
        st.stop()
job = resources.split_judging(picture.dataset, detector, "test", looks) if picture.dataset else None
name = f"Test split ({len(job.names)} pictures)" if job else ""
seen = view(picture.image, picture.annotated, predictions, config)
chosen, ranking = story.asked(seen), threshold.ranking_of(job, seen)
with left:
    panels.picture(seen, chosen, drawn)
with right:
    threshold.best(ranking, split=name)
    panels.numbers(seen, ranking, split=name)
    if job and job.names:
        split.show(job, config, part="test")
    panels.downloads(seen, picture.dataset)

story.show(seen, chosen)
threshold.show(seen, ranking, split=name)
source.show(select, greedy_nms)
