"""Precision, recall and F1 at every score threshold at once, so that moving the threshold costs nothing.

Whether a detection is a true positive depends only on detections with higher scores: they took its object, or
suppressed it. So detections are matched once, with a low threshold; a higher one keeps a prefix of the ranking.

Shape letters: D detections of one image or of many.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from fastrcnn_core.detection.matching import MatchedDetections
from fastrcnn_core.structures import BoolArray, Detections, FloatArray


@dataclass(frozen=True)
class Counts:
    """Counts of true positives, false positives and false negatives.

    Args:
        hits: true positives. duplicates, background: the two kinds of false positives, as `MatchedDetections` has them.
        ground_truth: number of objects to find.
    """

    hits: int
    duplicates: int
    background: int
    ground_truth: int

    @property
    def false_positives(self) -> int:
        return self.duplicates + self.background

    @property
    def detections(self) -> int:
        return self.hits + self.false_positives

    @property
    def missed(self) -> int:
        """Number of false negatives."""
        return self.ground_truth - self.hits

    @property
    def precision(self) -> float | None:
        """Share of the detections that are true positives; None without detections."""
        return self.hits / self.detections if self.detections else None

    @property
    def recall(self) -> float | None:
        """Share of the ground truth that was found; None without ground truth."""
        return self.hits / self.ground_truth if self.ground_truth else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None without both detections and ground truth."""
        both = self.detections + self.ground_truth
        return 2 * self.hits / both if both else None


@dataclass(frozen=True, eq=False)
class PrecisionRecallCurve:
    """Matched detections, best score first, with precision and recall after each.

    Args:
        scores: (D,) float32, falling.
        is_hit, is_duplicate: (D,) bool; a detection that is neither is a false positive on background.
        ground_truth: number of objects to find.
    """

    scores: FloatArray
    is_hit: BoolArray
    is_duplicate: BoolArray
    ground_truth: int

    def at(self, score_threshold: float) -> Counts:
        """Count the detections with at least this score."""
        # Compared in the scores' own precision, as `select` does.
        count = int((self.scores >= np.float32(score_threshold)).sum())
        hits, duplicates = int(self.is_hit[:count].sum()), int(self.is_duplicate[:count].sum())
        return Counts(hits, duplicates, count - hits - duplicates, self.ground_truth)

    @cached_property
    def precision(self) -> FloatArray:
        """(D,) precision of each detection and all better ones."""
        return (self._hits / np.arange(1, len(self.scores) + 1)).astype(np.float32)

    @cached_property
    def recall(self) -> FloatArray:
        """(D,) recall of each detection and all better ones; 0 without ground truth."""
        return (self._hits / max(self.ground_truth, 1)).astype(np.float32)

    @cached_property
    def f1(self) -> FloatArray:
        """(D,) F1 of each detection and all better ones."""
        detections = np.arange(1, len(self.scores) + 1)
        return (2 * self._hits / (detections + self.ground_truth)).astype(np.float32)

    def best_threshold(self) -> float | None:
        """Return the score threshold with the best F1, the highest of equals; None without a true positive."""
        last = np.append(self.scores[1:] != self.scores[:-1], True)[: len(self.scores)]
        if not self.is_hit.any():
            return None
        return float(self.scores[np.where(last, self.f1, -1.0).argmax()])

    @cached_property
    def _hits(self) -> npt.NDArray[np.int64]:
        return self.is_hit.cumsum()


def precision_recall_curve(
    matched: Iterable[tuple[Detections, MatchedDetections]],
) -> PrecisionRecallCurve:
    """Rank the detections of all images together, best score first; those inside crowds are left out."""
    pairs = list(matched)
    scores = np.concatenate([np.zeros(0, np.float32), *(found.scores for found, _ in pairs)])
    verdicts = np.asarray([word for _, match in pairs for word in match.verdicts], dtype=np.str_)
    counted = np.flatnonzero(verdicts != "ignored")
    order = counted[np.argsort(-scores[counted], kind="stable")]
    return PrecisionRecallCurve(
        scores[order],
        verdicts[order] == "hit",
        verdicts[order] == "duplicate",
        sum(match.ground_truth for _, match in pairs),
    )
