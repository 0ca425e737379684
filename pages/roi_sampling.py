"""The RoI sampling page: which proposals become positives, which negatives, and which are ignored."""

import streamlit as st

from fastrcnn_core.roi_sampling import assign, sample_rois
from pages.ui.cache import searches
from pages.ui.components import source
from pages.ui.roi_sampling import controls, no_annotations, panels, roi_details, selection
from pages.ui.roi_sampling.view import view
from pages.ui.shell import header, inputs
from pages.ui.state import detectors
from pages.ui.state.roi_sampling import RoISamplingSelection

header.show(
    "Which proposals become positives, and which are ignored?",
    "A training step does not look at every proposal. It compares each with the ground truth, calls it positive "
    "(foreground), negative (background) or ignored, and draws a few of the first two.",
)
picture = inputs.picture()
if picture.annotated is None:
    no_annotations.show(picture)
    st.stop()
trained = detectors.chosen_config()
proposals = searches.proposals(picture.image, trained.proposals)

left, right = st.columns([2, 1], gap="medium")
with right:
    beside = st.container()
    seed = controls.seed()
    controls.shown()
    config = controls.knobs(trained.sampling)
drawn = view(picture.annotated, proposals, config, delta_std=trained.model.delta_std, seed=seed)
chosen = selection.chosen(drawn)
with left:
    panels.picture(drawn, chosen, RoISamplingSelection.current())
    panels.kept_out(picture.part)
with beside:
    roi_details.reason(drawn, chosen)
roi_details.show(drawn, chosen)
panels.counts(drawn)
panels.kinds(drawn)
panels.crops(drawn)
panels.questions(drawn, trained.proposals)
source.show(assign, sample_rois)
