"""What happens to this picture, from pixels to detections?"""

from fastrcnn_core.config import DetectionConfig
from fastrcnn_core.proposals import propose
from pages.ui import figures, header, palette, source, widgets

header.show("What happens to this picture, from pixels to detections?")
picture = widgets.picture()
if picture.annotated:
    drawing = figures.draw(
        picture.image, figures.Layer(palette.GROUND_TRUTH, picture.annotated.boxes)
    )
    figures.show(drawing, key="picture", caption="Who is there?")
widgets.knobs(DetectionConfig)
source.show(propose)
