"""Region proposals: filters of a search's boxes, quality measures, the store, and batches over a data set."""

from fastrcnn_core.proposals.batch import BatchReport, ProposalOutcome, propose_all
from fastrcnn_core.proposals.funnel import FilterStage, Funnel, funnel, propose
from fastrcnn_core.proposals.joblib_backends import JOBLIB_BACKENDS
from fastrcnn_core.proposals.quality import (
    best_overlap,
    mean_average_best_overlap,
    recall,
    recall_curve,
)
from fastrcnn_core.proposals.store import ProposalStore

__all__ = [
    "JOBLIB_BACKENDS",
    "BatchReport",
    "FilterStage",
    "Funnel",
    "ProposalOutcome",
    "ProposalStore",
    "best_overlap",
    "funnel",
    "mean_average_best_overlap",
    "propose",
    "propose_all",
    "recall",
    "recall_curve",
]
