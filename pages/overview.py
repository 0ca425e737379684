"""What happens to this picture, from pixels to detections?"""

from pages.ui import header, in_use, pipeline, source, widgets

header.show(
    "What happens to this picture, from pixels to detections?",
    "Fast R-CNN takes boxes from Selective Search, looks at the picture once, and asks of each box: who is in it, and "
    "where exactly? Anchors are not used here; they belong to its successor, Faster R-CNN.",
)
picture = widgets.picture()
detector = widgets.detector_or_none()
in_use.show(picture, detector)
pipeline.show(picture, detector)
source.show_later("fastrcnn_core.detection", "predict", "select")
