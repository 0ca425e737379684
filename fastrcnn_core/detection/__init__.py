"""Detection: `predict` runs the network, `select` post-processes, `match_detections` compares with ground truth."""

from fastrcnn_core.detection.predicting import inference, predict, predict_rois
from fastrcnn_core.detection.selecting import select

__all__ = ["inference", "predict", "predict_rois", "select"]
