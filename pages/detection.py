"""The Detection page: which boxes survive the confidence threshold and NMS."""

import streamlit as st

from fastrcnn_core.detection import select
from fastrcnn_core.errors import DeviceError
from fastrcnn_core.nms import greedy_nms
from pages.ui.cache import networks
from pages.ui.components import source
from pages.ui.components.detection_view import detection_view
from pages.ui.detection import box_details, controls, panels, selection, split, threshold
from pages.ui.jobs.split_evaluation import split_evaluation_job
from pages.ui.shell import errors, header, inputs
from pages.ui.state import devices
from pages.ui.state.detection import DetectionSelection

header.show(
    "Which boxes survive?",
    "The network gave every proposal a confidence and a corrected box. Two numbers decide what you see of it.",
)
picture, detector = inputs.picture(), inputs.detector()
trained = networks.trained_config(detector)
left, right = st.columns([2, 1], gap="medium")
with right:
    config = controls.show(trained.detection, annotated=bool(picture.annotated))
prediction_config = config.prediction
with left:
    try:
        predictions = networks.predictions(
            picture.image,
            detector,
            trained.proposals,
            prediction_config,
            device=devices.chosen_device(),
        )
    except DeviceError as error:
        errors.show(error, *controls.ways_out(error, config))
        st.stop()
job = (
    split_evaluation_job(
        picture.dataset, detector, "test", prediction_config, device=devices.chosen_device()
    )
    if picture.dataset
    else None
)
name = f"Test split ({len(job.names)} pictures)" if job else ""
view = detection_view(picture.image, picture.annotated, predictions, config)
chosen, curve = selection.chosen(view), threshold.split_curve(job, view)
with left:
    panels.picture(view, chosen, DetectionSelection.current())
with right:
    threshold.best(curve, split=name)
    panels.numbers(view, curve, split=name)
    if job and job.names:
        split.show(job, config, part="test")
    panels.downloads(view, picture.dataset)

box_details.show(view, chosen)
threshold.show(view, curve, split=name)
source.show(select, greedy_nms)
