"""Detection in two halves: `predict` runs the network, once a picture; `select` only compares numbers."""

from fastrcnn_core.detection.predicting import inferring, predict, predict_rois
from fastrcnn_core.detection.selecting import select

__all__ = ["inferring", "predict", "predict_rois", "select"]
