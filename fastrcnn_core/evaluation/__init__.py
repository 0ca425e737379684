"""How good is the detector? COCO's average precision over a split, and hits and misses on one picture."""

from fastrcnn_core.evaluation.average_precision import (
    ClassResult,
    Evaluation,
    Scores,
    evaluate,
    proposal_recall,
)
from fastrcnn_core.evaluation.coco_format import coco_results
from fastrcnn_core.evaluation.finding import find_all
from fastrcnn_core.evaluation.hits import HitsAndMisses, hits_and_misses, total

__all__ = [
    "ClassResult",
    "Evaluation",
    "HitsAndMisses",
    "Scores",
    "coco_results",
    "evaluate",
    "find_all",
    "hits_and_misses",
    "proposal_recall",
    "total",
]
