"""The Overview page: the pipeline from pixels to detections on the selected picture."""

from pages.ui.components import source
from pages.ui.overview import pipeline, status_line
from pages.ui.shell import header, inputs

header.show(
    "What happens to this picture, from pixels to detections?",
    "Fast R-CNN takes boxes from Selective Search, looks at the picture once, and asks of each box: who is in it, and "
    "where exactly? Anchors are not used here; they belong to its successor, Faster R-CNN.",
)
picture = inputs.picture()
detector = inputs.detector_or_none()
status_line.show(picture, detector)
pipeline.show(picture, detector)
source.show_later("fastrcnn_core.detection", "predict", "select")
