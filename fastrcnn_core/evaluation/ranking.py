"""Precision, recall and F1 at every confidence at once, so that a moving threshold costs nothing.

Whether a detection is a hit depends only on those that are more confident: they took its person, or silenced it. So
detections are judged once, with a low threshold, and every higher one is a prefix of the ranking.

Shape letters: D detections of one picture or of many.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from fastrcnn_core.evaluation.hits import HitsAndMisses
from fastrcnn_core.structures import Detections, FloatArray

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Tally:
    """How many detections were right, and of how many that were to be found.

    Args:
        hits, duplicates, background: detections by verdict.
        ground_truth: how many were to be found.
    """

    hits: int
    duplicates: int
    background: int
    ground_truth: int

    @property
    def detections(self) -> int:
        return self.hits + self.duplicates + self.background

    @property
    def missed(self) -> int:
        return self.ground_truth - self.hits

    @property
    def precision(self) -> float | None:
        """Share of the detections that are hits; None if there is no detection."""
        return self.hits / self.detections if self.detections else None

    @property
    def recall(self) -> float | None:
        """Share of the ground truth that was found; None if there is none."""
        return self.hits / self.ground_truth if self.ground_truth else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None if there was nothing to find and nothing found."""
        both = self.detections + self.ground_truth
        return 2 * self.hits / both if both else None


@dataclass(frozen=True, eq=False)
class Ranking:
    """Judged detections, best score first.

    Args:
        scores: (D,) float32, falling.
        is_hit, is_duplicate: (D,) bool; neither is a background hit.
        ground_truth: how many were to be found.
    """

    scores: FloatArray
    is_hit: Flags
    is_duplicate: Flags
    ground_truth: int

    def at(self, score_threshold: float) -> Tally:
        """The count of the detections with at least this score."""
        # Compared in the scores' own precision, as `select` does.
        count = int((self.scores >= np.float32(score_threshold)).sum())
        hits, duplicates = int(self.is_hit[:count].sum()), int(self.is_duplicate[:count].sum())
        return Tally(hits, duplicates, count - hits - duplicates, self.ground_truth)

    @cached_property
    def precision(self) -> FloatArray:
        """(D,) precision if everything from this row on were left out."""
        return (self._hits / np.arange(1, len(self.scores) + 1)).astype(np.float32)

    @cached_property
    def recall(self) -> FloatArray:
        """(D,) recall likewise; 0 if nobody was to be found."""
        return (self._hits / max(self.ground_truth, 1)).astype(np.float32)

    @cached_property
    def f1(self) -> FloatArray:
        """(D,) F1 likewise."""
        detections = np.arange(1, len(self.scores) + 1)
        return (2 * self._hits / (detections + self.ground_truth)).astype(np.float32)

    def best_threshold(self) -> float | None:
        """The score of the detection after which F1 is best, the highest of equals; None if nothing is a hit."""
        last = np.append(self.scores[1:] != self.scores[:-1], True)[: len(self.scores)]
        if not self.is_hit.any():
            return None
        return float(self.scores[np.where(last, self.f1, -1.0).argmax()])

    @cached_property
    def _hits(self) -> npt.NDArray[np.int64]:
        return self.is_hit.cumsum()


def rank(judged: Iterable[tuple[Detections, HitsAndMisses]]) -> Ranking:
    """The detections of all pictures together, best score first; those that lie in crowds are left out."""
    pairs = list(judged)
    scores = np.concatenate([np.zeros(0, np.float32), *(it.scores.numpy() for it, _ in pairs)])
    verdicts = np.asarray([word for _, it in pairs for word in it.verdicts], dtype=np.str_)
    counted = np.flatnonzero(verdicts != "ignored")
    order = counted[np.argsort(-scores[counted], kind="stable")]
    return Ranking(
        scores[order],
        verdicts[order] == "hit",
        verdicts[order] == "duplicate",
        sum(it.ground_truth for _, it in pairs),
    )
