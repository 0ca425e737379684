"""Evaluation of detectors: COCO's average precision over a split, precision and recall at every score threshold."""

from fastrcnn_core.evaluation.average_precision import (
    ClassResult,
    Evaluation,
    Scores,
    evaluate_detections,
    proposal_recall,
)
from fastrcnn_core.evaluation.coco_format import coco_results
from fastrcnn_core.evaluation.inference import (
    evaluate,
    remap_classes,
    run_inference,
    split_names,
)
from fastrcnn_core.evaluation.precision_recall import (
    Counts,
    PrecisionRecallCurve,
    precision_recall_curve,
)

__all__ = [
    "ClassResult",
    "Counts",
    "Evaluation",
    "PrecisionRecallCurve",
    "Scores",
    "coco_results",
    "evaluate",
    "evaluate_detections",
    "precision_recall_curve",
    "proposal_recall",
    "remap_classes",
    "run_inference",
    "split_names",
]
