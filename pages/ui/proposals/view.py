"""State of the Proposals page: one picture, its proposals under these knobs, and their IoUs with the ground truth.

Shape letters: P proposals; N people, the ground-truth boxes that are judged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from fastrcnn_core.config import ProposalConfig
from fastrcnn_core.proposals import Funnel, best_overlap, mean_average_best_overlap, recall
from fastrcnn_core.structures import FloatArray, Image
from pages.ui.cache import searches
from pages.ui.cache.searches import TimedFunnel
from pages.ui.components import nouns
from pages.ui.state.selected_picture import Picture


@dataclass(frozen=True, eq=False)
class View:
    """One picture and its proposals.

    Args:
        picture: the visitor's.
        config: where the knobs stand.
        timed: how the proposals came about.
    """

    picture: Picture
    config: ProposalConfig
    timed: TimedFunnel

    @property
    def image(self) -> Image:
        return self.picture.image

    @property
    def search(self) -> str:
        """Key of the picture and the config; equal for equal hierarchies."""
        return f"{self.image.key} {self.config!r}"

    @property
    def funnel(self) -> Funnel:
        return self.timed.funnel

    @cached_property
    def proposals(self) -> FloatArray:
        """(P, 4), best first."""
        return self.funnel.proposals

    @cached_property
    def people(self) -> FloatArray:
        """(N, 4) ground truth that is judged; crowds are not."""
        if self.picture.annotated is None:
            return np.zeros((0, 4), np.float32)
        annotated = self.picture.annotated
        return annotated.boxes[~annotated.is_crowd]

    @cached_property
    def overlaps(self) -> FloatArray:
        """(P + 1, N) each person's best IoU with the first 0, 1, …, P proposals."""
        limits = range(len(self.proposals) + 1)
        return best_overlap(proposals=self.proposals, gt_boxes=self.people, limits=limits)

    @property
    def noun(self) -> str:
        """Noun for an annotated object of this data, "person" or "object"; "person" for an upload."""
        return nouns.singular(self.picture.classes or nouns.PEOPLE)

    def recall(self, iou: float) -> float | None:
        """Compute the recall of all proposals; None without people."""
        return recall(self.overlaps[-1], iou)

    @property
    def mabo(self) -> float | None:
        """Mean best overlap of all proposals; None without people."""
        return mean_average_best_overlap(self.overlaps[-1])

    def with_knobs(self, **knobs: object) -> View:
        """Return the view of the same picture with some knobs changed."""
        return view(self.picture, replace(self.config, **knobs))  # type: ignore[arg-type]


def view(picture: Picture, config: ProposalConfig) -> View:
    """Search the picture under this config, or take the cached proposals."""
    return View(picture, config, searches.searched(picture.image, config))
