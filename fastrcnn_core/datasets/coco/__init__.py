"""Any folder of pictures with one annotation file in COCO's format, with any number of classes.

Source: https://cocodataset.org/#format-data, object detection.
"""

from fastrcnn_core.datasets.coco.finding import find_coco
from fastrcnn_core.datasets.coco.opening import open_coco

__all__ = ["find_coco", "open_coco"]
