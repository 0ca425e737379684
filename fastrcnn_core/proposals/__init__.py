"""From everything that Selective Search found to the few boxes that the detector looks at, and where they are kept."""

from fastrcnn_core.proposals.batch import BatchReport, Outcome, propose_all
from fastrcnn_core.proposals.funnel import Funnel, Stage, funnel, propose
from fastrcnn_core.proposals.joblib_backends import BACKENDS
from fastrcnn_core.proposals.quality import (
    best_overlap,
    mean_average_best_overlap,
    recall,
    recall_curve,
)
from fastrcnn_core.proposals.store import ProposalStore

__all__ = [
    "BACKENDS",
    "BatchReport",
    "Funnel",
    "Outcome",
    "ProposalStore",
    "Stage",
    "best_overlap",
    "funnel",
    "mean_average_best_overlap",
    "propose",
    "propose_all",
    "recall",
    "recall_curve",
]
